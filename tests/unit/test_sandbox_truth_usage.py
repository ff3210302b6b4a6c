"""What usage, contracts and links must give in small worlds, worked by hand."""

from dataclasses import replace

import pytest
from small_worlds import AS_OF, START, at, person, plain_world, rows, sides, text, used, world

from parity_pipeline.sandbox.truth.world_truth import evidence, judge_world, truth_rows


def test_days_coverage_and_regions_of_the_same_world() -> None:
    """One row a day with usage, one contract, and 1,531 calls of one region, all rated."""
    of = plain_world()
    assert sides(of, "event_ingestion") == [
        ("1001", "1001", "match"),
        ("500", "500", "match"),
        ("30", "30", "match"),
    ]
    assert sides(of, "contract_coverage") == [("1", "1", "match")]
    assert sides(of, "group_key_coverage") == [("1531", "1531", "match")]
    regions = rows(of, "group_key_coverage")[0].grain
    assert (regions.product, regions.pricing_group_values) == ("Api calls", '{"region":"us"}')
    assert sides(of, "credit_drawdowns") == []
    assert judge_world(of).verdict == "GO"


def test_an_unlinked_customer_stands_on_each_side_alone() -> None:
    """Nothing is matched, and what has no Stripe customer has no coverage."""
    of = plain_world()
    of.metronome_quirks.unlinked_customers.add("1")
    assert sorted(map(str, sides(of, "invoice_totals"))) == sorted(
        map(
            str,
            [
                ("200", None, "breach"),
                (None, "200.2", "breach"),
                ("100", None, "breach"),
                (None, "100", "breach"),
                (None, "6", "pending"),
            ],
        )
    )
    assert sides(of, "contract_coverage") == [("1", None, "breach")]
    assert sides(of, "group_key_coverage") == []
    assert len(sides(of, "event_ingestion")) == 6
    assert judge_world(of).verdict == "NO_GO"


@pytest.mark.parametrize("quirk", ["absent_customers", "claimed_twice"])
def test_an_absent_customer_has_no_other_side_and_one_claimed_twice_has_it_apart(quirk: str) -> None:
    """Absent: two rows of Stripe's. Claimed twice: three more, of the Metronome customer that has usage."""
    of = plain_world()
    getattr(of.metronome_quirks, quirk).add("1")
    expected = {"absent_customers": 2, "claimed_twice": 5}
    assert len(sides(of, "invoice_totals")) == expected[quirk]


def test_who_left_is_billed_to_that_hour_and_needs_no_contract() -> None:
    """May is cut at the 14th, and there is no row of coverage."""
    of = world([person(ended_at=at(5, 14, 11))], used(at(5, 3), "500"), used(at(5, 14, 9), "100"))
    last = rows(of, "invoice_totals")[-1]
    assert (last.grain.period_end, text(last.expected), last.status) == (at(5, 14, 11), "120", "match")
    assert sides(of, "contract_coverage") == []
    assert sides(of, "group_key_coverage") == [("600", "600", "match")]
    assert judge_world(of).checks["group_key_coverage"] == "PASS"


def test_a_yearly_customer_is_waited_for_in_vain() -> None:
    """No period that began in the parallel run is over, so it is not asked to have one."""
    of = world([person(), person("2", interval="year")], used(at(4, 10), "1000"))
    assert evidence(of).at_start == {"default": {"cus_1"}}


def test_a_last_value_has_one_row_a_period() -> None:
    """The last of April is 7; June's is known until the tenth."""
    storage = [
        used(at(4, 3), "9", "storage_gb"),
        used(at(4, 20), "7", "storage_gb"),
        used(at(6, 2), "8", "storage_gb"),
    ]
    of = world([person(charges=("storage_gb",))], *storage)
    found = rows(of, "event_ingestion")
    assert [
        (row.grain.period_start, row.grain.period_end, text(row.actual), row.status) for row in found
    ] == [
        (START, at(5, 1, 0), "7", "match"),
        (at(6, 1, 0), AS_OF, "8", "pending"),
    ]
    assert sides(of, "group_key_coverage") == [("9", "9", "match")]


def test_the_hour_in_which_a_period_turns_may_be_on_either_side() -> None:
    """Metronome turns at 8:00, Stripe at 8:30: 40 calls of 8:10 are allowed for, and nothing more."""
    of = world([person(started_at=at(3, 15, 8, 30))], used(at(4, 20), "100"), used(at(5, 15, 8, 10), "40"))
    first = rows(of, "line_item_quantities")[0]
    assert (text(first.expected), text(first.actual), first.status) == ("140", "100", "within_tolerance")
    assert first.slack.allowance == first.slack.edge == 40


def test_a_dimension_value_is_a_meter() -> None:
    """Ten seconds on one kind of machine, two on the other, on one metric."""
    bought = person(charges=("gpu_a100", "gpu_h100"))
    of = world(
        [bought],
        used(at(4, 2), "10", "gpu_seconds", gpu="a100"),
        used(at(4, 3), "2", "gpu_seconds", gpu="h100"),
    )
    april = [row for row in rows(of, "line_item_quantities") if row.grain.period_start == START]
    assert [(row.grain.meter, text(row.expected), text(row.actual)) for row in april] == [
        ("gpu_seconds_a100", "10", "10"),
        ("gpu_seconds_h100", "2", "2"),
    ]
    assert [row.grain.meter for row in rows(of, "event_ingestion")] == [
        "gpu_seconds_a100",
        "gpu_seconds_h100",
    ]


def test_two_products_on_one_metric_are_summed_per_meter() -> None:
    """The audit log bills the same thousand calls once more, at 0.04 cents."""
    of = world([person(charges=("api_calls", "audit_log"))], used(at(4, 10), "1000"))
    assert sides(of, "line_item_quantities")[0] == ("2000", "2000", "match")
    assert sides(of, "invoice_totals")[0] == ("240", "240", "match")
    assert sides(of, "event_ingestion") == [("1000", "1000", "match")]
    assert {row.grain.product for row in rows(of, "group_key_coverage")} == {"Api calls", "Audit log"}


def test_a_value_without_a_rate_is_not_covered() -> None:
    """Another letter case is another value, and an event without a region has none."""
    lower, upper = used(at(4, 10), "60"), used(at(4, 11), "30", region="US")
    bare = replace(used(at(4, 12), "10"), properties={})
    found = rows(world([person()], lower, upper, bare), "group_key_coverage")
    assert {(row.grain.pricing_group_values, text(row.expected), text(row.actual)) for row in found} == {
        ('{"region":"us"}', "60", "60"),
        ('{"region":"US"}', "30", "0"),
        ('{"region":null}', "10", "0"),
    }


def test_usage_before_a_late_contract_has_no_rate_and_no_cover() -> None:
    """The contract begins in May; April's thousand calls are not rated and its day not covered."""
    of = world([person()], used(at(4, 10), "1000"), used(at(5, 3), "500"))
    of.metronome_quirks.contract_starts_at["1"] = at(5, 1, 0)
    assert sides(of, "contract_coverage") == [("1", "0", "breach")]
    assert sides(of, "group_key_coverage") == [("1500", "500", "breach")]
    assert sides(of, "invoice_totals")[0] == ("200", None, "breach")


def test_a_day_with_a_rate_in_any_part_counts_as_rated() -> None:
    """The contract ends at 11:00: usage of noon that day still counts, that of the next day does not."""
    of = world([person()], used(at(5, 14), "100"), used(at(5, 15), "10"))
    of.metronome_quirks.contract_ends_at["1"] = at(5, 14, 11)
    assert sides(of, "group_key_coverage") == [("110", "100", "breach")]
    assert sides(of, "contract_coverage") == [("1", "0", "breach")]


def test_two_contracts_are_one_too_many() -> None:
    """Each bills the same usage; a rate that holds twice is still one rate."""
    of = world([person()], used(at(4, 10), "1000"))
    of.metronome_quirks.second_contract.add("1")
    assert sides(of, "contract_coverage") == [("1", "2", "breach")]
    assert sides(of, "invoice_totals")[0] == ("200", "400", "breach")
    assert sides(of, "group_key_coverage") == [("1000", "1000", "match")]


def test_who_has_no_metered_item_any_more_is_already_on_metronome() -> None:
    """Stripe's subscription ended in March, Metronome bills on: in no check at all."""
    of = world([person(), person("2")], used(at(4, 10), "1000"), used(at(4, 10), "1000", by="2"))
    of.stripe.customers["2"] = person("2", ended_at=at(3, 20))
    assert {row.grain.stripe_customer_id for row in truth_rows(of)} == {"cus_1"}


@pytest.mark.parametrize(
    ("quirk", "cause"),
    [
        ("pushed_invoices", "double_billing"),
        ("auto_recharge", "auto_charge_enabled"),
        ("spend_threshold", "auto_charge_enabled"),
    ],
)
def test_a_safety_hit_is_no_go_with_every_row_equal(quirk: str, cause: str) -> None:
    """What must not happen, happens; the rows are those of the plain world."""
    of = plain_world()
    clean = truth_rows(of)
    getattr(of.metronome_quirks, quirk).add("1")
    assert truth_rows(of) == clean
    found = judge_world(of)
    assert (found.verdict, found.safety) == ("NO_GO", ((cause, "cus_1"),))
