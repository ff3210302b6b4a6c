"""The CSV files of the mapping, the waivers and the cohorts."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from parity_pipeline.errors import UsageError
from parity_pipeline.mapping_files import (
    CohortMember,
    CustomerLink,
    Links,
    MeterRow,
    PriceLink,
    Waiver,
    read_links,
)
from parity_pipeline.settings import load_settings

KEYS = {"STRIPE_API_KEY": "rk_test_x", "METRONOME_BEARER_TOKEN": "token-x"}
WAIVER_COLUMNS = "check,customer,subject,reason,approved_by,expires_on,max_minor_units\n"


def links(folder: Path, config: str, **files: str) -> Links:
    """What the files of a folder say."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    path = folder / "parity.toml"
    path.write_text(config, encoding="utf-8")
    return read_links(load_settings(KEYS, config=path))


def told(folder: Path, config: str, **files: str) -> str:
    """The line about files that are refused."""
    with pytest.raises(UsageError) as caught:
        links(folder, config, **files)
    return str(caught.value)


def test_every_file_is_read(tmp_path: Path) -> None:
    """All files give their rows, paths relative to the configuration."""
    found = links(
        tmp_path,
        '[mapping]\ncustomers = "customers.csv"\nmeters = "meters.csv"\nprices = "prices.csv"\n'
        'metric_starts = "starts.csv"\n[waivers]\nfile = "waivers.csv"\n'
        '[cohorts.first]\ncustomers = "first.csv"\nstage = "live"\n',
        customers="stripe_customer_id,metronome_customer_id\ncus_1,m-1\ncus_1,m-2\n",
        meters="event_name,billable_metric_id,pricing_group_values\n"
        'gpu,bm-1,"{""b"": ""2"", ""a"": ""1""}"\n',
        prices="stripe_price_id,product_id,pricing_group_values\nprice_1,p-1,\n",
        starts="billable_metric_id,starts_on\nbm-1,2026-02-03\n",
        waivers=WAIVER_COLUMNS + "invoice_totals,cus_1,usd,agreed,ann,2026-12-31,100.5\n",
        first="stripe_customer_id\ncus_9\n",
    )
    assert found == Links(
        customers=(CustomerLink("default", "cus_1", "m-1"), CustomerLink("default", "cus_1", "m-2")),
        meters=(MeterRow("gpu", "bm-1", '{"a":"1","b":"2"}'),),
        prices=(PriceLink("price_1", "p-1", "{}"),),
        metric_starts=(("bm-1", date(2026, 2, 3)),),
        waivers=(
            Waiver("invoice_totals", "cus_1", "usd", "agreed", "ann", date(2026, 12, 31), Decimal("100.5")),
        ),
        cohorts=(CohortMember("first", "live", "cus_9"),),
    )


def test_metric_starts_may_be_a_table(tmp_path: Path) -> None:
    """The starts of metrics can stand in the configuration itself."""
    found = links(tmp_path, "[mapping.metric_starts]\nbm-1 = 2026-02-03\n")
    assert found.metric_starts == (("bm-1", date(2026, 2, 3)),)


def test_without_files_there_are_no_links(tmp_path: Path) -> None:
    """An empty configuration maps nothing by hand."""
    assert links(tmp_path, "") == Links()


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("event_name\nx\n", "line 1 has no column billable_metric_id"),
        ("event_name,billable_metric_id\nx\n", "line 2 has 1 cells, the header has 2"),
        ("event_name,billable_metric_id\n,bm\n", "line 2, column event_name: is empty"),
        ("event_name,billable_metric_id\nx,a\nx,b\n", "line 3, column event_name"),
        (
            "event_name,billable_metric_id,pricing_group_values\nx,a,{\n",
            "line 2, column pricing_group_values: is no valid JSON",
        ),
        (
            'event_name,billable_metric_id,pricing_group_values\nx,a,"{""a"": 1}"\n',
            "line 2, column pricing_group_values: must be a JSON object of texts",
        ),
        ('event_name,billable_metric_id\n"x', "cannot be read"),
    ],
)
def test_a_mistake_names_file_line_and_column(tmp_path: Path, text: str, mistake: str) -> None:
    """Whoever wrote the file learns where to look."""
    line = told(tmp_path, '[mapping]\nmeters = "meters.csv"\n', meters=text)
    assert mistake in line
    assert "meters.csv" in line


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A named file must exist."""
    assert "none.csv, named in the configuration, cannot be read: No such file" in told(
        tmp_path, '[mapping]\nprices = "none.csv"\n'
    )


def test_a_metronome_customer_belongs_to_one_stripe_customer(tmp_path: Path) -> None:
    """Linking one Metronome customer twice is a mistake; the reverse is not."""
    line = told(
        tmp_path,
        '[mapping]\ncustomers = "customers.csv"\n',
        customers="stripe_customer_id,metronome_customer_id\ncus_1,m-1\ncus_2,m-1\n",
    )
    assert "line 3, column metronome_customer_id" in line


def test_an_account_must_be_known(tmp_path: Path) -> None:
    """A link of another account is refused, not ignored."""
    line = told(
        tmp_path,
        '[mapping]\ncustomers = "customers.csv"\n',
        customers="account,stripe_customer_id,metronome_customer_id\nus,cus_1,m-1\n",
    )
    assert "line 2, column account" in line


TWO = (
    '[accounts.us]\n[accounts.eu]\nstripe_context = "acct_eu"\n[mapping]\n'
    'customers = "customers.csv"\nmeters = "meters.csv"\n[waivers]\nfile = "waivers.csv"\n'
)
APART = 'metronome_bearer_token_env = "STRIPE_API_KEY"\n'
METERS = "event_name,billable_metric_id\n"


def test_with_several_accounts_a_line_names_its_own(tmp_path: Path) -> None:
    """Links and waivers of two accounts; a waiver without an account is for any."""
    found = links(
        tmp_path,
        TWO,
        customers="account,stripe_customer_id,metronome_customer_id\nus,cus_1,m-1\neu,cus_1,m-2\n",
        meters=METERS,
        waivers="account," + WAIVER_COLUMNS + ",event_ingestion,,,x,ann,2026-12-31,\n"
        "eu,event_ingestion,,,x,ann,2026-12-31,\n",
    )
    assert found.customers == (CustomerLink("us", "cus_1", "m-1"), CustomerLink("eu", "cus_1", "m-2"))
    assert [each.account for each in found.waivers] == ["", "eu"]


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("jp,cus_1,m-1", "line 2, column account: is jp; the accounts are us, eu."),
        (",cus_1,m-1", "line 2, column account: is empty; the accounts are us, eu."),
        ("us,cus_1,m-1\neu,cus_1,m-1", "line 3, column metronome_customer_id: is linked"),
    ],
)
def test_a_line_of_no_account_is_a_mistake(row: str, mistake: str, tmp_path: Path) -> None:
    """With several accounts nobody guesses; a customer of a shared environment belongs to one of them."""
    line = told(
        tmp_path,
        TWO,
        customers=f"account,stripe_customer_id,metronome_customer_id\n{row}\n",
        meters=METERS,
        waivers=WAIVER_COLUMNS,
    )
    assert mistake in line


def test_a_meter_may_be_named_once_for_each_environment(tmp_path: Path) -> None:
    """Two environments have metrics of their own; a shared one has one metric for a meter."""
    files = {
        "customers": "account,stripe_customer_id,metronome_customer_id\n",
        "meters": METERS + "gpu,bm-1\ngpu,bm-2\n",
        "waivers": WAIVER_COLUMNS,
    }
    assert "line 3, column event_name" in told(tmp_path, TWO, **files)
    apart = TWO.replace("[accounts.eu]\n", f"[accounts.eu]\n{APART}")
    assert len(links(tmp_path, apart, **files).meters) == 2


def test_the_same_price_link_twice_is_a_mistake(tmp_path: Path) -> None:
    """A price may have several products, but not one of them twice."""
    line = told(
        tmp_path,
        '[mapping]\nprices = "prices.csv"\n',
        prices="stripe_price_id,product_id\nprice_1,p-1\nprice_1,p-1\n",
    )
    assert "line 3, column stripe_price_id" in line


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        ("nothing,cus_1,,why,ann,2026-12-31,", "column check"),
        ("invoice_totals,cus_1,,,ann,2026-12-31,", "column reason: is empty"),
        ("invoice_totals,cus_1,,why,,2026-12-31,", "column approved_by: is empty"),
        ("invoice_totals,cus_1,,why,ann,soon,", "column expires_on"),
        ("invoice_totals,cus_1,,why,ann,2026-12-31,much", "column max_minor_units"),
        ("invoice_totals,cus_1,,why,ann,2026-12-31,-1", "column max_minor_units"),
        ("invoice_totals,cus_1,,why,ann,2026-12-31,1e24", "must be a number of at least 0, and below 10^24"),
        ("invoice_totals,cus_1,,why,ann,2026-12-31,0.0000000000001", "must have at most 12 decimals"),
    ],
)
def test_a_waiver_is_checked(tmp_path: Path, row: str, mistake: str) -> None:
    """A waiver needs a known check, a reason, an approver, a date and a sensible bound."""
    line = told(tmp_path, '[waivers]\nfile = "waivers.csv"\n', waivers=WAIVER_COLUMNS + row + "\n")
    assert "waivers.csv line 2" in line
    assert mistake in line


def test_a_waiver_for_anyone_has_empty_customer_and_subject(tmp_path: Path) -> None:
    """Empty customer, subject and bound mean any."""
    found = links(
        tmp_path,
        '[waivers]\nfile = "waivers.csv"\n',
        waivers=WAIVER_COLUMNS + "invoice_totals,,,why,ann,2026-12-31,\n\n",
    )
    (waiver,) = found.waivers
    assert (waiver.customer, waiver.subject, waiver.max_minor_units) == ("", "", None)


def test_a_cohort_by_metadata_needs_no_file(tmp_path: Path) -> None:
    """It is one member: whoever has the value, in any account."""
    found = links(tmp_path, '[cohorts.a]\nstripe_metadata = {key = "tier", value = "beta"}\nstage = "live"\n')
    assert found.cohorts == (CohortMember("a", "live", None, "", "tier", "beta"),)


@pytest.mark.parametrize("text", ["name\nx\n", "name\n", ""])
def test_a_cohort_needs_a_column_of_ids(tmp_path: Path, text: str) -> None:
    """A cohort file without an id column is refused, also when it names nobody."""
    line = told(tmp_path, '[cohorts.a]\ncustomers = "a.csv"\n', a=text)
    assert "a.csv line 1 has no column stripe_customer_id" in line


@pytest.mark.parametrize("column", ["stripe_customer_id", "customer_id", "customer"])
def test_a_cohorts_column_of_ids(tmp_path: Path, column: str) -> None:
    """Its name may be any of three."""
    found = links(tmp_path, '[cohorts.a]\ncustomers = "a.csv"\n', a=f"{column}\ncus_1\n")
    assert found.cohorts == (CohortMember("a", "parallel", "cus_1"),)
