"""The commands that need the sandbox: run, demo and serve, as a user types them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from parity_pipeline.cli import DEMO_FAULTS, app
from parity_pipeline.sandbox.faults import FAULTS

pytestmark = pytest.mark.usefixtures("nowhere")

ROOT = Path(__file__).parents[2]
PROGRAM = "from parity_pipeline.cli import main; main()"


def test_a_clean_sandbox_run_is_exit_0_and_opens_no_gate(nowhere: Path) -> None:
    """`--sandbox` alone is the clean world; it writes under sandbox/, where the gate never looks."""
    ran = CliRunner().invoke(app, ["run", "--as-of", "2026-06-10", "--quiet", "--sandbox"])
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("GO ")
    assert {each.name for each in (nowhere / ".parity").iterdir()} == {"sandbox"}
    assert CliRunner().invoke(app, ["gate"]).exit_code == 3


def test_a_scenario_of_faults_is_exit_1() -> None:
    """A scenario names faults; its run ends with the verdict's exit code."""
    ran = CliRunner().invoke(app, ["run", "--sandbox", "auto_charge_enabled", "--as-of", "2026-06-10"])
    assert ran.exit_code == 1, ran.output
    assert "NO_GO" in ran.stdout
    assert "Safety, auto_charge_enabled" in ran.stdout
    assert "read both vendors" in ran.stderr


def test_the_demo_works_without_keys(nowhere: Path) -> None:
    """It shows the verdict, the checks, its faults, each stage's time and where the report is; exit 0."""
    shown = CliRunner().invoke(app, ["demo"])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("NO_GO ")
    for text in ("Invoice totals match", "Injected on purpose", *DEMO_FAULTS):
        assert text in shown.stdout
    for stage in ("read both vendors", "load", "compare", "judge", "publish"):
        assert re.search(rf"\d\.\d s  {stage}", shown.stdout)
    report = nowhere / ".parity" / "sandbox" / "published" / "report.html"
    assert f"Report: {report}" in shown.stdout
    assert report.is_file()
    failing = {check for name in DEMO_FAULTS for check in FAULTS[name].fails}
    assert all(f"{check} fails" in shown.stdout for check in failing)


def test_serve_prints_variables_that_work() -> None:
    """What `parity sandbox serve` prints is enough to ask both pretend vendors; Ctrl-C ends it."""
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", PROGRAM, "sandbox", "serve", "--customers", "20"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(6)]
        variables = dict(re.findall(r"^export (\w+)=(.*)$", "".join(lines), flags=re.MULTILINE))
        answer = httpx.get(
            f"{variables['STRIPE_API_BASE']}/v1/customers",
            headers={"Authorization": f"Bearer {variables['STRIPE_API_KEY']}"},
        )
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=30)
    assert answer.status_code == 200
    assert set(variables) == {
        "STRIPE_API_KEY",
        "STRIPE_API_BASE",
        "METRONOME_BEARER_TOKEN",
        "METRONOME_BASE_URL",
        "PARITY_CONFIG",
    }
    assert "Stopped." in rest
    assert server.returncode == 0
