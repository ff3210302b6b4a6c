"""The control tables: what the settings, the mapping files and the manifest say, as data for the models."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from parity_pipeline.account_access import UNASSIGNED, shared_environments
from parity_pipeline.causes import CAUSES
from parity_pipeline.completeness import completeness_table, requests_table, usage_ages_table
from parity_pipeline.landing import Manifest
from parity_pipeline.mapping_files import Links
from parity_pipeline.money import MINOR_UNITS_PER_UNIT
from parity_pipeline.near_misses import near_miss_table
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.settings import Settings
from parity_pipeline.warehouse import InputTable, input_table

_RATIO: Final = "DECIMAL(18, 6)"
_MONEY: Final = "DECIMAL(38, 12)"


def control_tables(
    settings: Settings, request: RunRequest, links: Links, manifest: Manifest | None
) -> dict[str, InputTable]:
    """All of them; without a manifest nothing was read."""
    return {
        "run": _run(settings, request),
        "accounts": _accounts(settings),
        "thresholds": _thresholds(settings),
        "currencies": _currencies(),
        **_link_tables(links),
        "waivers": _waivers(links),
        "cohorts": _cohorts(links),
        "completeness": completeness_table(settings.accounts, manifest),
        "requests": requests_table(settings.accounts, manifest),
        "usage_ages": usage_ages_table(),
        "causes": _causes(),
        "near_misses": near_miss_table(),
    }


def _run(settings: Settings, request: RunRequest) -> InputTable:
    return input_table(
        "The run: its instant, its window and the rules of its verdict.",
        {
            "run_id": ("VARCHAR", "name of the run and of its landing folder"),
            "as_of": ("TIMESTAMP", "UTC; nothing at or after it counts"),
            "parallel_run_start": ("TIMESTAMP", "UTC midnight from which both systems are compared"),
            "scope": ("VARCHAR", "usage (metered charges only) or all"),
            "required_cycles": ("INTEGER", "settled billing periods that a customer needs"),
            "settled_share": (_RATIO, "share of the customers there at the start who must have them"),
            "consecutive_go_days": ("INTEGER", "days in a row that must be GO by their own evidence"),
            "max_age_hours": ("INTEGER", "hours from as_of after which the verdict is stale"),
            "is_reconstructed": ("BOOLEAN", "whether a past day was pulled later than on its own day"),
        },
        [
            (
                request.run_id,
                _naive(request.window.as_of),
                _naive(request.window.start),
                settings.parallel_run.scope,
                settings.gate.required_cycles,
                settings.gate.settled_share,
                settings.gate.consecutive_go_days,
                settings.gate.max_age_hours,
                request.is_reconstructed,
            )
        ],
    )


def _accounts(settings: Settings) -> InputTable:
    return input_table(
        "One row per Stripe account of the run.",
        {
            "account": ("VARCHAR", "the account's name"),
            "environment": ("VARCHAR", "the Metronome environment it is compared with, as it is landed"),
            "stripe_account_id": ("VARCHAR", "the account's own id; NULL when the settings do not tell it"),
            "unlinked_account": (
                "VARCHAR",
                "the account under which the environment's Metronome customers of no account stand",
            ),
        },
        [
            (
                each.name,
                environment,
                each.stripe_account_id,
                each.name if len(sharers) == 1 else _unassigned(settings, environment),
            )
            for environment, sharers in shared_environments(settings.accounts).items()
            for each in sharers
        ],
    )


def _unassigned(settings: Settings, environment: str) -> str:
    """`unassigned`; with several shared environments each has its own, so that nothing is mixed."""
    shared = [name for name, each in shared_environments(settings.accounts).items() if len(each) > 1]
    return UNASSIGNED if len(shared) == 1 else f"{UNASSIGNED}.{environment}"


def _thresholds(settings: Settings) -> InputTable:
    in_force = [(check, settings.thresholds.of(check)) for check in CHECKS]
    return input_table(
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
    return input_table(
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
        "customer_links": _table_of(
            "One row per line of customers.csv.",
            {
                "account": ("VARCHAR", "the Stripe account"),
                "stripe_customer_id": ("VARCHAR", "Stripe's customer id"),
                "metronome_customer_id": ("VARCHAR", "Metronome's customer id"),
            },
            links.customers,
        ),
        "meter_links": _table_of(
            "One row per line of meters.csv.",
            {
                "event_name": ("VARCHAR", "event name of the Stripe meter"),
                "billable_metric_id": ("VARCHAR", "the Metronome metric that measures the same"),
                "pricing_group_values": group_values,
            },
            links.meters,
        ),
        "price_links": _table_of(
            "One row per line of prices.csv.",
            {
                "stripe_price_id": ("VARCHAR", "the Stripe price"),
                "product_id": ("VARCHAR", "the Metronome product that charges the same"),
                "pricing_group_values": group_values,
            },
            links.prices,
        ),
        "metric_starts": input_table(
            "One row per billable metric that is younger than the parallel run.",
            {
                "billable_metric_id": ("VARCHAR", "the Metronome metric"),
                "starts_on": ("DATE", "first UTC day from which it sees every event"),
            },
            list(links.metric_starts),
        ),
    }


def _waivers(links: Links) -> InputTable:
    return _table_of(
        "One row per line of the waivers file.",
        {
            "check_name": ("VARCHAR", "the check the waiver is for"),
            "customer": ("VARCHAR", "the customer it is for, by either id; empty for any"),
            "subject": ("VARCHAR", "the unit or group values it is for; empty for any"),
            "reason": ("VARCHAR", "why the difference is accepted"),
            "approved_by": ("VARCHAR", "who accepted it"),
            "expires_on": ("DATE", "last day on which it holds"),
            "max_minor_units": (_MONEY, "greatest absolute variance it accepts; NULL for any"),
            "account": ("VARCHAR", "the account it is for; empty for any"),
        },
        links.waivers,
    )


def _cohorts(links: Links) -> InputTable:
    return _table_of(
        "One row per line of a cohort's file, and per cohort that is named by Stripe metadata.",
        {
            "cohort": ("VARCHAR", "name of the cohort"),
            "stage": ("VARCHAR", "parallel, or live for customers that Metronome bills already"),
            "customer_id": ("VARCHAR", "the customer, by either id; NULL for a cohort by metadata"),
            "account": ("VARCHAR", "the customer's account; empty for any"),
            "metadata_key": ("VARCHAR", "key of the Stripe customers' metadata; NULL for a file's line"),
            "metadata_value": ("VARCHAR", "the value that its customers have there; NULL for a file's line"),
        },
        links.cohorts,
    )


def _causes() -> InputTable:
    return _table_of(
        "One row per cause that a finding can have.",
        {
            "code": ("VARCHAR", "code of the cause, as in parity.findings"),
            "meaning": ("VARCHAR", "what it says"),
            "next_step": ("VARCHAR", "where to look and what to set or send again"),
            "looks_like": ("VARCHAR", "what else can look the same, and how to tell"),
        },
        CAUSES,
    )


def _table_of(
    description: str, columns: Mapping[str, tuple[str, str]], values: Sequence[object]
) -> InputTable:
    """A table whose columns are called like the attributes of its values."""
    return input_table(
        description, columns, [tuple(getattr(each, name) for name in columns) for each in values]
    )


def _naive(instant: datetime) -> datetime:
    """An instant as DuckDB's TIMESTAMP holds it: UTC without an offset."""
    return instant.replace(tzinfo=None)
