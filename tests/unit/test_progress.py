"""How far a pull is, in words: on a terminal, in a log, and not at all."""

import io

import pytest
from rich.console import Console

from parity_pipeline.progress import (
    LOG_SECONDS,
    TERMINAL_SECONDS,
    StatusLine,
    duration,
    seconds_between,
    status,
    teller,
)


def _console(*, is_terminal: bool) -> tuple[Console, io.StringIO]:
    shown = io.StringIO()
    return Console(file=shown, force_terminal=is_terminal, no_color=True, width=30), shown


@pytest.mark.parametrize(
    ("answered", "planned", "seconds", "line"),
    [
        (50, 150, 2, "50 requests, 25.0 a second, about 100 left, 4 s"),
        (50, 0, 2, "50 requests, 25.0 a second"),
        (160, 150, 2, "160 requests, 80.0 a second"),
        (0, 150, 0, "0 requests, 0.0 a second, about 150 left"),
    ],
    ids=["with a plan", "without one", "more than planned", "at the start"],
)
def test_the_status(answered: int, planned: int, seconds: float, line: str) -> None:
    """Rate and what is left, as far as a plan tells it."""
    assert status(answered=answered, planned=planned, seconds=seconds) == line


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (119, "119 s"), (121, "3 min"), (7200, "2.0 h"), (15_840, "4.4 h")]
)
def test_durations(seconds: float, words: str) -> None:
    """Rounded up, in the unit that people would use."""
    assert duration(seconds) == words


def test_on_a_terminal_the_status_is_overwritten() -> None:
    """It ends with a return instead of a new line, and what follows covers all of it."""
    console, shown = _console(is_terminal=True)
    tell = teller(console, quiet=False)
    tell(StatusLine("5 requests"))
    tell("stripe/prices: 3 rows")
    text = shown.getvalue()
    first, _, second = text.partition("\r")
    assert "5 requests" in first
    assert "\n" not in first
    assert "stripe/prices: 3 rows" in second
    assert second.endswith("\n")
    assert seconds_between(tell) == TERMINAL_SECONDS


def test_in_a_log_each_line_stands_alone() -> None:
    """Plain lines, no control characters, and seldom a status."""
    console, shown = _console(is_terminal=False)
    tell = teller(console, quiet=False)
    tell(StatusLine("5 requests"))
    tell("stripe/prices: 3 rows")
    assert shown.getvalue() == "5 requests\nstripe/prices: 3 rows\n"
    assert seconds_between(tell) == LOG_SECONDS


def test_quiet_is_silent() -> None:
    """Nothing at all is told."""
    console, shown = _console(is_terminal=True)
    teller(console, quiet=True)("stripe/prices: 3 rows")
    assert shown.getvalue() == ""
