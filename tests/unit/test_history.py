"""The history: what a record keeps, which run a day goes by, rows of GO days, and what changed since."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from parity_pipeline.history import (
    MOST_INCIDENTS,
    Change,
    CheckNote,
    DayRecord,
    IncidentNote,
    changes,
    go_days_before,
    merged,
    place_of,
    read_days,
    write_record,
)
from parity_pipeline.report.history_view import change_line, history_json, show_history, sparkline

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
RATES = IncidentNote("default", "rate_mismatch", "cus_1", {"usd": "-100"})
GAP = IncidentNote("default", "ingestion_gap", "everybody", {})


def record(
    day: int, *, run: str = "a", verdict: str = "GO", incidents: tuple[IncidentNote, ...] = ()
) -> DayRecord:
    """The record of a day of March."""
    return DayRecord(
        run_id=f"202603{day:02}T020000Z-{run}",
        as_of=FIRST + timedelta(days=day - 1),
        verdict=verdict,
        is_go_day=verdict == "GO",
        reasons=() if verdict == "GO" else ("[bold]because[/bold]",),
        checks={"invoice_totals": CheckNote("PASS", "0.0012")},
        incidents=incidents,
    )


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Everything of a record is in its file."""
    written = record(1, verdict="NO_GO", incidents=(RATES, GAP))
    write_record(tmp_path, written)
    assert read_days(tmp_path) == (written,)


def test_a_day_goes_by_its_last_run_and_tells_the_earlier_ones(tmp_path: Path) -> None:
    """Two runs of the first of March leave two files and one day; the second of March stands after it."""
    for each in (record(2), record(1, run="b"), record(1, run="a", verdict="NO_GO")):
        write_record(tmp_path, each)
    assert len(list(tmp_path.iterdir())) == 3
    first, second = read_days(tmp_path)
    assert (first.day, first.verdict) == (date(2026, 3, 1), "NO_GO")
    assert [each.verdict for each in first.earlier] == ["GO"]
    assert second.earlier == ()


def test_days_before_an_instant(tmp_path: Path) -> None:
    """Other runs of the same day are not days before it."""
    for day in (1, 2, 3):
        write_record(tmp_path, record(day))
    assert [each.day.day for each in read_days(tmp_path, before=FIRST + timedelta(days=1))] == [1]


def test_go_days_count_back_to_the_first_gap() -> None:
    """Of 1, 2, 4, 5 March, all GO, two stand unbroken before the sixth, and none before the eighth."""
    days = [record(day) for day in (1, 2, 4, 5)]
    assert go_days_before(days, FIRST + timedelta(days=5)) == 2
    assert go_days_before(days, FIRST + timedelta(days=7)) == 0
    days[-1] = replace(days[-1], is_go_day=False)
    assert go_days_before(days, FIRST + timedelta(days=5)) == 0


def test_a_day_that_waits_for_more_days_is_a_go_day(tmp_path: Path) -> None:
    """UNDECIDED only because too few days are GO is a GO day, else nobody would ever get there."""
    write_record(tmp_path, replace(record(1), verdict="UNDECIDED"))
    assert go_days_before(read_days(tmp_path), FIRST + timedelta(days=1)) == 1


@pytest.mark.parametrize("content", ["{}", "half a rec", "[]", '{"run_id": "a", "as_of": "then"}'])
def test_a_record_that_cannot_be_read_is_no_go_day(content: str, tmp_path: Path) -> None:
    """It replaces an earlier GO of its day, so that it breaks the row."""
    write_record(tmp_path, record(1))
    (tmp_path / "20260301_20260301T090000Z-z.json").write_text(content, encoding="utf-8")
    (day,) = read_days(tmp_path)
    assert (day.verdict, day.is_go_day) == ("UNDECIDED", False)
    assert len(day.earlier) == 1


def test_a_record_of_an_older_version_is_a_day_without_incidents(tmp_path: Path) -> None:
    """A record that does not speak of incidents knows none; nothing is called new beside it."""
    old = {"run_id": "a", "as_of": "2026-03-01T00:00:00Z", "verdict": "GO", "reasons": [], "checks": {}}
    (tmp_path / "20260301_a.json").write_text(json.dumps(old), encoding="utf-8")
    days = read_days(tmp_path)
    assert days[0].is_go_day
    assert changes(days, record(2, incidents=(RATES,))) == ()


def test_a_record_stays_small(tmp_path: Path) -> None:
    """It names a thousand incidents at most, and then says that it does not know them all."""
    many = tuple(
        IncidentNote("default", "unexplained", f"cus_{number}") for number in range(MOST_INCIDENTS + 1)
    )
    write_record(tmp_path, record(1, incidents=many))
    (day,) = read_days(tmp_path)
    assert len(day.incidents) == MOST_INCIDENTS
    assert not day.knows_incidents


def test_new_continuing_and_resolved() -> None:
    """Rates differ since the first of March, the gap is over, another one is new."""
    other = replace(RATES, place="cus_2")
    days = [record(1, incidents=(RATES,)), record(2, incidents=(RATES, GAP))]
    found = changes(days, record(3, incidents=(RATES, other)))
    assert [(each.kind, each.incident.place, each.since) for each in found] == [
        ("new", "cus_2", date(2026, 3, 3)),
        ("resolved", "everybody", date(2026, 3, 2)),
        ("continuing", "cus_1", date(2026, 3, 1)),
    ]


def test_a_blocked_day_resolves_nothing() -> None:
    """A day on which nothing was compared is passed over: the incident continues across it."""
    blocked = replace(record(2), knows_incidents=False)
    assert changes([record(1, incidents=(RATES,))], blocked) == ()
    (change,) = changes([record(1, incidents=(RATES,)), blocked], record(3, incidents=(RATES,)))
    assert change.kind == "continuing"


@pytest.mark.parametrize(
    ("scope", "place"),
    [
        ("cus_00007", "cus_00007"),
        ("everybody: 59 of 60 customers", "everybody"),
        ("12 customers", "several customers"),
        ("api_calls: 3 customers", "api_calls"),
        ("gpu: a100: 1,200 customers", "gpu: a100"),
    ],
)
def test_a_place_does_not_count_its_customers(scope: str, place: str) -> None:
    """An incident that grew since yesterday is still the same."""
    assert place_of(scope) == place


def test_stretches_of_an_incident_are_one_note() -> None:
    """A note holds the money of its currencies and stretches: -100 and 40 cents are -60, and 140 gross."""
    (note,) = merged(
        [
            replace(RATES, gross={"usd": "100"}),
            replace(RATES, amounts={"eur": "5"}, gross={"eur": "5"}),
            replace(RATES, amounts={"usd": "40"}, gross={"usd": "40"}),
        ]
    )
    assert note.amounts == {"usd": "-60", "eur": "5"}
    assert note.gross == {"usd": "140", "eur": "5"}


def test_shares_that_cancel_out_do_not_look_small() -> None:
    """One cent net of 2,492.37 dollars says so, today and when it is read again; one share says it once."""
    twin = replace(RATES, cause="customer_unmapped", amounts={"usd": "-1"}, gross={"usd": "249237"})
    single = replace(RATES, gross={"usd": "100"})
    lines = [change_line(Change("new", each, date(2026, 3, 1))) for each in (twin, single)]
    assert lines == [
        "new: customer_unmapped, cus_1 (-0.01 USD net, 2,492.37 USD gross)",
        "new: rate_mismatch, cus_1 (-1.00 USD)",
    ]


def test_a_record_keeps_the_gross(tmp_path: Path) -> None:
    """What is written is read; a record of before there was a gross has none."""
    write_record(tmp_path, record(1, incidents=(replace(RATES, gross={"usd": "300"}),)))
    (day,) = read_days(tmp_path)
    assert day.incidents[0].gross == {"usd": "300"}
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text(encoding="utf-8").replace('"gross"', '"unknown"'), encoding="utf-8")
    assert read_days(tmp_path)[0].incidents[0].gross == {}


def test_a_sparkline_goes_from_zero_to_its_greatest() -> None:
    """Zero is the lowest bar, the greatest the highest, a little is never nothing, unknown is a dot."""
    assert sparkline([Decimal(0), Decimal("0.0001"), None, Decimal(1)]) == "▁▂·█"
    assert sparkline([Decimal(0), Decimal(0)]) == "▁▁"
    assert sparkline([]) == ""


def shown(*days: DayRecord) -> str:
    """What the terminal shows."""
    output = StringIO()
    show_history(days, Console(file=output, width=80, color_system=None), shown=30)
    return output.getvalue()


def test_the_terminal_shows_days_bars_and_changes() -> None:
    """A verdict a day with its reason as text, a bar a day, the changes with their money."""
    first = replace(record(1), earlier=(record(1, run="0", verdict="NO_GO"),))
    text = shown(first, record(2, verdict="NO_GO", incidents=(RATES,)))
    assert "2026-03-01  GO" in text
    assert "replaces NO_GO of run 20260301T020000Z-0" in text
    assert "[bold]because[/bold]" in text
    assert "2026-03-01 to 2026-03-02" in text
    assert "██" in text
    assert "0.12 %" in text
    assert "1 new, 0 resolved, 0 continuing" in text
    assert "- new: rate_mismatch, cus_1 (-1.00 USD)" in text


def test_the_history_as_json() -> None:
    """Machines get the days, what each replaced, and the changes with exact amounts."""
    first = replace(record(1), earlier=(record(1, run="0", verdict="NO_GO"),))
    content = json.loads(history_json((first, record(2, incidents=(RATES,))), shown=30))
    assert content["schema_version"] == 1
    assert content["days"][0]["replaces"] == [{"run_id": "20260301T020000Z-0", "verdict": "NO_GO"}]
    assert content["days"][1]["checks"] == {"invoice_totals": {"status": "PASS", "gate_ratio": "0.0012"}}
    assert content["changes"] == [
        {
            "change": "new",
            "account": "default",
            "cause": "rate_mismatch",
            "place": "cus_1",
            "since": "2026-03-02",
            "amount": {"usd": "-100"},
            "gross_amount": {},
        }
    ]
