"""The CSV files that the settings name: links, waivers and cohorts, checked line by line.

A mistake is one line that names the file, the line and the column.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import msgspec

from parity_pipeline.account_access import AccountAccess
from parity_pipeline.errors import UsageError
from parity_pipeline.setting_sections import CHECKS, Cohort
from parity_pipeline.settings import Settings

_MOST_ROWS: Final = 5_000_000
_LEAST_TOO_GREAT: Final = Decimal("1e24")  # the tables hold DECIMAL(38, 12)
_PLACES: Final = 12
_CUSTOMER_COLUMNS: Final = ("stripe_customer_id", "customer_id", "customer")
"""What the column of a cohort's file may be called, by either vendor's id."""


@dataclass(frozen=True)
class CustomerLink:
    """A line of customers.csv."""

    account: str
    stripe_customer_id: str
    metronome_customer_id: str


@dataclass(frozen=True)
class MeterRow:
    """A line of meters.csv; the group values are JSON text with sorted keys, `{}` for all."""

    event_name: str
    billable_metric_id: str
    pricing_group_values: str


@dataclass(frozen=True)
class PriceLink:
    """A line of prices.csv."""

    stripe_price_id: str
    product_id: str
    pricing_group_values: str


@dataclass(frozen=True)
class Waiver:
    """A line of the waivers file; an empty customer, subject or account means any."""

    check_name: str
    customer: str
    subject: str
    reason: str
    approved_by: str
    expires_on: date
    max_minor_units: Decimal | None
    account: str = ""


@dataclass(frozen=True)
class CohortMember:
    """A line of a cohort's file, or a cohort's filter of Stripe metadata; an empty account means any."""

    cohort: str
    stage: str
    customer_id: str | None
    account: str = ""
    metadata_key: str | None = None
    metadata_value: str | None = None


@dataclass(frozen=True)
class Links:
    """Everything the files say."""

    customers: tuple[CustomerLink, ...] = ()
    meters: tuple[MeterRow, ...] = ()
    prices: tuple[PriceLink, ...] = ()
    metric_starts: tuple[tuple[str, date], ...] = ()
    waivers: tuple[Waiver, ...] = ()
    cohorts: tuple[CohortMember, ...] = ()


def read_links(settings: Settings) -> Links:
    """Read every file the settings name; raise UsageError at the first mistake."""
    folder, mapping, accounts = settings.config_folder, settings.mapping, settings.accounts
    return Links(
        customers=_customers(_path(folder, mapping.customers), accounts),
        meters=_meters(_path(folder, mapping.meters), accounts),
        prices=_prices(_path(folder, mapping.prices)),
        metric_starts=_metric_starts(folder, mapping.metric_starts),
        waivers=_waivers(_path(folder, settings.waivers.file), accounts),
        cohorts=tuple(
            member
            for name, cohort in settings.cohorts.items()
            for member in _cohort(name, cohort, folder, accounts)
        ),
    )


@dataclass(frozen=True)
class _Line:
    """One line of a file, with what a message about it needs."""

    path: Path
    number: int
    cells: dict[str, str]

    def text(self, column: str, *, optional: bool = False) -> str:
        """A column that the file has; empty is a mistake unless it is optional."""
        value = self.cells[column].strip()
        if not value and not optional:
            raise self.mistake(column, "is empty")
        return value

    def account(self, accounts: Sequence[AccountAccess]) -> str:
        """The column account, where the file has it: a known one, or empty."""
        value = self.cells.get("account", "").strip()
        known = [each.name for each in accounts]
        if value and value not in known:
            only = f"the only account here is {known[0]}" if len(known) == 1 else _one_of(known)
            raise self.mistake("account", f"is {value}; {only}")
        return value

    def group_values(self) -> str:
        """The column pricing_group_values as JSON text with sorted keys; absent or empty is `{}`."""
        column = "pricing_group_values"
        text = self.cells.get(column, "").strip() or "{}"
        try:
            values = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise self.mistake(column, f"is no valid JSON ({error})") from error
        if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
            raise self.mistake(column, 'must be a JSON object of texts such as {"region": "eu"}')
        return msgspec.json.encode(values, order="sorted").decode()  # as the landing writes them

    def day(self, column: str) -> date:
        """A date as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text(column))
        except ValueError as error:
            raise self.mistake(column, "must be a date such as 2026-01-31") from error

    def amount(self, column: str) -> Decimal | None:
        """An amount, or None when empty."""
        text = self.text(column, optional=True)
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise self.mistake(column, "must be a number") from error
        if not amount.is_finite() or not 0 <= amount < _LEAST_TOO_GREAT:
            raise self.mistake(column, "must be a number of at least 0, and below 10^24")
        if amount != round(amount, _PLACES):
            raise self.mistake(column, f"must have at most {_PLACES} decimals")
        return amount

    def mistake(self, column: str, what: str) -> UsageError:
        """The error for one cell of this line."""
        return UsageError(f"{self.path} line {self.number}, column {column}: {what}.")


def _path(folder: Path, name: Path | None) -> Path | None:
    return folder / name if name is not None else None


def _lines(
    path: Path | None, *, columns: tuple[str, ...] = (), one_of: tuple[str, ...] = ()
) -> Iterator[_Line]:
    """The lines of a file that has all of these columns, and one of those."""
    if path is None:
        return
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            missing = [column for column in columns if column not in header]
            if one_of and not set(one_of) & set(header):
                missing.append(one_of[0])
            if missing:
                raise UsageError(f"{path} line 1 has no column {missing[0]}.")
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(header):
                    raise UsageError(
                        f"{path} line {reader.line_num} has {len(cells)} cells, the header has {len(header)}."
                    )
                if reader.line_num > _MOST_ROWS:
                    raise UsageError(f"{path} has more than {_MOST_ROWS} lines.")
                yield _Line(path, reader.line_num, dict(zip(header, cells, strict=True)))
    except OSError as error:
        raise UsageError(f"{path}, named in the configuration, cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}, named in the configuration, cannot be read: {error}.") from error


def _customers(path: Path | None, accounts: Sequence[AccountAccess]) -> tuple[CustomerLink, ...]:
    environments = {each.name: each.environment for each in accounts}
    found: dict[tuple[str, str], CustomerLink] = {}
    for line in _lines(path, columns=("stripe_customer_id", "metronome_customer_id")):
        account = line.account(accounts)
        if not account and len(accounts) > 1:
            raise line.mistake("account", f"is empty; {_one_of(list(environments))}")
        link = CustomerLink(
            account=account or accounts[0].name,
            stripe_customer_id=line.text("stripe_customer_id"),
            metronome_customer_id=line.text("metronome_customer_id"),
        )
        key = (environments[link.account], link.metronome_customer_id)
        if key in found:
            raise line.mistake("metronome_customer_id", "is linked on an earlier line already")
        found[key] = link
    return tuple(found.values())


def _one_of(accounts: Sequence[str]) -> str:
    return f"the accounts are {', '.join(accounts)}"


def _meters(path: Path | None, accounts: Sequence[AccountAccess]) -> tuple[MeterRow, ...]:
    # Every environment has metrics of its own, so a meter may be named once for each.
    most = len({each.environment for each in accounts})
    found: dict[tuple[str, str], MeterRow] = {}
    for line in _lines(path, columns=("event_name", "billable_metric_id")):
        row = MeterRow(line.text("event_name"), line.text("billable_metric_id"), line.group_values())
        key = (row.event_name, row.billable_metric_id)
        if key in found or sum(name == row.event_name for name, _ in found) >= most:
            raise line.mistake("event_name", "is linked on an earlier line already")
        found[key] = row
    return tuple(found.values())


def _prices(path: Path | None) -> tuple[PriceLink, ...]:
    found: dict[PriceLink, None] = {}
    for line in _lines(path, columns=("stripe_price_id", "product_id")):
        row = PriceLink(line.text("stripe_price_id"), line.text("product_id"), line.group_values())
        if row in found:
            raise line.mistake("stripe_price_id", "says the same as an earlier line")
        found[row] = None
    return tuple(found)


def _metric_starts(folder: Path, given: dict[str, date] | Path) -> tuple[tuple[str, date], ...]:
    if isinstance(given, dict):
        return tuple(given.items())
    lines = _lines(folder / given, columns=("billable_metric_id", "starts_on"))
    return tuple((line.text("billable_metric_id"), line.day("starts_on")) for line in lines)


def _cohort(
    name: str, cohort: Cohort, folder: Path, accounts: Sequence[AccountAccess]
) -> Iterator[CohortMember]:
    marked = cohort.stripe_metadata
    if marked is not None:
        yield CohortMember(name, cohort.stage, None, metadata_key=marked.key, metadata_value=marked.value)
    for line in _lines(_path(folder, cohort.customers), one_of=_CUSTOMER_COLUMNS):
        customer_id = line.text(next(each for each in _CUSTOMER_COLUMNS if each in line.cells))
        yield CohortMember(name, cohort.stage, customer_id, line.account(accounts))


def _waivers(path: Path | None, accounts: Sequence[AccountAccess]) -> tuple[Waiver, ...]:
    columns = ("check", "customer", "subject", "reason", "approved_by", "expires_on", "max_minor_units")
    return tuple(_waiver(line, line.account(accounts)) for line in _lines(path, columns=columns))


def _waiver(line: _Line, account: str) -> Waiver:
    check = line.text("check")
    if check not in CHECKS:
        raise line.mistake("check", f"is {check}; the checks are {', '.join(CHECKS)}")
    return Waiver(
        check_name=check,
        customer=line.text("customer", optional=True),
        subject=line.text("subject", optional=True),
        reason=line.text("reason"),
        approved_by=line.text("approved_by"),
        expires_on=line.day("expires_on"),
        max_minor_units=line.amount("max_minor_units"),
        account=account,
    )
