"""The explanation on a terminal: readable at 80 columns, with or without colour."""

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parity_pipeline.explain.blocks import Block, Grid, Heading, Sentence
from parity_pipeline.explain.outside_text import visible


def show(blocks: list[Block], console: Console) -> None:
    """Print the blocks; texts from outside are shown as they are, never as markup."""
    before: Block | None = None
    for block in blocks:
        if isinstance(block, Heading):
            style = "bold" if block.level == 1 else "bold cyan"
            console.print(Text(("" if before is None else "\n") + visible(block.text), style=style))
        elif isinstance(block, Sentence):
            _show_sentence(block, before, console)
        else:
            console.print(Padding(_table(block), (1 if isinstance(before, Grid) else 0, 0, 0, 2)))
        before = block


def _show_sentence(sentence: Sentence, before: Block | None, console: Console) -> None:
    """A label stands once above all sentences that follow with the same one."""
    is_first = not isinstance(before, Sentence) or before.label != sentence.label
    if sentence.label and is_first:
        console.print(Text(f"  {visible(sentence.label)}", style="bold"))
    console.print(Padding(Text(visible(sentence.text)), (0, 0, 0, 4 if sentence.label else 2)))


def _table(grid: Grid) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="dim", show_edge=False)
    for number, title in enumerate(grid.header):
        is_number = number in grid.numbers
        table.add_column(
            Text(title), justify="right" if is_number else "left", no_wrap=is_number, overflow="fold"
        )
    for row in grid.rows:
        table.add_row(*(Text(_cell(cell)) for cell in row))
    return table


def _cell(text: str) -> str:
    indent = len(text) - len(text.lstrip(" "))
    return " " * indent + visible(text)
