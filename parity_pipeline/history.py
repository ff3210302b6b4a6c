"""The history: one small record a run, kept for ever; what each day came to, and what changed since.

Days are UTC dates of `as_of`. A day that was run again is what its last run said; the earlier runs stay and
are told.
Nothing here reads a database.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

from parity_pipeline.amounts import exact
from parity_pipeline.periods import rfc3339

MOST_INCIDENTS: Final = 1000
"""A record names at most so many, the greatest, so that it stays small."""

ChangeKind = Literal["new", "continuing", "resolved"]
_COUNTED_SCOPE: Final = re.compile(r"^(?:(?P<place>.+): )?[\d,]+ (?:of [\d,]+ )?customers?$")
_UNREADABLE: Final = "The record of this run cannot be read."


@dataclass(frozen=True)
class CheckNote:
    """One check of a day; the greatest gate ratio as a decimal string."""

    status: str
    gate_ratio: str


@dataclass(frozen=True)
class IncidentNote:
    """An incident as a record keeps it; amounts are decimal strings in minor units, by currency.

    `gross` counts each of its shares positive; a record of an older run does not know it.
    """

    account: str
    cause: str
    place: str
    amounts: Mapping[str, str] = field(default_factory=dict)
    gross: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same incident on another day: it may grow or shrink."""
        return self.account, self.cause, self.place


@dataclass(frozen=True)
class DayRecord:
    """What one run came to. `earlier` are the runs of the same day that it replaced, the first one first."""

    run_id: str
    as_of: datetime
    verdict: str
    is_go_day: bool
    """Whether the day's own evidence says GO, whatever the days before it said."""
    reasons: tuple[str, ...] = ()
    checks: Mapping[str, CheckNote] = field(default_factory=dict)
    go_cohorts: tuple[str, ...] = ()
    """Cohorts whose own evidence says GO."""
    incidents: tuple[IncidentNote, ...] = ()
    knows_incidents: bool = True
    """False for a record that does not hold all its incidents."""
    run_of_day: int = 1
    """1 for the first run of its day."""
    earlier: tuple["DayRecord", ...] = ()

    @property
    def day(self) -> date:
        """The UTC date of the run's instant."""
        return self.as_of.date()


@dataclass(frozen=True)
class Change:
    """An incident beside the day before. `since` is the first day of the unbroken row that has it."""

    kind: ChangeKind
    incident: IncidentNote
    since: date


def place_of(scope: str) -> str:
    """Who or what an incident is about, without how many that is today."""
    counted = _COUNTED_SCOPE.match(scope)
    return scope if counted is None else counted["place"] or "several customers"


def write_record(folder: Path, record: DayRecord) -> None:
    """Add one run's record; the file appears whole or not at all."""
    content = {
        "run_id": record.run_id,
        "run_of_day": len(list(folder.glob(f"{record.as_of:%Y%m%d}_*.json"))) + 1,
        "as_of": rfc3339(record.as_of),
        "verdict": record.verdict,
        "go_day": record.is_go_day,
        "go_cohorts": list(record.go_cohorts),
        "reasons": list(record.reasons),
        "checks": {
            name: {"status": each.status, "gate_ratio": each.gate_ratio}
            for name, each in record.checks.items()
        },
        "incidents": [
            {
                "account": each.account,
                "cause": each.cause,
                "place": each.place,
                "amounts": dict(each.amounts),
                "gross": dict(each.gross),
            }
            for each in record.incidents[:MOST_INCIDENTS]
        ],
        "incidents_complete": record.knows_incidents and len(record.incidents) <= MOST_INCIDENTS,
    }
    target = folder / f"{record.as_of:%Y%m%d}_{record.run_id}.json"
    aside = target.with_suffix(".new")
    aside.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(target)


def read_days(folder: Path, *, before: datetime | None = None) -> tuple[DayRecord, ...]:
    """The days of a history, the oldest first; with `before`, only days before that instant's."""
    by_day: dict[date, list[DayRecord]] = {}
    for file in sorted(folder.glob("*_*.json")):
        record = _read(file)
        if record is not None and (before is None or record.day < before.date()):
            by_day.setdefault(record.day, []).append(record)
    days = []
    for _, runs in sorted(by_day.items()):
        *earlier, last = sorted(runs, key=lambda each: (each.run_of_day, each.run_id))
        days.append(replace(last, earlier=tuple(earlier)))
    return tuple(days)


def go_days_before(days: Sequence[DayRecord], as_of: datetime, *, cohort: str | None = None) -> int:
    """How many days without a gap, up to the one before `as_of`, were GO by their own evidence."""
    go_days = {each.day for each in days if (each.is_go_day if cohort is None else cohort in each.go_cohorts)}
    count, day = 0, as_of.date() - timedelta(days=1)
    while day in go_days:
        count, day = count + 1, day - timedelta(days=1)
    return count


def changes(days: Sequence[DayRecord], today: DayRecord) -> tuple[Change, ...]:
    """New, continuing and resolved incidents since the last day that knows them; none without such a day."""
    past = [each for each in days if each.day < today.day and each.knows_incidents]
    if not past or not today.knows_incidents:
        return ()
    before = {each.key: each for each in past[-1].incidents}
    now = {each.key: each for each in today.incidents}
    told = [
        Change("continuing" if key in before else "new", each, _since(past, key, today.day))
        for key, each in now.items()
    ]
    told += [
        Change("resolved", each, _since(past[:-1], key, past[-1].day))
        for key, each in before.items()
        if key not in now
    ]
    order: tuple[ChangeKind, ...] = ("new", "resolved", "continuing")
    return tuple(sorted(told, key=lambda each: order.index(each.kind)))


def merged(notes: Iterable[IncidentNote]) -> tuple[IncidentNote, ...]:
    """One note for each place and cause: the money of its stretches of time is added up, by currency."""
    found: dict[tuple[str, str, str], IncidentNote] = {}
    for each in notes:
        known = found.get(each.key)
        found[each.key] = (
            each
            if known is None
            else replace(
                known, amounts=_sums(known.amounts, each.amounts), gross=_sums(known.gross, each.gross)
            )
        )
    return tuple(found.values())


def _sums(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    return {
        currency: exact(Decimal(one.get(currency, "0")) + Decimal(other.get(currency, "0")))
        for currency in {**one, **other}
    }


def _since(past: Sequence[DayRecord], key: tuple[str, str, str], day: date) -> date:
    for each in reversed(past):
        if not any(note.key == key for note in each.incidents):
            break
        day = each.day
    return day


def _read(file: Path) -> DayRecord | None:
    """A record; what cannot be read is a day that is not GO, if the name tells which."""
    day, _, run_id = file.stem.partition("_")
    try:
        return _record(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    try:
        as_of = datetime.fromisoformat(f"{day}T00:00:00Z")
    except ValueError:
        return None
    return DayRecord(
        run_id=run_id,
        as_of=as_of,
        verdict="UNDECIDED",
        is_go_day=False,
        reasons=(_UNREADABLE,),
        knows_incidents=False,
        run_of_day=sys.maxsize,  # nobody knows, so it counts, whatever the others say
    )


def _record(content: Mapping[str, Any]) -> DayRecord:
    return DayRecord(
        run_id=content["run_id"],
        as_of=datetime.fromisoformat(content["as_of"]),
        verdict=content["verdict"],
        is_go_day=content.get("go_day", content["verdict"] == "GO") is True,
        reasons=tuple(content["reasons"]),
        go_cohorts=tuple(content.get("go_cohorts", [])),
        checks={
            name: CheckNote(each["status"], each["gate_ratio"]) for name, each in content["checks"].items()
        },
        incidents=tuple(
            IncidentNote(
                each["account"], each["cause"], each["place"], each["amounts"], each.get("gross", {})
            )
            for each in content.get("incidents", [])
        ),
        knows_incidents=content.get("incidents_complete", False) is True,
        run_of_day=int(content.get("run_of_day", 0)),
    )
