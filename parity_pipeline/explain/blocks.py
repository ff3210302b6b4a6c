"""What an explanation is made of: headings, sentences and tables, the same for every rendering."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A title; level 1 is a customer, 2 a part of it."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Sentence:
    """A line of text; `label` is what it begins with, a code."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Grid:
    """A table; the columns in `numbers` are set to the right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]


Block = Heading | Sentence | Grid
