"""An answer on a terminal: a table that fits, else one block a row. The values are text already."""

from collections.abc import Sequence
from itertools import zip_longest

from rich.console import Console
from rich.table import Table
from rich.text import Text


def show_questions(questions: Sequence[tuple[str, str]], console: Console) -> None:
    """Print the saved questions by name."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("name", no_wrap=True)
    table.add_column("question")
    for name, question in questions:
        table.add_row(Text(name), Text(question))
    console.print(table)


def show_answer(
    question: str, columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console
) -> None:
    """Print the question and its answer."""
    console.print(Text(question, style="dim"), soft_wrap=True)
    if not rows:
        console.print(Text("No row."))
    elif _width(columns, rows) <= console.width:
        console.print(_table(columns, rows))
    else:
        _show_blocks(columns, rows, console)


def _width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    widths = [max(map(len, values)) for values in zip_longest(columns, *rows, fillvalue="")]
    return sum(widths) + len(widths) - 1


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    for place, column in enumerate(columns):
        is_number = all(_is_number(row[place]) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _show_blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> None:
    wide = max(map(len, columns))
    for row in rows:
        console.print()
        for column, value in zip(columns, row, strict=True):
            if value:
                console.print(Text(f"{column:{wide}}  {value}"), soft_wrap=True)


def _is_number(text: str) -> bool:
    return text == "" or text.lstrip("-").replace(".", "", 1).isdigit()
