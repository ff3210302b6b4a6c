"""The command line: what each command takes, what it prints and the exit code it ends with.

Heavy imports are inside the commands, so that `parity --help` answers at once. No rule lives here.
"""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperCommand

from parity_pipeline.errors import ParityError

if TYPE_CHECKING:
    from parity_pipeline.pipeline import Outcome

CLEAN = "clean"
_UNEXPECTED = 3

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


HomeOption = Annotated[
    Path | None, typer.Option(help="Folder for everything that is written.", show_default=False)
]
ConfigOption = Annotated[Path | None, typer.Option(help="The configuration file.", show_default=False)]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print only the verdict and its reasons.")]
SeedOption = Annotated[int, typer.Option(help="Seed of the pretend company.")]
CustomersOption = Annotated[int, typer.Option(min=1, help="Customers of the pretend company.")]


@app.command(cls=_RunCommand)
def run(
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
    quiet: QuietOption = False,
) -> None:
    """Read both vendors, compare, decide and publish. Exit 0 GO, 1 NO_GO, 3 UNDECIDED, 2 wrong usage."""
    with _told_plainly(_home(home)):
        if sandbox is None:
            outcome = _run(as_of=as_of, since=since, home=home, config=config, quiet=quiet)
        else:
            outcome = _run_sandbox(sandbox, as_of=as_of, since=since, home=home, quiet=quiet)
        _show(outcome, quiet=quiet)
        raise typer.Exit(outcome.result.verdict.exit_code)


@app.command()
def demo(*, home: HomeOption = None, quiet: QuietOption = False) -> None:
    """Run on the built-in sandbox with a few injected faults and show where the report is. Needs no keys."""
    from parity_pipeline.home import REPORT_HTML, Home

    with _told_plainly(_home(home)):
        outcome = _run_sandbox(",".join(DEMO_FAULTS), as_of=None, since=None, home=home, quiet=quiet)
        _show(outcome, quiet=quiet)
        console = Console()
        report = Home(_home(home)).sandbox().published / REPORT_HTML
        console.print(Text(f"Injected on purpose: {', '.join(DEMO_FAULTS)}"), soft_wrap=True)
        console.print(Text(f"Report: {report.resolve()}"), soft_wrap=True)
        for name, seconds in outcome.seconds.items():
            console.print(Text(f"{seconds:6.1f} s  {name}"))


DEMO_FAULTS = ("events_missing", "rate_mismatch", "group_value_unrated", "auto_charge_enabled")


@app.command()
def gate(*, home: HomeOption = None, config: ConfigOption = None) -> None:
    """Tell the last published verdict; pulls nothing. A stale or absent one is UNDECIDED."""
    from parity_pipeline.published_verdict import read_verdict
    from parity_pipeline.report.terminal import show_verdict
    from parity_pipeline.settings import load_gate

    with _told_plainly(_home(home)):
        verdict = read_verdict(
            _home(home),
            now=datetime.now(UTC),
            max_age_hours=load_gate(config=config).max_age_hours,
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

    with _told_plainly(_home(home)):
        file = report_file(_home(home), kind=format_)
        if open_:
            typer.launch(str(file.resolve()))
        else:
            sys.stdout.write(file.read_text(encoding="utf-8"))


@sandbox_app.command("serve")
def serve(
    *,
    scenario: Annotated[str, typer.Option(help="clean, or names of faults with commas.")] = CLEAN,
    seed: SeedOption = 7,
    customers: CustomersOption = 60,
) -> None:
    """Serve both pretend APIs on 127.0.0.1 until interrupted and print the variables to export."""
    from parity_pipeline.sandbox_run import serve_until_interrupted

    with _told_plainly(_home(None)):
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
    quiet: bool,
) -> "Outcome":
    from parity_pipeline import pipeline
    from parity_pipeline.run_request import make_request
    from parity_pipeline.settings import load_settings

    settings = load_settings(config=config, home=home)
    request = make_request(
        now=datetime.now(UTC), as_of=as_of, since=since, configured_start=settings.parallel_run.start
    )
    return pipeline.run(settings, request, clock=lambda: datetime.now(UTC), tell=_teller(quiet=quiet))


def _run_sandbox(
    scenario: str, *, as_of: str | None, since: str | None, home: Path | None, quiet: bool
) -> "Outcome":
    from parity_pipeline.sandbox_run import run_on_sandbox

    return run_on_sandbox(
        scenario,
        home=_home(home),
        as_of=as_of,
        since=since,
        now=datetime.now(UTC),
        tell=_teller(quiet=quiet),
    )


def _home(option: Path | None) -> Path:
    from parity_pipeline.settings import home_folder

    return home_folder(home=option)


def _show(outcome: "Outcome", *, quiet: bool) -> None:
    from parity_pipeline.report.terminal import show, show_verdict

    if quiet:
        show_verdict(outcome.result.verdict.decision, outcome.result.verdict.reasons, Console())
    else:
        show(outcome.result, Console())


def _teller(*, quiet: bool) -> Callable[[str], None]:
    """Progress goes to the error stream, so that the output can be piped."""
    console = Console(stderr=True)
    return lambda line: None if quiet else console.print(Text(line, style="dim"))


def _print(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)


@contextmanager
def _told_plainly(home: Path) -> Iterator[None]:
    """Every error as one line: a known one with its exit code, any other with its trace in the log."""
    try:
        yield
    except ParityError as error:
        _complain(str(error))
        raise typer.Exit(error.exit_code) from error
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt as error:
        _complain("Interrupted.")
        raise typer.Exit(_UNEXPECTED) from error
    except Exception as error:  # the last door: whatever it is, it must not look like a verdict
        _complain(f"Unexpected error: {type(error).__name__}: {_one_line(error)}{_logged(home)}")
        raise typer.Exit(_UNEXPECTED) from error


def _complain(line: str) -> None:
    Console(stderr=True).print(Text(line, style="red"), soft_wrap=True)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _logged(home: Path) -> str:
    """Keep the trace in the home folder; says where, as the end of the line."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = home / "parity.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()}\n{traceback.format_exc()}\n")
    except OSError:
        return ""
    return f" (the trace is in {log})"
