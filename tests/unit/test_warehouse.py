"""The door to DuckDB: exact values in, comments on everything, an atomic file out."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from parity_pipeline import warehouse
from parity_pipeline.models import SqlModel
from parity_pipeline.warehouse import Connection, InputTable

TOTALS = SqlModel(
    schema="parity",
    name="totals",
    sql="select 1 as id, cast('0.000000000001' as decimal(38, 12)) as amount",
    upstream=(),
    description="One row, it's quoted.",
    columns={"id": "which", "amount": "how much"},
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A database of its own."""
    with warehouse.connect(tmp_path / "work.duckdb") as opened:
        yield opened


def test_a_model_is_built_with_its_comments(connection: Connection) -> None:
    """The table and its columns carry their texts, quotes included."""
    warehouse.build(connection, TOTALS)
    assert warehouse.count(connection, TOTALS.key) == 1
    tables = warehouse.rows(connection, "select comment from duckdb_tables() where table_name = 'totals'")
    columns = warehouse.rows(connection, "select column_name, comment from duckdb_columns() order by 1")
    assert tables == [{"comment": "One row, it's quoted."}]
    assert {"column_name": "amount", "comment": "how much"} in columns


def test_a_view_is_published_as_a_table(connection: Connection, tmp_path: Path) -> None:
    """Its rows are written only when it is published, with the comments it was given."""
    warehouse.load_control(connection, {})
    warehouse.build(connection, TOTALS)
    view = SqlModel(
        "parity", "amounts", "select amount from parity.totals", (), "Amounts.", {"amount": "x"}, is_view=True
    )
    warehouse.build(connection, view)
    assert warehouse.count(connection, view.key) == 1
    target = tmp_path / "billing_parity.duckdb"
    warehouse.publish(connection, target)
    with warehouse.connect(target, read_only=True) as reader:
        tables = warehouse.rows(reader, "select table_name, comment from duckdb_tables() order by 1")
        columns = warehouse.rows(reader, "select comment from duckdb_columns() where table_name = 'amounts'")
        assert warehouse.rows(reader, "select amount from parity.amounts") == [
            {"amount": Decimal("0.000000000001")}
        ]
    assert tables == [
        {"table_name": "amounts", "comment": "Amounts."},
        {"table_name": "totals", "comment": "One row, it's quoted."},
    ]
    assert columns == [{"comment": "x"}]


def test_a_table_of_an_earlier_version_makes_room_for_a_view(connection: Connection) -> None:
    """And the reverse; what is wrong with a model itself is still told."""
    connection.execute("create schema parity; create table parity.n as select 1 as id")
    for is_view in (True, False):
        warehouse.build(
            connection,
            SqlModel("parity", "n", "select 2 as id", (), "Numbers.", {"id": "n"}, is_view=is_view),
        )
        assert warehouse.rows(connection, "select id from parity.n") == [{"id": 2}]
    with pytest.raises(warehouse.DatabaseError, match="nowhere"):
        warehouse.build(connection, SqlModel("parity", "m", "select id from nowhere", (), "None.", {}))


def test_an_arrow_table_keeps_decimals_exact(connection: Connection) -> None:
    """The twelfth place survives the way to another process."""
    warehouse.build(connection, TOTALS)
    found = warehouse.arrow_table(connection, "select amount from parity.totals")
    assert found["amount"].to_pylist() == [Decimal("0.000000000001")]


def test_the_limit_of_memory_reaches_the_database(tmp_path: Path) -> None:
    """Half of it is less than all of it, and 512 MiB are 512 MiB."""

    def told(limit: str) -> list[dict[str, object]]:
        with warehouse.connect(tmp_path / "work.duckdb", memory_limit=limit) as opened:
            return warehouse.rows(opened, "select current_setting('memory_limit') as memory")

    assert told("50%") != told("100%")
    assert told("512MiB") == [{"memory": "512.0 MiB"}]


def test_control_tables_hold_what_they_are_given(connection: Connection) -> None:
    """Rows, types and comments; a table without rows still has its columns."""
    table = InputTable("Links.", {"id": "VARCHAR", "n": "BIGINT"}, [("a", 1), ("b", None)], {"id": "which"})
    empty = InputTable("None.", {"id": "VARCHAR"}, [], {})
    warehouse.load_control(connection, {"links": table, "none": empty})
    assert warehouse.rows(connection, "select * from control.links order by id") == [
        {"id": "a", "n": 1},
        {"id": "b", "n": None},
    ]
    assert warehouse.count(connection, "control.none") == 0


def test_a_published_file_replaces_the_old_one_under_its_readers(
    connection: Connection, tmp_path: Path
) -> None:
    """A reader keeps the file it opened; who opens next sees the new one, comments included."""
    warehouse.load_control(connection, {})
    warehouse.build(connection, TOTALS)
    target = tmp_path / "billing_parity.duckdb"
    warehouse.publish(connection, target)
    with warehouse.connect(target, read_only=True) as reader:
        warehouse.build(connection, SqlModel("parity", "totals", "select 2 as id", (), "Two.", {"id": "x"}))
        warehouse.publish(connection, target)
        assert warehouse.rows(reader, "select id from parity.totals") == [{"id": 1}]
    found = tmp_path / "copy.duckdb"
    found.write_bytes(target.read_bytes())
    with warehouse.connect(found, read_only=True) as reader:
        assert warehouse.rows(reader, "select id from parity.totals") == [{"id": 2}]
        comments = warehouse.rows(reader, "select comment from duckdb_tables()")
        assert comments == [{"comment": "Two."}]
    assert sorted(path.name for path in tmp_path.iterdir() if "billing" in path.name) == [target.name]


def test_publishing_twice_gives_equal_rows_in_equal_order(connection: Connection, tmp_path: Path) -> None:
    """Rows are ordered by all their columns, whatever order they were built in."""
    model = SqlModel("parity", "n", "select unnest([3, 1, 2]) as id", (), "Numbers.", {"id": "n"})
    warehouse.load_control(connection, {})
    warehouse.build(connection, model)
    warehouse.publish(connection, tmp_path / "a.duckdb")
    with warehouse.connect(tmp_path / "a.duckdb", read_only=True) as reader:
        assert [row["id"] for row in warehouse.rows(reader, "select id from parity.n")] == [1, 2, 3]


def test_what_is_published_is_synchronised(connection: Connection, tmp_path: Path) -> None:
    """A database may be left to the system; the file that it publishes is not."""
    mode = "select current_setting('fsync_mode')"
    warehouse.leave_to_system(connection)
    assert connection.execute(mode).fetchall() == [("NONE",)]
    warehouse.publish(connection, tmp_path / "published.duckdb")
    assert connection.execute(mode).fetchall() == [("STANDARD",)]
