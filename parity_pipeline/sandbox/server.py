"""The sandbox as two HTTP servers on this machine, with the configuration that a run against it needs."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.disruptions import Disrupted, Disruption
from parity_pipeline.sandbox.facts import Charge
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.billing import pushed_invoices
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.stripe_side.prices import metered_prices
from parity_pipeline.sandbox.world import World

STRIPE_KEY = "rk_test_sandbox"
METRONOME_TOKEN = "sandbox-token"  # noqa: S105  # opens the sandbox only


@dataclass(frozen=True)
class RunningSandbox:
    """Where the servers listen and how to get in. `stripe_urls` has one server for each Stripe account."""

    stripe_urls: Mapping[str, str]
    metronome_url: str
    stripe_key: str
    metronome_token: str
    config_path: Path
    as_of: datetime

    @property
    def stripe_url(self) -> str:
        """The first account's server."""
        return next(iter(self.stripe_urls.values()))

    def variables(self) -> dict[str, str]:
        """The environment of a run against this sandbox."""
        found = {"METRONOME_BEARER_TOKEN": self.metronome_token, "METRONOME_BASE_URL": self.metronome_url}
        for account, url in self.stripe_urls.items():
            names = _variable_names(account)
            found |= {names["stripe_api_key_env"]: self.stripe_key, names["stripe_api_base_env"]: url}
        return {**found, "PARITY_CONFIG": str(self.config_path)}


@contextmanager
def running_sandbox(
    world: World,
    *,
    folder: Path,
    stripe_port: int = 0,
    metronome_port: int = 0,
    disruptions: Sequence[Disruption] = (),
    requests_per_second: int | None = None,
) -> Iterator[RunningSandbox]:
    """Serve the pretend APIs until the block ends; `folder` gets the configuration.

    Several Stripe accounts are served on ports in a row, beginning with `stripe_port` (0: on free ones). More
    requests in a second than are allowed are answered with 429.
    """
    config_path = write_configuration(world, folder)
    pushed = pushed_invoices(world) if world.metronome_quirks.pushed_invoices else []
    accounts = world.company.accounts
    with config_path.open("a", encoding="utf-8") as file:
        file.writelines(_account_lines(accounts))
    stripes = [
        stripe_app(
            world,
            api_key=STRIPE_KEY,
            pushed=pushed,
            account=account if len(accounts) > 1 else None,
            requests_per_second=requests_per_second,
        )
        for account in accounts
    ]
    metronome = metronome_app(world, token=METRONOME_TOKEN, requests_per_second=requests_per_second)
    apps = [
        (Disrupted(stripe, disruptions), stripe_port + number if stripe_port else 0)
        for number, stripe in enumerate(stripes)
    ]
    with served_together(*apps, (Disrupted(metronome, disruptions), metronome_port)) as urls:
        yield RunningSandbox(
            stripe_urls=dict(zip(accounts, urls, strict=False)),
            metronome_url=urls[-1],
            stripe_key=STRIPE_KEY,
            metronome_token=METRONOME_TOKEN,
            config_path=config_path,
            as_of=world.now,
        )


def _variable_names(account: str) -> dict[str, str]:
    """The settings that name an account's variables, and the names."""
    suffix = "" if account == "default" else f"_{account.upper()}"
    return {
        "stripe_api_key_env": f"STRIPE_API_KEY{suffix}",
        "stripe_api_base_env": f"STRIPE_API_BASE{suffix}",
    }


def _account_lines(accounts: Sequence[str]) -> Iterator[str]:
    """The accounts' sections of parity.toml; a single account needs none."""
    for account in accounts if len(accounts) > 1 else ():
        yield f"\n[accounts.{account}]\n"
        settings = {**_variable_names(account), "stripe_account_id": ids.stripe_account(account)}
        yield from (f'{key} = "{value}"\n' for key, value in settings.items())


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
    """Rows for a price that the default link does not find.

    That is one value of a shared product, one of several products on a metric, or one whose flat fee is a
    product of its own.
    """
    charges = world.company.charges.values()
    has_flat_fee = any(tier.flat_fee for tiers in charge.tiers.values() for tier in tiers)
    has_neighbour = charge.beside is not None or any(each.beside == charge.key for each in charges)
    if not (charge.dimension or has_flat_fee or has_neighbour):
        return []
    prices = {
        price.price_id
        for customer in world.company.customers.values()
        if charge.key in customer.charges
        for price in metered_prices(charge, customer)
    }
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
