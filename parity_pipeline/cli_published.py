"""The commands over what was published: history, query, export, sign-off.

Nothing here asks a vendor.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from parity_pipeline.command_line import HomeOption, chosen_home, told_plainly
from parity_pipeline.errors import UsageError


def history(
    *,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    days: Annotated[int, typer.Option(min=1, help="How many of the last days to show.")] = 30,
    home: HomeOption = None,
) -> None:
    """Tell what each day came to, with a sparkline for each check, and what changed since the day before."""
    from parity_pipeline.history import read_days
    from parity_pipeline.home import Home
    from parity_pipeline.report.history_view import history_json, show_history

    with told_plainly(chosen_home(home)):
        place = Home(chosen_home(home))
        found = read_days(place.history)
        if format_ == "json":
            sys.stdout.write(history_json(found, shown=days))
        elif format_ != "text":
            raise UsageError(f"--format must be text or json (it is {format_}).")
        elif found:
            show_history(found, Console(), shown=days)
        else:
            sys.stdout.write(f"No run has been recorded in {place.folder} yet.\n")


def query(
    *,
    name: Annotated[str | None, typer.Argument(help="The question; without it, all are listed.")] = None,
    format_: Annotated[str, typer.Option("--format", help="text, csv or json.")] = "text",
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the question's SQL instead of asking it.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Ask the last published run a saved question, or list the questions."""
    from parity_pipeline import published_tables as tables
    from parity_pipeline.report.answer_view import show_answer, show_questions

    with told_plainly(chosen_home(home)):
        if format_ not in ("text", "csv", "json"):
            raise UsageError(f"--format must be text, csv or json (it is {format_}).")
        if name is None:
            show_questions([(each.name, each.question) for each in tables.load_queries()], Console())
            return
        found = tables.find_query(name)
        if sql:
            sys.stdout.write(found.sql)
            return
        answer = tables.ask(chosen_home(home), found)
        if format_ == "text":
            show_answer(found.question, answer.columns, answer.rows, Console())
        else:
            sys.stdout.write(tables.as_csv(answer) if format_ == "csv" else tables.as_json(answer))


def export(
    *,
    tables: Annotated[
        list[str] | None, typer.Argument(help="Tables such as parity.findings; default all.")
    ] = None,
    to: Annotated[Path, typer.Option(help="Folder to write to.")],
    format_: Annotated[str, typer.Option("--format", help="parquet or csv.")] = "parquet",
    home: HomeOption = None,
) -> None:
    """Write the published tables as Parquet or CSV, one file each."""
    from parity_pipeline.published_tables import export_tables

    with told_plainly(chosen_home(home)):
        files = export_tables(chosen_home(home), to, names=tables or (), kind=format_)
        Console().print(
            f"{len(files)} files in {to.resolve()}", soft_wrap=True, markup=False, highlight=False
        )


def signoff(
    *,
    by: Annotated[str, typer.Option(help="Who signs.")],
    note: Annotated[str, typer.Option(help="What is accepted, and why.")] = "",
    home: HomeOption = None,
) -> None:
    """Record who accepted the last published run, and keep a sealed copy of it. Decides nothing."""
    from parity_pipeline.home import Home
    from parity_pipeline.signoff import sign

    with told_plainly(chosen_home(home)):
        signed = sign(Home(chosen_home(home)), by=by, note=note, now=datetime.now(UTC))
        _tell(f"Sign-off {signed.number} of run {signed.run_id}, as of {signed.as_of}: {signed.verdict}.")
        _tell(f"Its digest, to be kept elsewhere as well: {signed.digest}")


def verify(
    run: Annotated[str | None, typer.Argument(help="The signed run; default: the one signed last.")] = None,
    *,
    digest: Annotated[str | None, typer.Option(help="A digest that `parity signoff` told.")] = None,
    home: HomeOption = None,
) -> None:
    """Prove that a signed run is as it was signed. Exit 0 when it is, 1 when anything was altered."""
    from parity_pipeline import signoff as signoffs
    from parity_pipeline.home import Home

    with told_plainly(chosen_home(home)):
        place = Home(chosen_home(home))
        wanted = run or signoffs.last_signed(place)
        problems = (
            [f"nothing was signed yet in {place.folder}"]
            if wanted is None
            else signoffs.verify(place, wanted, digest=digest)
        )
        for problem in problems:
            _tell(f"- {problem}")
        if problems:
            raise typer.Exit(1)
        _tell(f"Run {wanted} is as it was signed: report, tables and landing.")
        for each in signoffs.sign_offs(place, str(wanted)):
            _tell(each.told)
        if digest is None:
            _tell(
                "That nobody wrote the list of sign-offs anew is proven with --digest, as it was told then."
            )


def _tell(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)
