"""Who is asked for event summaries in a run that may not ask everybody."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from parity_pipeline.periods import DAY
from parity_pipeline.sources.stripe_rotation import Known, chosen

FIRST = datetime(2026, 5, 11, tzinfo=UTC)


def _known(day: int) -> Known:
    return Known(FIRST + day * DAY, FIRST + day * DAY + timedelta(hours=2))


@pytest.mark.parametrize(
    ("costs", "known", "doubtful", "most", "asked"),
    [
        ({"a": 1, "b": 1, "c": 1}, {}, "", 2, "ab"),
        ({"a": 1, "b": 1, "c": 1}, {"a": 0, "b": 1}, "", 2, "ac"),
        ({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 1, "c": 0}, "", 2, "bc"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 0, "b": 1, "c": 2, "d": 3}, "d", 2, "ad"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 0, "b": 1, "c": 2, "d": 3}, "bcd", 2, "ab"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"a": 0, "b": 1, "c": 2, "d": 3}, "bcd", 3, "abc"),
        ({"a": 1, "b": 1, "c": 1, "d": 1}, {"d": 0}, "abcd", 3, "abc"),
        ({"a": 9, "b": 1, "c": 1}, {}, "", 2, "a"),
        ({"a": 9, "b": 9, "c": 1}, {}, "a", 4, "ab"),
        ({"a": 1, "b": 3, "c": 1}, {}, "", 2, "ab"),
        ({"a": 1}, {}, "", 0, ""),
    ],
    ids=[
        "never asked, by name",
        "never asked before the oldest",
        "the oldest first",
        "doubtful before all",
        "doubtful take half, the oldest of them first",
        "half of three is one, and one more that the others leave",
        "nobody but doubtful",
        "whole customers, however large",
        "a large doubtful one leaves the others their half",
        "the last one in full",
        "nothing is left",
    ],
)
def test_who_is_asked(
    costs: dict[str, int], known: dict[str, int], doubtful: str, most: int, asked: str
) -> None:
    """Customers with their questions, the day on which each was read, and how many questions a run has."""
    since = {each: _known(day) for each, day in known.items()}
    assert "".join(sorted(chosen(costs, since, set(doubtful), most))) == asked


@pytest.mark.parametrize("doubtful_customers", [0, 3, 30])
def test_nobody_starves(doubtful_customers: int) -> None:
    """Forty customers of one to five questions, ten a run, some never in parity: all come again in time.

    120 questions are twelve runs. Where half of each run is for the doubtful, both groups take what is
    theirs divided by five: 90 doubtful ones (30 customers) 18 runs.
    """
    costs = {f"cus_{number:02}": 1 + number % 5 for number in range(40)}
    doubtful = set(sorted(costs)[:doubtful_customers])
    share = 10 if not doubtful else 5
    of = {
        group: sum(costs[each] for each in group)
        for group in (frozenset(doubtful), frozenset(costs) - doubtful)
    }
    longest = max(math.ceil(questions / share) for questions in of.values())
    assert longest == {0: 12, 3: 23, 30: 18}[doubtful_customers]
    known: dict[str, Known] = {}
    for run in range(80):
        asked = chosen(costs, known, doubtful, 10)
        assert asked == chosen(dict(reversed(costs.items())), known, doubtful, 10)
        known |= dict.fromkeys(asked, _known(run))
        if run >= longest:
            assert known.keys() == costs.keys()
            oldest = min(each.until for each in known.values())
            assert (FIRST + run * DAY - oldest) / DAY <= longest
