"""Every fault of the sandbox fails exactly the checks it names, with its cause; the clean world is GO."""

from pathlib import Path

import pytest
from sandbox_runs import run_world, world

from parity_pipeline.sandbox.faults import FAULTS

# The causes go by the two amounts of an invoice: these faults look like another unit price there.
_AS_PRICES = dict.fromkeys(
    (
        "quantity_conversion",
        "quantity_rounding",
        "package_as_units",
        "tier_mismatch",
        "volume_as_graduated",
        "flat_fee_missing",
    ),
    "rate_mismatch",
)
# Credit is told by its amounts alone, and where Metronome drew none in a month it is told as missing.
_AS_CREDIT = {
    "credit_scope": "credit_amount",
    "credit_order": "credit_missing",
    "credit_expired": "credit_missing",
}
# Usage is told by its days alone: days that shift look like usage missing on one and extra on another,
# and where all days are equal the bills look like another price.
_AS_USAGE = {"time_zone_shift": "events_missing", "events_late": "rate_mismatch"}
TOLD_AS = {**_AS_PRICES, **_AS_CREDIT, **_AS_USAGE}
# Quantities of the invoices differ although the usage of every day is the same: no cause is known for that.
PARTLY_UNEXPLAINED = {"events_late"}


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
    """The checks it names fail, all others pass, and the findings name its cause."""
    fault = FAULTS[name]
    run = run_world(world(name), tmp_path)
    failed = {check for check, status in run.result.verdict.checks.items() if status == "FAIL"}
    assert failed == fault.fails, run.result.verdict.reasons
    assert set(run.result.verdict.checks.values()) <= {"PASS", "FAIL"}
    wrong = bool(fault.fails) or fault.safety
    assert run.result.verdict.decision == ("NO_GO" if wrong else "GO")
    assert bool(run.result.safety) == fault.safety
    causes = {cause.code for cause in run.result.causes}
    assert TOLD_AS.get(name, fault.cause) in causes if fault.cause else not causes
    assert ("unexplained" in causes) == (name in PARTLY_UNEXPLAINED)
