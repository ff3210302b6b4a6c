"""A home folder whose published database holds what `parity explain` reads, row by row."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

APRIL = (datetime(2026, 4, 1), datetime(2026, 5, 1))
MAY = (datetime(2026, 5, 1), datetime(2026, 6, 1))
_IDS = "account VARCHAR, stripe_customer_id VARCHAR, metronome_customer_id VARCHAR"
_TAIL = (
    "presence VARCHAR, expected_value DECIMAL(38, 12), actual_value DECIMAL(38, 12), "
    "variance DECIMAL(38, 12), variance_ratio DECIMAL(18, 12), status VARCHAR"
)
_PERIOD = "period_start TIMESTAMP, period_end TIMESTAMP"
_TABLES = {
    "control.run": "run_id VARCHAR, as_of TIMESTAMP",
    "control.customer_map": f"{_IDS}, link_source VARCHAR, status VARCHAR",
    "control.ingest_aliases": "account VARCHAR, metronome_customer_id VARCHAR, ingest_alias VARCHAR",
    "control.contracts": "account VARCHAR, metronome_customer_id VARCHAR, contract_id VARCHAR, "
    "rate_card VARCHAR, rate_card_id VARCHAR, starts_at TIMESTAMP, ends_at TIMESTAMP, is_archived BOOLEAN",
    "control.causes": "code VARCHAR, meaning VARCHAR, next_step VARCHAR, looks_like VARCHAR",
    "control.near_misses": "account VARCHAR, kind VARCHAR, subject VARCHAR, name VARCHAR, resembles VARCHAR, "
    "resembles_id VARCHAR, similarity DECIMAL(6, 4), how VARCHAR, evidence VARCHAR",
    "parity.incidents": "incident BIGINT",
    "parity.customer_status": f"{_IDS}, status VARCHAR",
    "parity.invoice_totals": f"{_IDS}, currency VARCHAR, {_PERIOD}, {_TAIL}",
    "parity.credit_drawdowns": f"{_IDS}, currency VARCHAR, {_PERIOD}, {_TAIL}",
    "parity.line_item_quantities": f"{_IDS}, meter VARCHAR, {_PERIOD}, {_TAIL}",
    "parity.contract_coverage": f"{_IDS}, {_TAIL}",
    "parity.event_ingestion": f"{_IDS}, meter VARCHAR, {_PERIOD}, usage_date DATE, {_TAIL}",
    "parity.group_key_coverage": f"{_IDS}, product VARCHAR, pricing_group_values VARCHAR, {_TAIL}",
    "parity.variance_effects": f"{_IDS}, currency VARCHAR, {_PERIOD}, effect VARCHAR, meter VARCHAR, "
    "product VARCHAR, amount DECIMAL(38, 12)",
    "parity.line_items": f"{_IDS}, currency VARCHAR, {_PERIOD}, side VARCHAR, meter VARCHAR, "
    "product VARCHAR, pricing_group_values VARCHAR, line_kind VARCHAR, quantity DECIMAL(38, 12), "
    "unit_amount DECIMAL(38, 12), amount DECIMAL(38, 12)",
    "parity.findings": f"check_name VARCHAR, {_IDS}, currency VARCHAR, meter VARCHAR, product VARCHAR, "
    f"pricing_group_values VARCHAR, {_PERIOD}, usage_date DATE, variance DECIMAL(38, 12), cause VARCHAR, "
    "explanation VARCHAR",
}


class ExplainedHome:
    """The published tables of one run as of 10 June 2026; `add` fills them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "published" / "billing_parity.duckdb"
        self._file.parent.mkdir(parents=True)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._run("create schema control; create schema parity")
        for table, columns in _TABLES.items():
            self._run(f"create table {table} ({columns})")
        self.add("control.run", run_id="run_1", as_of=datetime(2026, 6, 10))

    def add(self, table: str, **values: object) -> None:
        """A row; columns that are not named are NULL, the account is `default`."""
        if _TABLES[table].startswith("account") or _IDS in _TABLES[table]:
            values = {"account": "default", **values}
        marks = ", ".join("?" for _ in values)
        self._run(f"insert into {table} ({', '.join(values)}) values ({marks})", *values.values())

    def linked(self, name: str, *, status: str = "not_in_parity", aliases: Sequence[str] = ()) -> None:
        """`cus_<name>` and `m_<name>`, linked by the custom field."""
        ids = {"stripe_customer_id": f"cus_{name}", "metronome_customer_id": f"m_{name}"}
        self.add("control.customer_map", **ids, link_source="custom_field", status="linked")
        self.add("parity.customer_status", **ids, status=status)
        for alias in aliases:
            self.add("control.ingest_aliases", metronome_customer_id=f"m_{name}", ingest_alias=alias)

    def compared(
        self, table: str, name: str, expected: int | str | None, actual: int | str | None, **values: object
    ) -> None:
        """A row of a check; the status is breach unless told."""
        before, after = (None if each is None else Decimal(each) for each in (expected, actual))
        self.add(
            f"parity.{table}",
            **{
                "stripe_customer_id": f"cus_{name}",
                "metronome_customer_id": f"m_{name}",
                "presence": "both",
                "expected_value": before,
                "actual_value": after,
                "variance": (after or 0) - (before or 0),
                "variance_ratio": Decimal(0),
                "status": "breach",
                **values,
            },
        )

    def of_period(self, table: str, name: str, period: tuple[datetime, datetime], **values: object) -> None:
        """A row of another table about a billing period of a customer."""
        self.add(
            f"parity.{table}",
            stripe_customer_id=f"cus_{name}",
            metronome_customer_id=f"m_{name}",
            period_start=period[0],
            period_end=period[1],
            **values,
        )

    def drop(self, table: str) -> None:
        """Take a table away."""
        self._run(f"drop table {table}")

    def close(self) -> None:
        """Let others read the file; the next row opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _run(self, statement: str, *values: object) -> None:
        self._connection = self._connection or duckdb.connect(str(self._file))
        self._connection.execute(statement, list(values))
