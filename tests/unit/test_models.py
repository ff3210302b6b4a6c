"""The SQL models: how they are found, ordered and described."""

from pathlib import Path

import pytest

from parity_pipeline.errors import ParityError
from parity_pipeline.models import MODEL_SCHEMAS, load_models, read_model


def write(folder: Path, name: str, sql: str) -> Path:
    """A model file at `<schema>/<name>.sql`."""
    path = folder / f"{name}.sql"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sql)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of models."""
    (tmp_path / "columns.toml").write_text('account = "shared comment"\n')
    return tmp_path


def test_a_model_comes_after_those_it_reads(folder: Path) -> None:
    """The order follows the tables that are read, not the names of the files."""
    write(folder, "staging/stg_b", "select accounts.account from raw_stripe.accounts as accounts")
    write(folder, "parity/a", "with b as (select * from staging.stg_b) select b.account from b")
    assert [model.key for model in load_models(folder)] == ["staging.stg_b", "parity.a"]


def test_upstreams_are_found_in_subqueries(folder: Path) -> None:
    """A table that only an exists() reads is an upstream too."""
    path = write(
        folder,
        "parity/a",
        "select x.account from staging.x as x where exists (select 1 from control.waivers as w)",
    )
    assert read_model(path, {}).upstream == ("control.waivers", "staging.x")


def test_a_view_says_why_it_is_one(folder: Path) -> None:
    """The reason stands in the header for who reads the file, and not in the table's description."""
    path = write(folder, "parity/a", "-- One row.\n-- Kept as a view: it renames.\nselect 1 as x")
    model = read_model(path, {})
    assert (model.is_view, model.description) == (True, "One row.")


def test_an_unqualified_table_is_refused(folder: Path) -> None:
    """`from invoices` could be anything, so it is an error that names the model."""
    path = write(folder, "parity/a", "select invoices.id from invoices")
    with pytest.raises(ParityError, match=r"a\.sql reads invoices"):
        read_model(path, {})


def test_a_table_function_is_refused(folder: Path) -> None:
    """A model reads tables, never files."""
    path = write(folder, "parity/a", "select * from read_csv('x.csv')")
    with pytest.raises(ParityError, match=r"write schema\.table"):
        read_model(path, {})


def test_an_unknown_table_is_refused(folder: Path) -> None:
    """A mistyped upstream is found before anything is built."""
    write(folder, "parity/a", "select b.account from staging.stg_typo as b")
    with pytest.raises(ParityError, match=r"parity\.a reads staging\.stg_typo"):
        load_models(folder)


def test_a_file_that_is_no_select_is_refused(folder: Path) -> None:
    """A model cannot change anything."""
    path = write(folder, "parity/a", "drop table parity.b")
    with pytest.raises(ParityError, match=r"a\.sql is not a SELECT"):
        read_model(path, {})


def test_header_lines_describe_the_table_and_its_columns(folder: Path) -> None:
    """Prose is the table's comment; `-- column: text` overrides the shared comment."""
    sql = "-- One row per thing.\n-- own: its own comment\nselect t.account, t.own from staging.t as t"
    model = read_model(write(folder, "parity/a", sql), {"account": "shared comment"})
    assert model.description == "One row per thing."
    assert model.columns == {"account": "shared comment", "own": "its own comment"}


def test_the_projects_own_models_are_all_described() -> None:
    """Every model opens with its grain, and the order holds all schemas."""
    models = load_models()
    assert {model.schema for model in models} == set(MODEL_SCHEMAS)
    assert [model.key for model in models if not model.description.startswith("One row")] == []
