"""The explanation as Markdown, for a ticket or a chat."""

from parity_pipeline.explain.blocks import Block, Grid, Heading, Sentence
from parity_pipeline.explain.outside_text import markdown


def to_markdown(blocks: list[Block]) -> str:
    """The whole text."""
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {markdown(block.text)}"
    if isinstance(block, Sentence):
        return f"**{markdown(block.label)}** {markdown(block.text)}" if block.label else markdown(block.text)
    return _table(block)


def _table(grid: Grid) -> str:
    rules = ("---:" if number in grid.numbers else "---" for number, _ in enumerate(grid.header))
    lines = [" | ".join(grid.header), " | ".join(rules)]
    lines += [" | ".join(markdown(cell) for cell in row) for row in grid.rows]
    return "\n".join(f"| {line} |" for line in lines)
