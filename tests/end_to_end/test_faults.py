"""Every fault of the sandbox fails exactly the checks it names, with its cause; the clean world is GO."""

from pathlib import Path

import pytest
from sandbox_runs import run_world, world

from parity_pipeline.sandbox.faults import FAULTS


def test_the_clean_world_is_go(tmp_path: Path) -> None:
    """Without a fault every check passes and there is nothing to find; two yearly bills are still to come."""
    run = run_world(world(), tmp_path)
    assert run.result.verdict.decision == "GO"
    assert run.result.verdict.reasons == ()
    assert set(run.result.verdict.checks.values()) == {"PASS"}
    assert run.result.findings_in_all == 0
    assert run.result.is_complete
    assert {status: count for status, count in run.result.customers.items() if count} == {
        "in_parity": 58,
        "pending": 2,
    }


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "clean"])
def test_a_fault_fails_exactly_its_checks(name: str, tmp_path: Path) -> None:
    """The checks it names fail, all others pass, and the findings name its cause and no other."""
    fault = FAULTS[name]
    run = run_world(world(name), tmp_path)
    failed = {check for check, status in run.result.verdict.checks.items() if status == "FAIL"}
    assert failed == fault.fails, run.result.verdict.reasons
    assert set(run.result.verdict.checks.values()) <= {"PASS", "FAIL"}
    wrong = bool(fault.fails) or fault.safety
    assert run.result.verdict.decision == ("NO_GO" if wrong else "GO")
    assert bool(run.result.safety) == fault.safety
    causes = {cause.code for cause in run.result.causes}
    assert causes <= fault.causes
    assert bool(causes) == bool(fault.cause)
