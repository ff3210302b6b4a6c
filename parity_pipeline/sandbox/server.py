"""The sandbox as two HTTP servers on this machine, with the configuration that a run against it needs."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.company import Charge
from parity_pipeline.sandbox.disruptions import Disrupted, Disruption
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.billing import pushed_invoices
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.stripe_side.prices import metered_price
from parity_pipeline.sandbox.world import World

STRIPE_KEY = "rk_test_sandbox"
METRONOME_TOKEN = "sandbox-token"  # noqa: S105  # opens the sandbox only


@dataclass(frozen=True)
class RunningSandbox:
    """Where the two servers listen and how to get in."""

    stripe_url: str
    metronome_url: str
    stripe_key: str
    metronome_token: str
    config_path: Path
    as_of: datetime

    def variables(self) -> dict[str, str]:
        """The environment of a run against this sandbox."""
        return {
            "STRIPE_API_KEY": self.stripe_key,
            "STRIPE_API_BASE": self.stripe_url,
            "METRONOME_BEARER_TOKEN": self.metronome_token,
            "METRONOME_BASE_URL": self.metronome_url,
            "PARITY_CONFIG": str(self.config_path),
        }


@contextmanager
def running_sandbox(
    world: World,
    *,
    folder: Path,
    stripe_port: int = 0,
    metronome_port: int = 0,
    disruptions: Sequence[Disruption] = (),
) -> Iterator[RunningSandbox]:
    """Serve both pretend APIs until the block ends; `folder` gets the configuration."""
    config_path = write_configuration(world, folder)
    pushed = pushed_invoices(world) if world.metronome_quirks.pushed_invoices else []
    stripe = stripe_app(world, api_key=STRIPE_KEY, pushed=pushed)
    metronome = metronome_app(world, token=METRONOME_TOKEN)
    with served_together(
        (Disrupted(stripe, disruptions), stripe_port), (Disrupted(metronome, disruptions), metronome_port)
    ) as (stripe_url, metronome_url):
        yield RunningSandbox(
            stripe_url=stripe_url,
            metronome_url=metronome_url,
            stripe_key=STRIPE_KEY,
            metronome_token=METRONOME_TOKEN,
            config_path=config_path,
            as_of=world.company.as_of,
        )


def write_configuration(world: World, folder: Path) -> Path:
    """Write parity.toml and the mapping files that the default links do not cover."""
    folder.mkdir(parents=True, exist_ok=True)
    charges = world.company.charges.values()
    meters = [
        (ids.stripe_event_name(each), ids.metronome_metric(each), _group_values(each))
        for each in charges
        if each.dimension
    ]
    _write_csv(folder / "meters.csv", ("event_name", "billable_metric_id", "pricing_group_values"), meters)
    _write_csv(
        folder / "prices.csv",
        ("stripe_price_id", "product_id", "pricing_group_values"),
        [row for charge in charges for row in _price_rows(world, charge)],
    )
    config_path = folder / "parity.toml"
    start = world.company.parallel_start.date().isoformat()
    lines = (
        "[parallel_run]",
        f"start = {start}",
        "",
        "[mapping]",
        'meters = "meters.csv"',
        'prices = "prices.csv"',
    )
    config_path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return config_path


def _price_rows(world: World, charge: Charge) -> list[tuple[str, str, str]]:
    """Rows for a price that is one value of a shared product, or whose flat fee is a product of its own."""
    has_flat_fee = any(tier.flat_fee for tiers in charge.tiers.values() for tier in tiers)
    if not charge.dimension and not has_flat_fee:
        return []
    customers = world.company.customers.values()
    prices = {metered_price(charge, each).price_id for each in customers if charge.key in each.charges}
    products = [ids.metronome_product(charge)]
    if has_flat_fee:
        products.append(ids.metronome_flat_fee_product(charge))
    return [(price, product, _group_values(charge)) for price in sorted(prices) for product in products]


def _group_values(charge: Charge) -> str:
    return json.dumps({charge.dimension: charge.dimension_value}) if charge.dimension else ""


def _write_csv(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
