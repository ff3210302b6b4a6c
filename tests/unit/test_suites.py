"""The suites in expectations/: every one holds on sound tables and fails on each fault."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import sqlglot

from parity_pipeline import paths
from parity_pipeline.errors import ParityError
from parity_pipeline.models import load_models
from parity_pipeline.quality.expectations_process import ExpectationsProcess
from parity_pipeline.quality.judged_tables import JudgedTable
from parity_pipeline.quality.suites import Suite, SuiteResult, load_suites, run_suite
from parity_pipeline.setting_sections import CHECKS

PARAMETERS = {"variance_ratio": Decimal("0.03"), "customer_share": Decimal("0.99")}
SUITES = {suite.name: suite for suite in load_suites()}
AUDITS = {model.name: model for model in load_models() if model.schema == "audit"}
SUMMARY = (
    "select '{check}' as check_name, 10 as rows, 10 as settled_rows, 0 as breaches, 5 as customers, "
    "5 as customers_within, 0.03::decimal(38, 12) as worst_gate_ratio, "
    "0.03::decimal(18, 6) as variance_ratio, 0.99::decimal(18, 6) as customer_share, "
    "true as is_ratio_met, true as is_share_met"
)
UNIT_CYCLES = (
    "select '{check}' as check_name, 'usd' as unit, date '2026-01-01' as cycle, "
    "0.03::decimal(38, 12) as gate_ratio, 0.03::decimal(18, 6) as variance_ratio, true as is_within"
)


@pytest.fixture(scope="module")
def sound_tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Sound tables for every suite; the gate ratio is exactly the threshold."""
    connection = duckdb.connect()
    connection.execute("create schema audit; create schema parity")
    for name, model in AUDITS.items():
        counts = ", ".join(
            f"{int(column == 'row_count')}::bigint as {column}" for column in _columns(model.sql)
        )
        connection.execute(f"create table audit.{name} as select {counts}")
    for table, query in (("check_summary", SUMMARY), ("check_unit_cycles", UNIT_CYCLES)):
        union = " union all ".join(query.format(check=check) for check in CHECKS)
        connection.execute(f"create table parity.{table} as {union}")
    yield connection
    connection.close()


@pytest.fixture
def database(sound_tables: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables, to be changed at will: every change is undone."""
    sound_tables.execute("begin")
    yield sound_tables
    sound_tables.execute("rollback")


def _columns(sql: str) -> list[str]:
    return list(sqlglot.parse_one(sql, dialect="duckdb").named_selects)


def result(database: duckdb.DuckDBPyConnection, suite: Suite) -> SuiteResult:
    """What a suite finds in the tables."""

    def read(query: str) -> pa.Table:
        return database.sql(query).to_arrow_table()

    return run_suite(suite, read, PARAMETERS)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_every_suite_holds_on_sound_tables(database: duckdb.DuckDBPyConnection, name: str) -> None:
    """A ratio of exactly the threshold is allowed, and 0.03 is no exact float."""
    assert result(database, SUITES[name]) == SuiteResult(name, ())


def test_there_is_a_suite_for_every_check_and_every_audit() -> None:
    """Nothing is audited without being judged."""
    assert set(SUITES) == set(AUDITS)
    assert set(CHECKS) <= set(SUITES)


@pytest.mark.parametrize("name", sorted(SUITES))
def test_every_count_fails_its_suite(database: duckdb.DuckDBPyConnection, name: str) -> None:
    """One row too many, or a NULL, in any count is seen and called unsound."""
    columns = set(_columns(AUDITS[name].sql))
    for bad, seen in (("1", columns - {"row_count"}), ("null", columns)):
        changes = ", ".join(f"{column} = {bad}" for column in columns)
        database.execute(f"update audit.{name} set {changes}")  # our own names
        assert {each.column for each in result(database, SUITES[name]).unsound} == seen


@pytest.mark.parametrize("name", sorted(SUITES))
def test_an_empty_or_changed_audit_fails(database: duckdb.DuckDBPyConnection, name: str) -> None:
    """An audit without its row, or with a column that no rule knows, is unsound."""
    database.execute(f"alter table audit.{name} add column new_count bigint default 0")
    assert {each.expectation for each in result(database, SUITES[name]).unsound} == {
        "expect_table_columns_to_match_set"
    }
    database.execute(f"delete from audit.{name}")  # our own names
    assert "expect_table_row_count_to_equal" in {
        each.expectation for each in result(database, SUITES[name]).unsound
    }


@pytest.mark.parametrize("check", CHECKS)
def test_a_table_without_rows(database: duckdb.DuckDBPyConnection, check: str) -> None:
    """Only credits and group values may be empty."""
    database.execute(f"update audit.{check} set row_count = 0")  # our own names
    may_be_empty = check in {"credit_drawdowns", "group_key_coverage"}
    assert result(database, SUITES[check]).success == may_be_empty


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    ("table", "change", "column"),
    [
        ("check_summary", "is_share_met = false", "is_share_met"),
        ("check_summary", "is_ratio_met = false", "is_ratio_met"),
        ("check_summary", "is_share_met = null", "is_share_met"),
        ("check_summary", "worst_gate_ratio = 0.030000000001", "worst_gate_ratio"),
        ("check_summary", "variance_ratio = 0.5", "variance_ratio"),
        ("check_summary", "customer_share = 0.5", "customer_share"),
        ("check_unit_cycles", "is_within = false", "is_within"),
        ("check_unit_cycles", "is_within = null", "is_within"),
        ("check_unit_cycles", "gate_ratio = 0.030000000001", "gate_ratio"),
        ("check_unit_cycles", "variance_ratio = 0.5", "variance_ratio"),
    ],
)
def test_a_threshold_that_is_not_met_fails(
    database: duckdb.DuckDBPyConnection, check: str, table: str, change: str, column: str
) -> None:
    """Figures over, or judged by another threshold than the one in force, fail their check."""
    update = f"update parity.{table} set {change} where check_name = '{check}'"  # our own names
    database.execute(update)
    found = result(database, SUITES[check])
    assert column in {each.column for each in found.failed}
    assert not found.unsound


def test_a_check_is_judged_by_its_own_rows(database: duckdb.DuckDBPyConnection) -> None:
    """What is wrong with one check does not fail another."""
    database.execute("update parity.check_summary set is_share_met = (check_name <> 'invoice_totals')")
    assert not result(database, SUITES["invoice_totals"]).success
    assert result(database, SUITES["event_ingestion"]).success


@pytest.mark.parametrize(("check", "fails"), [(check, "coverage" in check) for check in CHECKS])
def test_a_single_breach(database: duckdb.DuckDBPyConnection, check: str, fails: bool) -> None:
    """A breach alone fails only the two checks that the guide wants complete."""
    database.execute("update parity.check_summary set breaches = 1")
    assert result(database, SUITES[check]).success != fails


@pytest.mark.parametrize("check", CHECKS)
def test_a_summary_that_is_gone_fails(database: duckdb.DuckDBPyConnection, check: str) -> None:
    """No figures are no agreement."""
    database.execute("delete from parity.check_summary")
    assert not result(database, SUITES[check]).success


def test_what_cannot_be_judged_is_an_error() -> None:
    """An expectation that the library does not know is told, and the next table is judged all the same."""
    process = ExpectationsProcess()
    rows = pa.table({"row_count": [1]})
    with pytest.raises(
        ParityError, match=r"cannot judge audit.rows: LookupError: no result for expect_nothing"
    ):
        process.validate(JudgedTable("audit.rows", rows, ({"type": "expect_nothing", "kwargs": {}},), {}))
    one_row = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": 1}}
    assert process.validate(JudgedTable("audit.rows", rows, (one_row,), {})) == []
    process.close()


def test_a_process_that_is_gone_is_an_error() -> None:
    """Nothing is taken to hold because nobody answered."""
    process = ExpectationsProcess()
    process.close()
    with pytest.raises(ParityError, match=r"ended before it answered for audit.rows"):
        process.validate(JudgedTable("audit.rows", pa.table({"row_count": [1]}), (), {}))


def test_without_suites_nothing_runs(tmp_path: Path) -> None:
    """A broken installation is an error, not a pass."""
    with pytest.raises(ParityError, match="no expectation suites"):
        load_suites(tmp_path)
    assert paths.expectations_folder().is_dir()
