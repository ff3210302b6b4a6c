"""The command line: what each command takes, what it prints and the exit code it ends with.

Heavy imports are inside the commands, so that `parity --help` answers at once. No rule lives here.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand

from parity_pipeline import cli_explain, cli_extraction, cli_published
from parity_pipeline.command_line import ConfigOption, HomeOption, chosen_home, told_plainly
from parity_pipeline.errors import UsageError
from parity_pipeline.progress import teller

if TYPE_CHECKING:
    from parity_pipeline.pipeline import Outcome

CLEAN = "clean"

app = typer.Typer(
    help="Would Metronome have billed what Stripe billed? Compares both sides of a billing migration.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
sandbox_app = typer.Typer(help="A pretend Stripe and Metronome on this machine.", no_args_is_help=True)
app.add_typer(sandbox_app, name="sandbox")


class _RunCommand(TyperCommand):
    """Lets `--sandbox` stand without a scenario."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  # typer's own context
        given = list(args)
        for place in reversed([number for number, each in enumerate(given) if each == "--sandbox"]):
            if place + 1 == len(given) or given[place + 1].startswith("-"):
                given.insert(place + 1, CLEAN)
        return super().parse_args(ctx, given)


QuietOption = Annotated[bool, typer.Option("--quiet", help="Print only the verdict and its reasons.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the pretend company.")]
CustomersOption = Annotated[int, typer.Option(min=1, help="Customers of the pretend company.")]


def _show_version(is_asked: bool) -> None:  # noqa: FBT001  # typer calls it with the option's value
    if is_asked:
        sys.stdout.write(f"parity {version_of('parity-pipeline')}\n")
        raise typer.Exit


@app.callback()
def _before_any_command(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command; `--version` ends the program by itself."""


@app.command(cls=_RunCommand)
def run(  # noqa: PLR0913  # one argument an option
    *,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="Date or RFC 3339 timestamp; nothing at or after it counts. Default: today 00:00 UTC."
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(help="First day of the parallel run.")] = None,
    home: HomeOption = None,
    config: ConfigOption = None,
    sandbox: Annotated[
        str | None,
        typer.Option(
            metavar="[SCENARIO]", help="Run on the built-in sandbox: clean, or names of faults with commas."
        ),
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Only tell how many requests the run will make, and how long.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Ask for everything, also for what an earlier landing knows.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Read both vendors, compare, decide and publish. Exit 0 GO, 1 NO_GO, 3 UNDECIDED, 2 wrong usage."""
    with told_plainly(chosen_home(home)):
        if plan and sandbox is not None:
            raise UsageError("--plan is about a run against the vendors; leave out --sandbox.")
        if plan:
            cli_extraction.show_plan(as_of=as_of, since=since, home=home, config=config, full=full)
            return
        if sandbox is None:
            outcome = _run(as_of=as_of, since=since, home=home, config=config, full=full, quiet=quiet)
        else:
            outcome = _run_sandbox(sandbox, as_of=as_of, since=since, home=home, quiet=quiet)
        _show(outcome, quiet=quiet)
        raise typer.Exit(outcome.result.verdict.exit_code)


@app.command()
def demo(*, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Run on the built-in sandbox with a few injected faults and show where the report is. Needs no keys."""
    from parity_pipeline.home import REPORT_HTML, Home

    with told_plainly(chosen_home(home)):
        outcome = _run_sandbox(",".join(DEMO_FAULTS), as_of=None, since=None, home=home, quiet=quiet)
        _show(outcome, quiet=quiet)
        console = Console()
        report = Home(chosen_home(home)).sandbox().published / REPORT_HTML
        console.print(Text(f"Injected on purpose: {', '.join(DEMO_FAULTS)}"), soft_wrap=True)
        console.print(Text(f"Report: {report.resolve()}"), soft_wrap=True)
        for name, seconds in outcome.seconds.items():
            console.print(Text(f"{seconds:6.1f} s  {name}"))


DEMO_FAULTS = ("events_missing", "rate_mismatch", "group_value_unrated", "auto_charge_enabled")


@app.command()
def gate(
    *,
    cohort: Annotated[str | None, typer.Option(help="Tell the verdict of one cohort.")] = None,
    home: HomeOption = None,
    config: ConfigOption = None,
) -> None:
    """Tell the last published verdict; pulls nothing. A stale or absent one is UNDECIDED."""
    from parity_pipeline.published_verdict import read_verdict
    from parity_pipeline.report.terminal import show_verdict
    from parity_pipeline.settings import load_gate

    with told_plainly(chosen_home(home)):
        verdict = read_verdict(
            chosen_home(home),
            now=datetime.now(UTC),
            max_age_hours=load_gate(config=config).max_age_hours,
            cohort=cohort,
        )
        show_verdict(verdict.decision, verdict.reasons, Console())
        raise typer.Exit(verdict.exit_code)


@app.command()
def report(
    *,
    format_: Annotated[str, typer.Option("--format", help="html, md or json.")] = "md",
    open_: Annotated[
        bool, typer.Option("--open", help="Open it in the browser or the usual program.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Print the last published report, or open it."""
    from parity_pipeline.published_verdict import report_file

    with told_plainly(chosen_home(home)):
        file = report_file(chosen_home(home), kind=format_)
        if open_:
            typer.launch(str(file.resolve()))
        else:
            sys.stdout.write(file.read_text(encoding="utf-8"))


for _command in (
    cli_published.history,
    cli_published.query,
    cli_published.export,
    cli_published.signoff,
    cli_published.verify,
):
    app.command()(_command)
app.command()(cli_explain.explain)
app.command()(cli_extraction.doctor)
app.command()(cli_extraction.prune)


@sandbox_app.command("serve")
def serve(
    *,
    scenario: Annotated[str, typer.Option(help="clean, or names of faults with commas.")] = CLEAN,
    seed: SeedOption = 7,
    customers: CustomersOption = 60,
) -> None:
    """Serve both pretend APIs on 127.0.0.1 until interrupted and print the variables to export."""
    from parity_pipeline.sandbox_run import serve_until_interrupted

    with told_plainly(chosen_home(None)):
        serve_until_interrupted(scenario, seed=seed, customers=customers, now=datetime.now(UTC), tell=_print)


@sandbox_app.command("faults")
def faults() -> None:
    """List the faults that a scenario may name, as `name` or `name:reach-amount`, and what each must fail."""
    from rich.table import Table

    from parity_pipeline.sandbox.faults import FAULTS

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 1, 0))
    table.add_column("fault", no_wrap=True)
    table.add_column("what is wrong, which checks must fail, its cause and its sizes")
    for fault in FAULTS.values():
        fails = ", ".join(sorted(fault.fails)) or ("safety" if fault.safety else "nothing")
        facts = [f"fails {fails}", *([f"cause {fault.cause}"] if fault.cause else [])]
        if fault.sizes:
            facts.append(f"{'|'.join(fault.reaches)}-{'|'.join(fault.amounts)}")
        table.add_row(fault.name, f"{fault.summary}\n[dim]{'; '.join(facts)}[/dim]")
    Console().print(table)


def main() -> None:
    """The `parity` command."""
    app()


def _run(
    *,
    as_of: str | None,
    since: str | None,
    home: Path | None,
    config: Path | None,
    full: bool,
    quiet: bool,
) -> "Outcome":
    from parity_pipeline import pipeline
    from parity_pipeline.run_request import make_request
    from parity_pipeline.settings import load_settings

    settings = load_settings(config=config, home=home)
    request = make_request(
        now=datetime.now(UTC), as_of=as_of, since=since, configured_start=settings.parallel_run.start
    )
    return pipeline.run(
        settings,
        replace(request, is_full=full),
        clock=lambda: datetime.now(UTC),
        tell=_teller(quiet=quiet),
    )


def _run_sandbox(
    scenario: str, *, as_of: str | None, since: str | None, home: Path | None, quiet: bool
) -> "Outcome":
    from parity_pipeline.sandbox_run import run_on_sandbox

    return run_on_sandbox(
        scenario,
        home=chosen_home(home),
        as_of=as_of,
        since=since,
        now=datetime.now(UTC),
        tell=_teller(quiet=quiet),
    )


def _show(outcome: "Outcome", *, quiet: bool) -> None:
    from parity_pipeline.report.terminal import show, show_verdict

    if quiet:
        show_verdict(outcome.result.verdict.decision, outcome.result.verdict.reasons, Console())
    else:
        show(outcome.result, Console())


def _teller(*, quiet: bool) -> Callable[[str], None]:
    """Progress goes to the error stream, so that the output can be piped."""
    return teller(Console(stderr=True), quiet=quiet)


def _print(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)
