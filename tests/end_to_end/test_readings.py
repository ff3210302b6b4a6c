"""Whichever way a vendor's open rule is read, every published row is the truth, and the verdict is right."""

from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_runs import run_world, world

from parity_pipeline.sandbox.judgement import judge
from parity_pipeline.sandbox.readings import OTHER_READINGS, MetronomeReadings, Readings, StripeReadings
from parity_pipeline.sandbox.truth.comparison import compare_with_truth
from parity_pipeline.sandbox.truth.world_truth import evidence, truth_rows
from parity_pipeline.setting_sections import Thresholds

MANY = Readings(
    StripeReadings(
        half_cents="even",
        empty_summaries="zero",
        summaries_order="oldest_first",
        totals_net_of_credit=False,
        zero_usage_lines=False,
        pretax_credit_amounts="null_without_credit",
    ),
    MetronomeReadings(
        rounding_scope="line",
        line_types=False,
        deductions="positive",
        empty_usage="absent",
        grace_hours=0,
        credit_rates_in_dollars=True,
        default_order="date_desc",
        scheduled_pass_period_filter=False,
        pushed_metadata="metronome_id",
    ),
)
BROKEN = (
    "metronome.rounding=before_conversion"  # such a product cannot express a package, so the bills differ
)


def test_every_open_rule_has_another_reading() -> None:
    """The list is made of single changes, so none is forgotten."""
    rules = {name.partition("=")[0] for name in OTHER_READINGS}
    sides = {"stripe": StripeReadings, "metronome": MetronomeReadings}
    assert rules == {f"{side}.{rule}" for side, kind in sides.items() for rule in kind.__annotations__}


@pytest.mark.parametrize(
    ("name", "readings", "faults"),
    [
        ("many at once", MANY, ()),
        ("many at once", MANY, ("double_billing", "events_missing")),
        (BROKEN, OTHER_READINGS[BROKEN], ()),
    ],
)
def test_the_truth_is_found_under_other_readings(
    name: str, readings: Readings, faults: tuple[str, ...], tmp_path: Path
) -> None:
    """Every row, every check and the verdict, on clean worlds and with faults."""
    told = replace(world(*faults), readings=readings)
    run = run_world(told, tmp_path)
    truth = truth_rows(told)
    compared = compare_with_truth(run.rows, truth)
    assert compared.is_equal, (name, compared.missing[:2], compared.extra[:2], compared.different[:2])
    due = judge(truth, thresholds=Thresholds(), as_of=told.now, evidence=evidence(told))
    assert run.result.verdict.decision == due.verdict
    assert run.result.verdict.checks == due.checks
    assert due.verdict == ("NO_GO" if faults or name == BROKEN else "GO")
