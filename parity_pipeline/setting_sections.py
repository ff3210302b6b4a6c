"""The sections of parity.toml: which keys there are, their defaults and what values they take.

Where the values come from, and the line told about a bad one, is settings.py's.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

CHECKS: Final = (
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
)
"""The six checks, in the order in which they are shown."""

# The SQL multiplies ratios exactly, as DECIMAL(18, 6).
Ratio = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=6)]
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=6)]
MinorUnits = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=6)]
PerSecond = Annotated[float, Field(gt=0, le=10_000)]
AtOnce = Annotated[int, Field(ge=1, le=200)]
Hours = Annotated[int, Field(ge=0, le=10_000)]
HourOfDay = Annotated[int, Field(ge=0, le=23)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ParallelRun(_Section):
    """Since when both systems run, and what is compared."""

    start: date | None = None
    scope: Literal["usage", "all"] = "usage"


class Account(_Section):
    """One Stripe entity: the names of the variables that hold its keys."""

    stripe_api_key_env: str = "STRIPE_API_KEY"
    stripe_api_base_env: str = "STRIPE_API_BASE"
    metronome_bearer_token_env: str = "METRONOME_BEARER_TOKEN"  # noqa: S105  # a name, no secret
    metronome_base_url_env: str = "METRONOME_BASE_URL"
    metronome_environment: str | None = None
    stripe_context: str | None = None
    stripe_account_id: str | None = None


class CheckThresholds(_Section):
    """What one check has otherwise than the rest."""

    variance_ratio: Ratio | None = None
    warn_ratio: Ratio | None = None
    absolute_minor_units: MinorUnits | None = None
    customer_share: Share | None = None
    settling_hours: Hours | None = None


class Thresholds(_Section):
    """How much may differ."""

    variance_ratio: Ratio = Decimal("0.01")
    warn_ratio: Ratio = Decimal("0.005")
    absolute_minor_units: MinorUnits | None = None
    customer_share: Share = Decimal("0.99")
    settling_hours: Hours = 24
    invoice_totals: CheckThresholds = CheckThresholds()
    line_item_quantities: CheckThresholds = CheckThresholds()
    credit_drawdowns: CheckThresholds = CheckThresholds()
    contract_coverage: CheckThresholds = CheckThresholds()
    event_ingestion: CheckThresholds = CheckThresholds()
    group_key_coverage: CheckThresholds = CheckThresholds()

    def of(self, check: str) -> "Thresholds":
        """The thresholds in force for one check."""
        own: CheckThresholds = getattr(self, check)
        changes = {key: value for key, value in own.model_dump().items() if value is not None}
        return self.model_copy(update=changes)


class MappingFiles(_Section):
    """The CSV files that say what corresponds to what."""

    customers: Path | None = None
    meters: Path | None = None
    prices: Path | None = None
    metric_starts: dict[str, date] | Path = Field(default_factory=dict)

    @field_validator("metric_starts", mode="before")
    @classmethod
    def _is_table_or_file(cls, value: object) -> object:
        if not isinstance(value, dict | str | Path):
            raise ValueError("write a table of billable metric id = date, or the name of a CSV file")
        return value


class Gate(_Section):
    """When there is enough evidence, and for how long a verdict holds."""

    required_cycles: Annotated[int, Field(ge=1, le=120)] = 1
    settled_share: Share = Decimal("0.8")
    consecutive_go_days: Annotated[int, Field(ge=1, le=1000)] = 1
    max_age_hours: Annotated[int, Field(ge=1, le=10_000)] = 36


class LimitsSection(_Section):
    """How fast, how long and how much the vendors are asked, and what Stripe allows a month."""

    stripe_per_second: PerSecond | None = None
    stripe_per_endpoint: PerSecond | None = None
    stripe_concurrent: AtOnce | None = None
    metronome_per_second: PerSecond | None = None
    metronome_per_endpoint: PerSecond | None = None
    metronome_concurrent: AtOnce | None = None
    patience_seconds: Annotated[int, Field(ge=1, le=3600)] = 120
    stripe_monthly_reads: Annotated[int, Field(ge=1)] = 10_000
    # Half of them are for customers that were not in parity, and one must be left for the others.
    summaries_per_run: Annotated[int, Field(ge=2)] | None = None


class Retention(_Section):
    """How long landings are kept."""

    landing_days: Annotated[int, Field(ge=1, le=10_000)] = 90
    newest_runs: Annotated[int, Field(ge=1, le=10_000)] = 7


class MetadataFilter(_Section):
    """Customers whose Stripe metadata has this value."""

    # A model looks the key up by a JSON path, in which these characters mean something else.
    key: Annotated[str, Field(min_length=1, max_length=40, pattern=r'^[^"\\*]+$')]
    value: Annotated[str, Field(min_length=1, max_length=500)]


class Cohort(_Section):
    """A named group of customers; `live` for those that Metronome bills already."""

    customers: Path | None = None
    stripe_metadata: MetadataFilter | None = None
    stage: Literal["parallel", "live"] = "parallel"

    @model_validator(mode="after")
    def _names_its_customers(self) -> "Cohort":
        if (self.customers is None) == (self.stripe_metadata is None):
            raise ValueError("give either `customers` or `stripe_metadata`")
        return self


class Schedule(_Section):
    """When Dagster starts the daily run: the hour of a day of that time zone."""

    hour: HourOfDay = 2
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("write a time zone as the IANA database names it, such as Europe/Berlin")
        return value


class Compute(_Section):
    """How much of the machine the comparison may take."""

    # As DuckDB takes it: a share of the machine's memory, or an amount.
    memory_limit: Annotated[str, Field(pattern=r"^([1-9]\d?%|100%|[1-9]\d{0,6} ?(MB|GB|MiB|GiB))$")] = "50%"


class Waivers(_Section):
    """Where the accepted differences are."""

    file: Path | None = None


class Notify(_Section):
    """Whom to tell of which runs; the addresses are Apprise's and hold passwords."""

    urls: tuple[SecretStr, ...] = ()
    when: Literal["every_run", "change", "no_go"] = "every_run"
    attach_report: bool = False
    report_link: str | None = None
