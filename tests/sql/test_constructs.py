"""The models keep to plain SQL: what CONTRIBUTING.md lists, and nothing that loses digits."""

import re
from pathlib import Path

import pytest
from scene import MODELS
from sqlglot import ErrorLevel, exp, parse_one, transpile

from parity_pipeline.models import SqlModel

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
EVERY_MODEL = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def _allowed() -> set[str]:
    section = CONTRIBUTING.read_text(encoding="utf-8").split("## SQL constructs")[1]
    fenced = re.search(r"```text\n(.*?)```", section, flags=re.DOTALL)
    assert fenced
    return set(fenced[1].split())


def _used(sql: str) -> set[str]:
    """The constructs by sqlglot's names; a function that it does not know by its own name."""
    return {
        node.name if isinstance(node, exp.Anonymous) else type(node).__name__
        for node in parse_one(sql, dialect="duckdb").walk()
    }


@EVERY_MODEL
def test_a_model_uses_only_constructs_on_the_list(model: SqlModel) -> None:
    """Whatever is new must be tried on Spark before it goes onto the list."""
    assert _used(model.sql) - _allowed() == set()


def test_the_list_holds_nothing_that_no_model_uses() -> None:
    """A construct leaves the list with the last model that used it."""
    used = {name for model in MODELS.values() for name in _used(model.sql)}
    assert _allowed() - used == set()


@EVERY_MODEL
def test_a_model_can_be_said_in_spark(model: SqlModel) -> None:
    """Sqlglot knows a Spark form for every part of it."""
    assert transpile(model.sql, read="duckdb", write="spark", unsupported_level=ErrorLevel.RAISE)


@EVERY_MODEL
def test_division_stands_only_where_digits_may_be_lost(model: SqlModel) -> None:
    """DuckDB divides decimals as doubles: only for a shown ratio and a first guess."""
    for division in parse_one(model.sql, dialect="duckdb").find_all(exp.Div):
        alias = division.find_ancestor(exp.Alias)
        assert alias is not None
        assert alias.alias.endswith("_ratio") or alias.alias == "inverse_factor"


BANNED = {
    "asof join": "select a.x from a asof join b on a.x >= b.x",
    "pivot": "pivot a on x using sum(y)",
    "union by name": "select x from a union by name select x from b",
    "star replace": "select * replace (1 as x) from a",
    "ordered first": "select first(x order by y) from a",
    "map literal": "select map {'a': 1}",
    "recursive unnest": "select unnest(x, recursive := true) from a",
    "list_sum": "select list_sum(x) from a",
    "to_hours": "select to_hours(x) from a",
    "jaro_winkler": "select jaro_winkler_similarity(x, y) from a",
    "strptime": "select strptime(x, '%Y') from a",
    "row": "select row(x, y) from a",
    "avg": "select avg(x) from a",
    "double": "select cast(x as double) from a",
}


@pytest.mark.parametrize("sql", BANNED.values(), ids=BANNED)
def test_the_list_keeps_out_what_spark_refuses(sql: str) -> None:
    """Each banned construct shows as a name that is not on the list, or as a banned detail."""
    assert _used(sql) - _allowed() or _details(sql)


@EVERY_MODEL
def test_a_model_has_no_banned_detail(model: SqlModel) -> None:
    """No asof or by-name join, no star with replacements, no floating point type."""
    assert not _details(model.sql)


def _details(sql: str) -> list[str]:
    """Parts that hide in the arguments of allowed constructs."""
    query = parse_one(sql, dialect="duckdb")
    floats = (exp.DType.DOUBLE, exp.DType.FLOAT)
    return [
        *[str(join) for join in query.find_all(exp.Join) if join.args.get("method")],
        *[str(union) for union in query.find_all(exp.Union) if union.args.get("by_name")],
        *[str(star) for star in query.find_all(exp.Star) if star.args.get("replace")],
        *[str(kind) for kind in query.find_all(exp.DataType) if kind.this in floats],
    ]
