"""How far a pull is: one line that replaces itself on a terminal, now and then a line in a log.

What is read, and in which order, is decided in sources.
"""

import math
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.text import Text

Tell = Callable[[str], None]

LOG_SECONDS: Final = 30.0
TERMINAL_SECONDS: Final = 1.0


class StatusLine(str):
    """A line that the next one of its kind replaces, where that is possible."""

    __slots__ = ()


class Terminal:
    """Tells lines to a terminal; a status line is overwritten by whatever comes next."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, line: str) -> None:
        """Tell one line."""
        is_status = isinstance(line, StatusLine)
        whole = line.ljust(self._console.width - 1)
        self._console.print(Text(whole, style="dim"), end="\r" if is_status else "\n", soft_wrap=True)


def teller(console: Console, *, quiet: bool) -> Tell:
    """How to tell what happens: not at all, on a terminal, or line by line in a log."""
    if quiet:
        return lambda _: None
    if console.is_terminal:
        return Terminal(console)
    return lambda line: console.print(Text(line, style="dim"), soft_wrap=True)


def seconds_between(tell: Tell) -> float:
    """How often to tell a status line."""
    return TERMINAL_SECONDS if isinstance(tell, Terminal) else LOG_SECONDS


def status(*, answered: int, planned: int, seconds: float) -> StatusLine:
    """The questions that were answered, how fast, and how many are left; a plan of 0 is none."""
    rate = answered / seconds if seconds > 0 else 0.0
    line = f"{answered} requests, {rate:.1f} a second"
    left = planned - answered
    if planned and left > 0:
        line += f", about {left} left"
        if rate:
            line += f", {duration(left / rate)}"
    return StatusLine(line)


def duration(seconds: float) -> str:
    """Rounded up for people: `45 s`, `7 min`, `4.4 h`."""
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
