"""The command `parity explain`: what it takes, what it prints and how it ends. It asks no vendor."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from parity_pipeline.command_line import ConfigOption, HomeOption, chosen_home, told_plainly
from parity_pipeline.errors import UsageError

if TYPE_CHECKING:
    from parity_pipeline.explain.explanation import Explanation

_FORMATS = ("text", "json", "md")


def explain(
    customer: Annotated[str, typer.Argument(help="Stripe id, Metronome id or ingest alias.")],
    *,
    period: Annotated[
        str | None, typer.Option(help="A month (2026-05) or a day; default: all.", show_default=False)
    ] = None,
    suggest: Annotated[
        bool, typer.Option("--suggest", help="Add lines for the mapping and waiver files, to be reviewed.")
    ] = False,
    format_: Annotated[str, typer.Option("--format", help="text, json or md.")] = "text",
    home: HomeOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell why a customer differs in the last published run, to the cent. Exit 4 for an unknown customer."""
    from parity_pipeline.explain.collect import explain_customer
    from parity_pipeline.explain.period_filter import read_period
    from parity_pipeline.explain.suggestions import suggestions
    from parity_pipeline.settings import load_file_names

    with told_plainly(chosen_home(home)):
        if format_ not in _FORMATS:
            raise UsageError(f"--format must be one of {', '.join(_FORMATS)} (it is {format_}).")
        names = load_file_names(config=config)
        told = explain_customer(chosen_home(home), customer, wanted=read_period(period))
        lines = suggestions(told) if suggest else None
        _show(told, format_, lines, names)


def _show(told: "Explanation", format_: str, lines: dict[str, str] | None, names: dict[str, str]) -> None:
    from parity_pipeline.explain.as_json import to_json
    from parity_pipeline.explain.as_markdown import to_markdown
    from parity_pipeline.explain.as_text import show
    from parity_pipeline.explain.document import document

    if format_ == "json":
        sys.stdout.write(to_json(told, lines))
        return
    if format_ == "md":
        sys.stdout.write(to_markdown(document(told)))
    else:
        show(document(told), Console())
    for kind, text in (lines or {}).items():
        _show_lines(f"For {names[kind]}, after a review:", text, is_markdown=format_ == "md")


def _show_lines(title: str, text: str, *, is_markdown: bool) -> None:
    """CSV as it goes into the file; nothing wraps or colours it."""
    from parity_pipeline.explain.outside_text import visible

    if not text:
        return
    lines = [visible(line) for line in text.splitlines()]
    if is_markdown:
        sys.stdout.write("\n".join(["", f"## {title}", "", *(f"    {line}" for line in lines), ""]))
        return
    console = Console()
    for line in ("", title, *lines):
        console.print(Text(line), soft_wrap=True)
