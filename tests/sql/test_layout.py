"""A check is a table, an audit, a suite, tests and a row of the docs; published columns have comments."""

import re
from pathlib import Path

import pytest
from scene import MODELS, Scene

from parity_pipeline import paths, warehouse
from parity_pipeline.setting_sections import CHECKS

ROOT = Path(__file__).parents[2]
TAIL = ["presence", "expected_value", "actual_value", "variance", "variance_ratio", "status"]
PUBLISHED = [key for key, model in MODELS.items() if model.schema in warehouse.PUBLISHED_SCHEMAS]


def _columns(key: str) -> dict[str, str]:
    return MODELS[key].columns


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_all_its_parts(check: str) -> None:
    """Table, audit, suite, tests and docs carry one name."""
    assert f"parity.{check}" in MODELS
    assert f"audit.{check}" in MODELS
    assert (ROOT / "expectations" / f"{check}.json").is_file()
    assert (Path(__file__).parent / f"test_{check}.py").is_file()


def test_the_parts_name_no_other_check() -> None:
    """The four sets of names are the checks themselves; those of staging tables stand beside them."""
    with_a_tail = {key.removeprefix("parity.") for key in PUBLISHED if list(_columns(key))[-6:] == TAIL}
    suites = {
        path.stem for path in (ROOT / "expectations").glob("*.json") if not path.stem.startswith("stg_")
    }
    audits = {
        model.name
        for model in MODELS.values()
        if model.schema == "audit" and not model.name.startswith("stg_")
    }
    rows = set(
        re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "checks.md").read_text(encoding="utf-8"), flags=re.M)
    )
    assert with_a_tail == suites == audits == rows == set(CHECKS)


def test_staging_suites_and_audits_go_together() -> None:
    """An input that can be malformed has a suite and the counts that it reads."""
    suites = {path.stem for path in (ROOT / "expectations").glob("stg_*.json")}
    assert suites == {key.removeprefix("audit.") for key in MODELS if key.startswith("audit.stg_")}


GRAINS = {
    "invoice_totals": ["currency", "period_start", "period_end"],
    "line_item_quantities": ["meter", "period_start", "period_end"],
    "credit_drawdowns": ["currency", "period_start", "period_end"],
    "contract_coverage": [],
    "event_ingestion": ["meter", "period_start", "period_end", "usage_date"],
    "group_key_coverage": ["product", "pricing_group_values"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_has_the_columns_of_the_contract(check: str) -> None:
    """Ids, grain, tail, in this order; no run id and no load time."""
    ids = ["account", "stripe_customer_id", "metronome_customer_id"]
    assert list(_columns(f"parity.{check}")) == ids + GRAINS[check] + TAIL


def test_values_have_the_types_of_the_contract(scene: Scene) -> None:
    """Values are DECIMAL(38,12), bounds TIMESTAMP, days DATE, also in tables without rows."""
    types = {
        "expected_value": "DECIMAL(38,12)",
        "actual_value": "DECIMAL(38,12)",
        "variance": "DECIMAL(38,12)",
    }
    types |= {"period_start": "TIMESTAMP", "period_end": "TIMESTAMP", "usage_date": "DATE"}
    for check in CHECKS:
        scene.rows(f"parity.{check}")
        described = scene.rows(f"(describe parity.{check})")
        found = {row["column_name"]: row["column_type"] for row in described}
        assert {name: kind for name, kind in found.items() if name in types} == {
            name: kind for name, kind in types.items() if name in found
        }


@pytest.mark.parametrize("key", PUBLISHED)
def test_every_published_column_has_a_comment(key: str) -> None:
    """The table too; an analyst reads them in the database."""
    assert MODELS[key].description
    assert [name for name, comment in _columns(key).items() if not comment] == []


def test_a_model_says_its_grain_first() -> None:
    """The first line of every model is a comment; a file name is the table's name."""
    for path in paths.sql_folder().glob("*/*.sql"):
        if path.parent.name != "queries":
            assert path.read_text(encoding="utf-8").startswith("-- One row"), path.name
