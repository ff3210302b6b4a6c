"""report.html in a real browser: it works, asks nobody, and stays quick with many customers."""

import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from browser import Page, browser_page, needs_browser
from sandbox_runs import Run, run_world, world

from parity_pipeline import warehouse
from parity_pipeline.report.as_html import to_html
from parity_pipeline.report.page import collect_page
from parity_pipeline.report.page_grids import customers_grid

HOSTILE = "<img src=x onerror=document.title='broken'>"
FAULTS = ("events_missing", "rate_mismatch", "group_value_unrated", "auto_charge_enabled")
WAIVERS = """check,customer,subject,reason,approved_by,expires_on,max_minor_units
invoice_totals,cus_00028,usd,the price of the pilot,ann,2026-12-31,
"""
MOST_BYTES = 5_000_000
CUSTOMERS = """
insert into parity.customer_status by name
select
    'default' as account, 'cus_' || md5(number::varchar)[1:14] as stripe_customer_id,
    uuid()::varchar as metronome_customer_id,
    case when number < 5000 then 'not_in_parity' else 'in_parity' end as status,
    '{}' as expected_by_currency, '{}' as actual_by_currency
from range(100000) as numbers(number)
"""
TOTALS = """
insert into parity.invoice_totals by name
select
    'default' as account, 'cus_' || md5(number::varchar)[1:14] as stripe_customer_id, 'usd' as currency,
    timestamp '2026-05-01' as period_start, timestamp '2026-06-01' as period_end, 'both' as presence,
    1234567 + number as expected_value,
    1234567 + number - (number < 5000)::int * (number + 20000) as actual_value,
    -(number < 5000)::int * (number + 20000) as variance, 0 as variance_ratio,
    case when number < 5000 then 'breach' else 'match' end as status
from range(100000) as numbers(number)
"""
FINDINGS = f"""
insert into parity.findings by name
select
    'invoice_totals' as check_name, 'default' as account,
    case when number = 7 then '{HOSTILE.replace("'", "''")}' else 'cus_' || md5(number::varchar)[1:14] end
        as stripe_customer_id,
    'usd' as currency, timestamp '2026-05-01' as period_start, timestamp '2026-06-01' as period_end,
    -(number + 20000) as variance, 'rate_mismatch' as cause,
    'The quantity is the same; Stripe asks 1.25 cents a call, Metronome 1.2' || number || ' cents.'
        as explanation
from range(5000) as numbers(number)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with faults, of which a waiver accepts one customer's."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "config").mkdir()
    (folder / "config" / "waivers.csv").write_text(WAIVERS, encoding="utf-8")
    return run_world(world(*FAULTS), folder, configuration='[waivers]\nfile = "waivers.csv"\n')


@pytest.fixture(scope="module")
def large(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that run when it had a hundred thousand customers more, of whom five thousand differ."""
    folder = tmp_path_factory.mktemp("large")
    copy = folder / "large.duckdb"
    copy.write_bytes((run.home / "published" / "billing_parity.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as connection:
        for statement in (CUSTOMERS, TOTALS, FINDINGS):
            connection.execute(statement)
        page = collect_page(connection)
    (folder / "report.html").write_text(to_html(run.result, page), encoding="utf-8")
    return folder / "report.html"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page of a browser of its own."""
    with browser_page(tmp_path / "profile") as opened:
        yield opened


def test_the_page_of_a_large_run_is_small(large: Path) -> None:
    """Under five megabytes with 100,000 customers and 5,000 breaches; what is left out is told."""
    assert large.stat().st_size < MOST_BYTES
    assert "of 100,060 are here" in large.read_text(encoding="utf-8")


def test_everybody_who_has_to_wait_knows_for_what(run: Run) -> None:
    """An annual subscription settles next year, a young one has billed nothing; a waived customer says so."""
    with warehouse.connect(run.home / "published" / "billing_parity.duckdb", read_only=True) as connection:
        rows = {row[0]: row[1:3] for row in customers_grid(connection).rows}
    assert rows["cus_00012"] == ("nothing settled yet", "settles 2027-05-10")
    assert rows["cus_00049"] == ("nothing settled yet", "nothing billed yet")
    assert rows["cus_00028"] == ("could be cut over today", "waived")
    assert all(why for status, why in rows.values() if status != "could be cut over today")


@needs_browser
def test_the_page_asks_nobody_and_complains_of_nothing(run: Run, page: Page) -> None:
    """Opening it is one request, for the file itself, and no message on the console."""
    file = run.home / "published" / "report.html"
    page.open(file)
    page.run("new Promise(resolve => setTimeout(resolve, 200))")
    assert page.requests == [file.resolve().as_uri()]
    assert page.complaints == []
    assert page.run("document.querySelector('h1').textContent") == "NO GO"


@needs_browser
def test_tables_search_filter_and_sort(large: Path, page: Page) -> None:
    """Each answers in half a second over tens of thousands of rows; hostile text stays text."""
    started = time.monotonic()
    page.open(large)
    assert time.monotonic() - started < 10
    page.run("globalThis.grid = document.querySelector('[data-grid=customers-data]')")
    told = "grid.querySelector('[role=status]').textContent"
    assert page.run(told) == "Rows 1 to 25 of 50,000"
    page.run("grid.querySelectorAll('select')[0].value = 'cannot be cut over yet'")
    assert milliseconds(page, "grid.querySelectorAll('select')[0].onchange()") < 500
    assert page.run(told).split(" of ")[1].startswith("5,0")
    sort = "[...grid.querySelectorAll('th button')].find(each => each.textContent === 'Stripe')"
    assert milliseconds(page, f"{sort}.click()") < 500
    assert page.run(f"{sort}.parentElement.getAttribute('aria-sort')") == "descending"
    search = "grid.querySelector('input[type=search]')"
    page.run("grid.querySelectorAll('select')[0].value = ''; grid.querySelectorAll('select')[0].onchange()")
    page.run(f"{search}.value = 'cus_00028'")
    assert milliseconds(page, f"{search}.oninput()") < 500
    assert page.run(told) == "Rows 1 to 1 of 1"
    assert page.run("grid.querySelector('tbody tr').innerText").split("\t")[2] == "waived"
    assert page.run("size('1,246.19 USD') > size('1,478 JPY') && size('2 EUR, 20.00 USD') == 2000")
    page.run("globalThis.grid = document.querySelector('[data-grid=findings-data]')")
    page.run(f"{search}.value = '<img'; {search}.oninput()")
    assert page.run("grid.querySelector('td').textContent") == HOSTILE
    assert page.run("document.images.length") == 0
    assert "broken" not in page.run("document.title")
    assert page.complaints == []


@needs_browser
def test_a_customer_unfolds_by_keyboard(run: Run, page: Page) -> None:
    """The first of the greatest differences opens with Enter and shows what lies between the sides."""
    page.open(run.home / "published" / "report.html")
    page.run(
        "globalThis.worst = [...document.querySelectorAll('main > details')]"
        ".find(each => each.querySelector('summary code')); worst.querySelector('summary').focus()"
    )
    assert page.run("worst.open") is False
    for kind in ("keyDown", "keyUp"):
        page.send(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            windowsVirtualKeyCode=13,
            text="\r",
        )
    assert page.run("worst.open") is True
    assert page.run("worst.innerText.includes('Stripe') && worst.innerText.includes('Metronome')")
    assert page.run("worst.innerText.includes('parity explain ')")


@needs_browser
def test_dark_print_and_phone(run: Run, page: Page) -> None:
    """Dark is dark, paper is white and has every unit and cycle, and nothing sticks out of a phone."""
    file = run.home / "published" / "report.html"
    ground = "getComputedStyle(document.body).backgroundColor"
    page.look(scheme="dark")
    page.open(file)
    assert page.run(ground) == "rgb(20, 23, 27)"
    page.look(scheme="dark", medium="print")
    assert page.run(ground) == "rgb(255, 255, 255)"
    assert page.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run("[...document.querySelectorAll('details.print')].every(each => each.open)")
    page.look(width=800, medium="print")
    assert page.run("document.documentElement.scrollWidth") <= 800
    page.look(width=390)
    page.open(file)
    assert page.run("document.documentElement.scrollWidth") <= 390


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_a_readers_way(run: Run, page: Page, scheme: str) -> None:
    """axe-core finds no serious or critical fault, in either scheme, with everything unfolded."""
    page.look(scheme=scheme)
    page.open(run.home / "published" / "report.html")
    page.run("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    page.run(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8") + "; 0")
    faults = page.run(
        "axe.run().then(found => found.violations"
        ".filter(each => ['serious', 'critical'].includes(each.impact))"
        ".map(each => each.id + ': ' + each.nodes[0].html + ' ' + each.nodes[0].failureSummary))"
    )
    assert faults == []


def test_the_page_reads_only_published_tables(run: Run) -> None:
    """What a run publishes is enough to draw its page again."""
    with warehouse.connect(run.home / "published" / "billing_parity.duckdb", read_only=True) as connection:
        again = to_html(run.result, collect_page(connection))
    assert again == (run.home / "published" / "report.html").read_text(encoding="utf-8")


def milliseconds(page: Page, action: str) -> float:
    """How long the page takes for something."""
    return float(
        page.run(f"(() => {{ const at = performance.now(); {action}; return performance.now() - at; }})()")
    )
