"""The command line: options, exit codes, one line for a mistake and never a trace."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from published_home import published
from typer.testing import CliRunner

from parity_pipeline.cli import DEMO_FAULTS, app
from parity_pipeline.sandbox.faults import FAULTS

pytestmark = pytest.mark.usefixtures("nowhere")

COMMANDS = (
    ("run",),
    ("demo",),
    ("gate",),
    ("report",),
    ("explain",),
    ("history",),
    ("query",),
    ("export",),
    ("signoff",),
    ("verify",),
    ("doctor",),
    ("prune",),
    ("sandbox", "serve"),
    ("sandbox", "faults"),
)


def parity(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of one command."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def publish(home: Path, verdict: str, as_of: str | None = None) -> None:
    """A published report in a home folder."""
    published(home, as_of=as_of or datetime.now(UTC).isoformat(), verdict=verdict, reasons=["because"])
    (home / "published" / "report.md").write_text("# the report\n", encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: tuple[str, ...]) -> None:
    """Each command explains itself."""
    exit_code, output, _ = parity(*command, "--help")
    assert exit_code == 0
    assert "Usage" in output


def test_a_home_that_is_not_there_is_named_and_not_made(tmp_path: Path) -> None:
    """Its history is empty, there is nothing to prune, and a mistyped folder stays away."""
    absent = tmp_path / "absent"
    assert parity("history", "--home", str(absent))[:2] == (0, f"No run has been recorded in {absent} yet.\n")
    exit_code, output, _ = parity("prune", "--home", str(absent))
    assert (exit_code, output.replace("\n", "")) == (0, f"There are no landings in {absent}.")
    assert not absent.exists()


def test_help_is_quick() -> None:
    """Help imports nothing heavy: no database, no suites, no vendor's client."""
    program = (
        "import sys; from typer.testing import CliRunner; from parity_pipeline.cli import app; "
        "CliRunner().invoke(app, ['run', '--help']); "
        "print(sorted({'duckdb', 'great_expectations', 'stripe', 'metronome', 'dagster', 'pandas'} "
        "& set(sys.modules)))"
    )
    started = time.monotonic()
    output = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=_with_package()
    ).stdout
    assert output == "[]\n"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("command", ["report", "query"])  # written as it is, and drawn as a table
def test_a_reader_who_leaves_is_no_error(nowhere: Path, command: str) -> None:
    """Output into a pipe that nobody reads any more leaves no trace and no log, and is no verdict."""
    publish(nowhere / "home", "GO")
    (nowhere / "home" / "published" / "report.md").write_text("x" * 1_000_000, encoding="utf-8")
    program = "from parity_pipeline.cli import main; main()"
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", program, command, "--home", "home"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_with_package(),
    ) as ran:
        assert ran.stdout is not None
        assert ran.stderr is not None
        ran.stdout.close()
        assert ran.stderr.read() == b""
    assert ran.returncode == 3
    assert not (nowhere / "home" / "parity.log").exists()


def _with_package() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_run_without_keys_is_one_line() -> None:
    """Without credentials nothing is done and the variable is named."""
    exit_code, output, errors = parity("run")
    assert exit_code == 2
    assert output == ""
    assert errors.count("\n") == 1
    assert "STRIPE_API_KEY is not set" in errors
    assert not Path(".parity").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--sandbox", "nonsense"), "There is no scenario nonsense"),
        (("run", "--sandbox", "--as-of", "later"), "--as-of must be a date"),
        (("run", "--sandbox", "--as-of", ""), "--as-of must be a date"),
        (("run", "--sandbox", "--since", ""), "--since must be a date"),
        (("run", "--config", "none.toml"), "none.toml does not exist"),
        (("sandbox", "serve", "--scenario", "nonsense"), "There is no scenario nonsense"),
        (("report", "--format", "pdf"), "--format must be one of"),
        (("report",), "There is no published report"),
    ],
)
def test_a_users_mistake_is_exit_2(arguments: tuple[str, ...], told: str) -> None:
    """A mistake is told in one line without a trace."""
    exit_code, _, errors = parity(*arguments)
    assert exit_code == 2
    assert told in errors
    assert "Traceback" not in errors


def test_the_version_is_told() -> None:
    """It is the one that is installed."""
    assert parity("--version") == (0, f"parity {version('parity-pipeline')}\n", "")


def test_an_unknown_option_is_exit_2() -> None:
    """An option that is not there is wrong usage."""
    assert parity("run", "--bogus")[0] == 2


def test_a_home_that_is_a_file_is_exit_2(nowhere: Path) -> None:
    """A home folder that cannot be made is told in one line."""
    (nowhere / "taken").write_text("", encoding="utf-8")
    exit_code, _, errors = parity("run", "--sandbox", "--home", str(nowhere / "taken" / "home"))
    assert exit_code == 2
    assert "cannot be written to" in errors


@pytest.mark.parametrize(("verdict", "exit_code"), [("GO", 0), ("NO_GO", 1), ("UNDECIDED", 3)])
def test_the_gate_ends_with_the_verdict(nowhere: Path, verdict: str, exit_code: int) -> None:
    """A scheduler can go by the exit code; a person reads why."""
    publish(nowhere / "home", verdict)
    found, output, _ = parity("gate", "--home", "home")
    assert found == exit_code
    assert output.startswith(verdict)
    assert "- because" in output


def test_the_gate_is_undecided_when_stale_or_absent(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old GO, or none, opens nothing; the age comes from the settings."""
    assert parity("gate", "--home", "home")[0] == 3
    publish(nowhere / "home", "GO", as_of="2026-01-01T00:00:00Z")
    assert parity("gate", "--home", "home")[0] == 3
    monkeypatch.setenv("PARITY_GATE__MAX_AGE_HOURS", "soon")
    assert parity("gate", "--home", "home")[0] == 2


def test_the_report_is_printed(nowhere: Path) -> None:
    """`parity report` prints the published file as it is."""
    publish(nowhere / "home", "GO")
    assert parity("report", "--home", "home")[:2] == (0, "# the report\n")


def test_faults_are_listed() -> None:
    """Every fault that a scenario may name is shown with what it must fail."""
    exit_code, output, _ = parity("sandbox", "faults")
    assert exit_code == 0
    assert all(name in output for name in FAULTS)


def test_the_demo_names_known_faults() -> None:
    """The demo's faults are the sandbox's."""
    assert set(DEMO_FAULTS) <= set(FAULTS)


def test_an_unexpected_error_is_exit_3_with_a_log(nowhere: Path) -> None:
    """What nobody foresaw is one line, the trace is in the home folder, and it is no verdict."""
    publish(nowhere / "home", "GO")
    report = nowhere / "home" / "published" / "report.md"
    report.write_bytes(b"\xff\xfe")
    exit_code, _, errors = parity("report", "--home", "home")
    assert exit_code == 3
    assert errors.startswith("Unexpected error: UnicodeDecodeError")
    assert "Traceback" not in errors
    assert "Traceback" in (nowhere / "home" / "parity.log").read_text(encoding="utf-8")
