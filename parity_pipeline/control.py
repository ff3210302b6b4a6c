"""The control tables: what the settings, the mapping files and the manifest say, as data for the models."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from parity_pipeline.landing import LandedResource, Manifest
from parity_pipeline.mapping_files import Links
from parity_pipeline.money import MINOR_UNITS_PER_UNIT
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.settings import Settings
from parity_pipeline.sources.resources import RESOURCES
from parity_pipeline.warehouse import InputTable

_RATIO: Final = "DECIMAL(18, 6)"
_MONEY: Final = "DECIMAL(38, 12)"
NOT_READ: Final = "not read"
NOT_OFFERED: Final = "not offered"


def control_tables(
    settings: Settings, request: RunRequest, links: Links, manifest: Manifest | None
) -> dict[str, InputTable]:
    """All of them; without a manifest nothing was read."""
    return {
        "run": _run(settings, request),
        "thresholds": _thresholds(settings),
        "currencies": _currencies(),
        **_link_tables(links),
        "waivers": _waivers(links),
        "cohorts": _cohorts(links),
        "completeness": _completeness(settings.account, manifest),
        "requests": _requests(manifest),
    }


def naive(instant: datetime) -> datetime:
    """An instant as DuckDB's TIMESTAMP holds it: UTC without an offset."""
    return instant.replace(tzinfo=None)


def _run(settings: Settings, request: RunRequest) -> InputTable:
    return _table(
        "The run: its instant, its window and the rules of its verdict.",
        {
            "run_id": ("VARCHAR", "name of the run and of its landing folder"),
            "as_of": ("TIMESTAMP", "UTC; nothing at or after it counts"),
            "parallel_run_start": ("TIMESTAMP", "UTC midnight from which both systems are compared"),
            "scope": ("VARCHAR", "usage (metered charges only) or all"),
            "required_cycles": ("INTEGER", "settled billing periods that a customer needs"),
            "settled_share": (_RATIO, "share of the customers there at the start who must have them"),
            "max_age_hours": ("INTEGER", "hours from as_of after which the verdict is stale"),
            "is_reconstructed": ("BOOLEAN", "whether a past day was pulled later than on its own day"),
        },
        [
            (
                request.run_id,
                naive(request.window.as_of),
                naive(request.window.start),
                settings.parallel_run.scope,
                settings.gate.required_cycles,
                settings.gate.settled_share,
                settings.gate.max_age_hours,
                request.is_reconstructed,
            )
        ],
    )


def _thresholds(settings: Settings) -> InputTable:
    in_force = [(check, settings.thresholds.of(check)) for check in CHECKS]
    return _table(
        "One row per check with the thresholds in force.",
        {
            "check_name": ("VARCHAR", "the check"),
            "variance_ratio": (_RATIO, "greatest gate ratio, and greatest ratio of a row within tolerance"),
            "warn_ratio": (_RATIO, "gate ratio above which the report warns; decides nothing"),
            "absolute_minor_units": (_MONEY, "allowance of a money row; NULL for the default rule"),
            "customer_share": (_RATIO, "share of customers that must be within"),
            "settling_hours": ("INTEGER", "hours after the end of a period until it is settled"),
        },
        [
            (
                check,
                each.variance_ratio,
                each.warn_ratio,
                each.absolute_minor_units,
                each.customer_share,
                each.settling_hours,
            )
            for check, each in in_force
        ],
    )


def _currencies() -> InputTable:
    return _table(
        "One row per currency.",
        {
            "currency": ("VARCHAR", "lower-case ISO code"),
            "minor_units_per_unit": (_RATIO, "100 cents, 1 yen, 1000 fils"),
        },
        list(MINOR_UNITS_PER_UNIT.items()),
    )


def _link_tables(links: Links) -> dict[str, InputTable]:
    group_values = ("VARCHAR", "JSON text with sorted keys; {} for all")
    return {
        "customer_links": _table(
            "One row per line of customers.csv.",
            {
                "account": ("VARCHAR", "the Stripe account"),
                "stripe_customer_id": ("VARCHAR", "Stripe's customer id"),
                "metronome_customer_id": ("VARCHAR", "Metronome's customer id"),
            },
            [(each.account, each.stripe_customer_id, each.metronome_customer_id) for each in links.customers],
        ),
        "meter_links": _table(
            "One row per line of meters.csv.",
            {
                "event_name": ("VARCHAR", "event name of the Stripe meter"),
                "billable_metric_id": ("VARCHAR", "the Metronome metric that measures the same"),
                "pricing_group_values": group_values,
            },
            [(each.event_name, each.billable_metric_id, each.pricing_group_values) for each in links.meters],
        ),
        "price_links": _table(
            "One row per line of prices.csv.",
            {
                "stripe_price_id": ("VARCHAR", "the Stripe price"),
                "product_id": ("VARCHAR", "the Metronome product that charges the same"),
                "pricing_group_values": group_values,
            },
            [(each.stripe_price_id, each.product_id, each.pricing_group_values) for each in links.prices],
        ),
        "metric_starts": _table(
            "One row per billable metric that is younger than the parallel run.",
            {
                "billable_metric_id": ("VARCHAR", "the Metronome metric"),
                "starts_on": ("DATE", "first UTC day from which it sees every event"),
            },
            list(links.metric_starts),
        ),
    }


def _waivers(links: Links) -> InputTable:
    return _table(
        "One row per line of the waivers file.",
        {
            "check_name": ("VARCHAR", "the check the waiver is for"),
            "customer": ("VARCHAR", "the customer it is for, by either id; empty for any"),
            "subject": ("VARCHAR", "the unit or group values it is for; empty for any"),
            "reason": ("VARCHAR", "why the difference is accepted"),
            "approved_by": ("VARCHAR", "who accepted it"),
            "expires_on": ("DATE", "last day on which it holds"),
            "max_minor_units": (_MONEY, "greatest absolute variance it accepts; NULL for any"),
        },
        [
            (
                each.check_name,
                each.customer,
                each.subject,
                each.reason,
                each.approved_by,
                each.expires_on,
                each.max_minor_units,
            )
            for each in links.waivers
        ],
    )


def _cohorts(links: Links) -> InputTable:
    return _table(
        "One row per customer of a cohort.",
        {
            "cohort": ("VARCHAR", "name of the cohort"),
            "stage": ("VARCHAR", "parallel, or live for customers that Metronome bills already"),
            "customer_id": ("VARCHAR", "the customer, by either id"),
        },
        list(links.cohorts),
    )


def _completeness(account: str, manifest: Manifest | None) -> InputTable:
    landed = {(each.source, each.resource): each for each in manifest.resources} if manifest else {}
    return _table(
        "One row per resource that a run reads, with how far it got.",
        {
            "account": ("VARCHAR", "the Stripe account"),
            "source": ("VARCHAR", "stripe or metronome"),
            "resource": ("VARCHAR", "what was listed"),
            "requests": ("BIGINT", "requests that brought it"),
            "pages": ("BIGINT", "pages that were read"),
            "rows": ("BIGINT", "records that were landed"),
            "watermark": (
                "TIMESTAMP",
                "UTC instant up to which it was asked for; NULL when not read in full",
            ),
            "is_required": ("BOOLEAN", "whether the vendor must offer it"),
            "complete": ("BOOLEAN", "whether it was read to its end"),
            "note": ("VARCHAR", "what is special about it"),
        },
        [
            _completeness_row(
                account,
                (each.source, each.name),
                landed.get((each.source, each.name)),
                is_required=each.required,
            )
            for each in RESOURCES
        ],
    )


def _completeness_row(
    account: str, key: tuple[str, str], landed: LandedResource | None, *, is_required: bool
) -> tuple[object, ...]:
    if landed is None:
        return (account, *key, 0, 0, 0, None, is_required, False, NOT_READ)
    watermark = naive(landed.watermark) if landed.watermark else None
    return (
        landed.account,
        *key,
        landed.requests,
        landed.pages,
        landed.rows,
        watermark,
        is_required,
        landed.complete,
        landed.note,
    )


def _requests(manifest: Manifest | None) -> InputTable:
    return _table(
        "One row per endpoint with what it cost to ask it.",
        {
            "source": ("VARCHAR", "stripe or metronome"),
            "endpoint": ("VARCHAR", "path of the endpoint, ids replaced"),
            "requests": ("BIGINT", "requests, repeated ones included"),
            "retries": ("BIGINT", "requests that repeated another"),
            "throttled": ("BIGINT", "answers with status 429"),
            "bytes": ("BIGINT", "bytes of the answers"),
            "waited_seconds": (_RATIO, "seconds spent waiting for a slot or before a retry"),
        },
        [
            (
                each.source,
                each.endpoint,
                each.requests,
                each.retries,
                each.throttled,
                each.bytes,
                each.waited_seconds,
            )
            for each in (manifest.requests if manifest else ())
        ],
    )


def _table(
    description: str, columns: Mapping[str, tuple[str, str]], rows: Sequence[tuple[object, ...]]
) -> InputTable:
    return InputTable(
        description=description,
        columns={name: kind for name, (kind, _) in columns.items()},
        rows=rows,
        comments={name: comment for name, (_, comment) in columns.items()},
    )
