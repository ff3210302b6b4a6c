"""The control tables: what the settings, the files and the manifest become."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from parity_pipeline import warehouse
from parity_pipeline.control import control_tables
from parity_pipeline.landing import LandedResource, Manifest
from parity_pipeline.mapping_files import CohortMember, Links, MeterRow, Waiver
from parity_pipeline.models import CONTROL_INPUTS
from parity_pipeline.periods import Window
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings, load_settings
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.resources import RESOURCES

KEYS = {"STRIPE_API_KEY": "rk_test_x", "METRONOME_BEARER_TOKEN": "token-x"}
START, AS_OF = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 10, tzinfo=UTC)
REQUEST = RunRequest("run-1", Window(START, AS_OF))
LINKS = Links(
    meters=(MeterRow("gpu", "bm-1", '{"gpu":"a100"}'),),
    metric_starts=(("bm-1", date(2026, 2, 1)),),
    waivers=(Waiver("invoice_totals", "cus_1", "", "agreed", "ann", date(2026, 4, 1), None),),
    cohorts=(CohortMember("first", "live", "cus_9"),),
)
MANIFEST = Manifest(
    run_id="run-1",
    window=REQUEST.window,
    started_at=AS_OF,
    finished_at=AS_OF,
    complete=False,
    error="it broke",
    resources=(LandedResource("default", "stripe", "invoices", 3, 2, 150, "ab", AS_OF, complete=True),),
    requests=(RequestCount("stripe", "/v1/invoices", 3, 1, 1, 9000, Decimal("1.5")),),
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a threshold of their own for one check."""
    path = tmp_path / "parity.toml"
    path.write_text("[thresholds.event_ingestion]\nvariance_ratio = 0.000001\n", encoding="utf-8")
    return load_settings(KEYS, config=path)


def loaded(settings: Settings, query: str, manifest: Manifest | None = MANIFEST) -> list[dict[str, object]]:
    """The rows of a query on the control tables in a real database."""
    with warehouse.connect(":memory:") as connection:
        warehouse.load_control(connection, control_tables(settings, REQUEST, LINKS, manifest))
        return warehouse.rows(connection, query)


def test_every_input_table_is_made(settings: Settings) -> None:
    """The models read no control table that nobody fills."""
    assert set(control_tables(settings, REQUEST, LINKS, MANIFEST)) == set(CONTROL_INPUTS)


def test_every_column_has_a_comment(settings: Settings) -> None:
    """An analyst finds every column described."""
    for name, table in control_tables(settings, REQUEST, LINKS, MANIFEST).items():
        assert table.description, name
        assert all(table.comments[column] for column in table.columns), name


def test_the_run_is_one_row(settings: Settings) -> None:
    """The instant and the window are UTC without an offset."""
    (row,) = loaded(settings, "select * from control.run")
    assert row == {
        "run_id": "run-1",
        "as_of": datetime(2026, 3, 10),  # as the column holds it
        "parallel_run_start": datetime(2026, 1, 1),  # as above
        "scope": "usage",
        "required_cycles": 1,
        "settled_share": Decimal("0.800000"),
        "consecutive_go_days": 1,
        "max_age_hours": 36,
        "is_reconstructed": False,
    }


def test_thresholds_are_exact_per_check(settings: Settings) -> None:
    """Six rows; the override is one of them, to the last digit."""
    rows = loaded(settings, "select check_name, variance_ratio, absolute_minor_units from control.thresholds")
    assert len(rows) == 6
    by_check = {row["check_name"]: row["variance_ratio"] for row in rows}
    assert by_check["event_ingestion"] == Decimal("0.000001")
    assert by_check["invoice_totals"] == Decimal("0.01")
    assert {row["absolute_minor_units"] for row in rows} == {None}


def test_links_waivers_and_cohorts_are_rows(settings: Settings) -> None:
    """What the files say stands in the tables as it is."""
    assert loaded(settings, "select * from control.meter_links") == [
        {"event_name": "gpu", "billable_metric_id": "bm-1", "pricing_group_values": '{"gpu":"a100"}'}
    ]
    assert loaded(settings, "select starts_on from control.metric_starts") == [
        {"starts_on": date(2026, 2, 1)}
    ]
    assert loaded(settings, "select customer, subject, max_minor_units from control.waivers") == [
        {"customer": "cus_1", "subject": "", "max_minor_units": None}
    ]
    assert loaded(settings, "select * from control.cohorts") == [
        {
            "cohort": "first",
            "stage": "live",
            "customer_id": "cus_9",
            "account": "",
            "metadata_key": None,
            "metadata_value": None,
        }
    ]


def test_what_was_not_read_is_incomplete(settings: Settings) -> None:
    """Every resource has a row; one that the manifest does not know was not read."""
    rows = loaded(settings, "select * from control.completeness")
    assert len(rows) == len(RESOURCES)
    read = [row for row in rows if row["complete"]]
    assert [(row["source"], row["resource"], row["rows"]) for row in read] == [("stripe", "invoices", 150)]
    assert {row["note"] for row in rows if not row["complete"]} == {"not read"}


def test_without_a_manifest_nothing_was_read(settings: Settings) -> None:
    """A pull that left no manifest is incomplete throughout."""
    rows = loaded(settings, "select complete from control.completeness", manifest=None)
    assert {row["complete"] for row in rows} == {False}
    assert loaded(settings, "select * from control.requests", manifest=None) == []


def test_requests_are_kept_with_the_run(settings: Settings) -> None:
    """What an endpoint cost is one row."""
    (row,) = loaded(settings, "select * from control.requests")
    assert (row["endpoint"], row["requests"], row["waited_seconds"]) == ("/v1/invoices", 3, Decimal("1.5"))


def test_currencies_have_their_factor(settings: Settings) -> None:
    """Cents, yen and fils."""
    rows = loaded(
        settings, "select * from control.currencies where currency in ('usd', 'jpy', 'kwd') order by 1"
    )
    assert [(row["currency"], row["minor_units_per_unit"]) for row in rows] == [
        ("jpy", Decimal(1)),
        ("kwd", Decimal(1000)),
        ("usd", Decimal(100)),
    ]


def test_accounts_and_what_was_read_of_them(tmp_path: Path) -> None:
    """Stripe stands once an account; an environment that two share once, under both names."""
    path = tmp_path / "parity.toml"
    path.write_text('[accounts.us]\n[accounts.eu]\nstripe_context = "acct_eu"\n', encoding="utf-8")
    settings = load_settings(KEYS, config=path)
    columns = "account, environment, stripe_account_id, unlinked_account"
    rows = loaded(settings, f"select {columns} from control.accounts order by account")
    assert [tuple(row.values()) for row in rows] == [
        ("eu", "us.eu", "acct_eu", "unassigned"),
        ("us", "us.eu", None, "unassigned"),
    ]
    landed = LandedResource("us.eu", "metronome", "usage", 3, 2, 7, "ab", AS_OF, complete=True)
    counted = RequestCount("metronome", "/v1/usage", 3, 0, 0, 9, Decimal(0), "us.eu")
    manifest = replace(MANIFEST, resources=(landed,), requests=(counted,))
    read = "select account, resource, complete from control.completeness where "
    assert [tuple(row.values()) for row in loaded(settings, read + "complete", manifest)] == [
        ("us,eu", "usage", True)
    ]
    unread = loaded(settings, read + "resource = 'invoices' order by account", manifest)
    assert [(row["account"], row["complete"]) for row in unread] == [
        ("eu", False),
        ("us", False),
        ("us,eu", False),
    ]
    assert [row["account"] for row in loaded(settings, "select * from control.requests", manifest)] == [
        "us,eu"
    ]


def test_each_shared_environment_has_its_own_unassigned_customers(tmp_path: Path) -> None:
    """Customers of no account of two environments are not mixed either."""
    path = tmp_path / "parity.toml"
    accounts = [
        ("a", "one", ""),
        ("b", "one", ""),
        ("c", "two", "OTHER"),
        ("d", "two", "OTHER"),
        ("e", "", "E"),
    ]
    path.write_text(
        "".join(
            f'[accounts.{name}]\nstripe_context = "acct_{name}"\n'
            + (f'metronome_environment = "{environment}"\n' if environment else "")
            + (f'metronome_bearer_token_env = "{token}"\n' if token else "")
            for name, environment, token in accounts
        ),
        encoding="utf-8",
    )
    settings = load_settings({**KEYS, "OTHER": "other", "E": "e"}, config=path)
    rows = loaded(settings, "select account, unlinked_account from control.accounts order by account")
    assert [tuple(row.values()) for row in rows] == [
        ("a", "unassigned.one"),
        ("b", "unassigned.one"),
        ("c", "unassigned.two"),
        ("d", "unassigned.two"),
        ("e", "e"),
    ]
