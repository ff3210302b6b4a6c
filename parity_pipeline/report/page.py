"""What the page shows beyond the result: charts' figures, settings, mappings; read from the run's tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from parity_pipeline import paths, warehouse
from parity_pipeline.money import MINOR_UNITS_PER_UNIT
from parity_pipeline.report.page_customers import WorstCustomerDetail, read_worst_customers
from parity_pipeline.report.page_grids import (
    Grid,
    count_waived_customers,
    customers_grid,
    findings_grid,
)
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.warehouse import Connection

MOST_METERS: Final = 50
_STEPS: Final = tuple(map(Decimal, ("0.1", "0.5", "1", "2", "5", "10")))
"""Edges of the distribution, in thresholds: the gate is an edge, never inside a bar."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Effect:
    """What one effect adds to Metronome's total: what it raises, what it lowers, and both together."""

    name: str
    raised: Decimal
    lowered: Decimal

    @property
    def net(self) -> Decimal:
        """What is left of it in the total."""
        return self.raised + self.lowered

    @property
    def gross(self) -> Decimal:
        """What it moves, either way."""
        return self.raised - self.lowered


@dataclass(frozen=True)
class Waterfall:
    """From Stripe's total to Metronome's over settled periods of one account and currency, in minor units."""

    account: str
    currency: str
    stripe: Decimal
    metronome: Decimal
    effects: tuple[Effect, ...]
    waived: Decimal = Decimal(0)
    """The part of the difference that waivers accept; it is in the effects as well."""

    @property
    def minor_units(self) -> int:
        """Minor units of one unit of the currency."""
        return MINOR_UNITS_PER_UNIT.get(self.currency, 100)

    @property
    def difference(self) -> Decimal:
        """Metronome's total less Stripe's."""
        return self.metronome - self.stripe

    @property
    def ratio(self) -> Decimal:
        """The difference beside the greater total."""
        return _ratio(self.stripe, self.metronome)


@dataclass(frozen=True)
class Distribution:
    """How many customers, by currency, lie between which edges; ratios of what both sides billed."""

    threshold: Decimal
    edges: tuple[Decimal, ...]
    counts: tuple[int, ...]

    @property
    def gate_places(self) -> tuple[int, int]:
        """Where the gate stands, counted in bars from the left."""
        return self.edges.index(-self.threshold) + 1, self.edges.index(self.threshold) + 1

    def is_within(self, place: int) -> bool:
        """Whether a bar lies inside the gate."""
        left, right = self.gate_places
        return left <= place < right


@dataclass(frozen=True)
class Threshold:
    """The thresholds in force for one check."""

    check_name: str
    variance_ratio: Decimal
    warn_ratio: Decimal
    absolute_minor_units: Decimal | None
    customer_share: Decimal
    settling_hours: int


@dataclass(frozen=True)
class MappingCount:
    """How many of one kind of link there are: customers or meters, from which source, with which result."""

    kind: str
    link_source: str
    status: str
    count: int


@dataclass(frozen=True)
class MeterLink:
    """A Stripe meter and the billable metric, or the part of one, that is compared with it."""

    account: str
    meter: str
    formula: str
    billable_metric_id: str
    pricing_group_values: str
    link_source: str
    status: str


@dataclass(frozen=True)
class Page:
    """Everything that the page shows beside the result."""

    waterfalls: tuple[Waterfall, ...]
    distribution: Distribution | None
    worst: tuple[WorstCustomerDetail, ...]
    customers: Grid
    findings: Grid
    thresholds: tuple[Threshold, ...]
    mappings: tuple[MappingCount, ...]
    meters: tuple[MeterLink, ...]
    waived_customers: int
    """Customers with a row whose difference a waiver accepts."""
    gate: Row
    """The one row of control.run."""


def collect_page(connection: Connection) -> Page:
    """Read it from the tables of a run."""
    thresholds = tuple(
        Threshold(**{name: row[name] for name in Threshold.__dataclass_fields__})
        for row in _rows(connection, "select * from control.thresholds")
    )
    thresholds = tuple(sorted(thresholds, key=lambda each: CHECKS.index(each.check_name)))
    (gate,) = _rows(connection, "select * from control.run")
    return Page(
        waterfalls=_waterfalls(connection),
        distribution=_distribution(connection, thresholds),
        worst=read_worst_customers(connection),
        customers=customers_grid(connection),
        findings=findings_grid(connection),
        thresholds=thresholds,
        mappings=_mappings(connection),
        meters=_meters(connection),
        waived_customers=count_waived_customers(connection),
        gate=gate,
    )


def distribution(ratios: Sequence[Decimal], threshold: Decimal) -> Distribution:
    """Sort ratios into bars; one that lies on the gate is inside it."""
    edges = (*(-step * threshold for step in reversed(_STEPS)), *(step * threshold for step in _STEPS))
    counts = [0] * (len(edges) + 1)
    for ratio in ratios:
        counts[sum(edge < ratio if edge > 0 else edge <= ratio for edge in edges)] += 1
    return Distribution(threshold, edges, tuple(counts))


def _waterfalls(connection: Connection) -> tuple[Waterfall, ...]:
    """The saved question `waterfall`, one value for each account and currency."""
    sql = (paths.sql_folder() / "queries" / "waterfall.sql").read_text(encoding="utf-8")
    found: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(connection, sql):
        found.setdefault((row["account"], row["currency"]), []).append(row)
    waived = {
        (row["account"], row["currency"]): row["variance"]
        for row in _rows(
            connection,
            "select account, currency, sum(variance) as variance from parity.invoice_totals "
            "where status = 'waived' group by account, currency",
        )
    }
    return tuple(
        Waterfall(
            account=account,
            currency=currency,
            stripe=steps[0]["minor_units"],
            metronome=steps[-1]["minor_units"],
            effects=tuple(
                Effect(step["name"], step["raised_minor_units"], step["lowered_minor_units"])
                for step in steps[1:-1]
            ),
            waived=waived.get((account, currency), Decimal(0)),
        )
        for (account, currency), steps in found.items()
    )


def _distribution(connection: Connection, thresholds: Sequence[Threshold]) -> Distribution | None:
    threshold = next(
        (each.variance_ratio for each in thresholds if each.check_name == "invoice_totals"), Decimal(0)
    )
    sums = _rows(
        connection,
        "select sum(coalesce(expected_value, 0)) as expected, sum(coalesce(actual_value, 0)) as actual "
        "from parity.invoice_totals where status not in ('pending', 'waived') "
        "group by account, stripe_customer_id, metronome_customer_id, currency",
    )
    if not sums or threshold == 0:
        return None
    return distribution([_ratio(row["expected"], row["actual"]) for row in sums], threshold)


def _ratio(expected: Decimal, actual: Decimal) -> Decimal:
    greater = max(abs(expected), abs(actual))
    return (actual - expected) / greater if greater else Decimal(0)


def _mappings(connection: Connection) -> tuple[MappingCount, ...]:
    rows = _rows(
        connection,
        "select 'customers' as kind, coalesce(link_source, 'none') as link_source, status, count(*) as count "
        "from control.customer_map group by link_source, status union all "
        "select 'meters', coalesce(link_source, 'none'), status, count(*) from control.meter_map "
        "group by link_source, status order by kind, count desc, link_source, status",
    )
    return tuple(MappingCount(row["kind"], row["link_source"], row["status"], row["count"]) for row in rows)


def _meters(connection: Connection) -> tuple[MeterLink, ...]:
    rows = _rows(
        connection,
        "select account, meter, formula, coalesce(billable_metric_id, '') as billable_metric_id, "
        "pricing_group_values, coalesce(link_source, 'none') as link_source, status from control.meter_map "
        "order by status = 'linked', account, meter, billable_metric_id",
    )
    names = MeterLink.__dataclass_fields__
    return tuple(MeterLink(**{name: row[name] for name in names}) for row in rows[:MOST_METERS])


def _rows(connection: Connection, sql: str) -> Sequence[Row]:
    return warehouse.rows(connection, sql)
