"""What holds for any world: who is counted does not depend on how, when or beside whom it was read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rearranging import Rearranged
from sandbox_runs import Run, run_world

from parity_pipeline.sandbox.facts import UsageEvent
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.server import METRONOME_TOKEN, STRIPE_KEY
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.setting_sections import CHECKS

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a run takes seconds: a smaller example is not worth a hundred of them
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
Rows = dict[str, list[tuple[Any, ...]]]


def tables(run: Run, *, where: str = "true") -> Rows:
    """The six parity tables, row by row."""
    return {
        check: run.rows(f"select * from parity.{check} where {where} order by all")  # our own names
        for check in CHECKS
    }


def clean(*, seed: int = 7, customers: int = 15, as_of: datetime = AS_OF) -> World:
    """A world without a fault."""
    return build_world(seed=seed, as_of=as_of, customers=customers)


@FEW
@given(
    seed=st.integers(1, 10**6),
    customers=st.integers(8, 30),
    day=st.integers(0, 700),
    hour=st.sampled_from((0, 0, 6, 17)),
)
def test_any_clean_world_is_go(
    tmp_path_factory: pytest.TempPathFactory, seed: int, customers: int, day: int, hour: int
) -> None:
    """Whoever the customers are, and on whatever day one looks, nothing is found where nothing is wrong."""
    as_of = datetime(2026, 1, 3, tzinfo=UTC) + timedelta(days=day, hours=hour)
    told = clean(seed=seed, customers=customers, as_of=as_of)
    run = run_world(told, tmp_path_factory.mktemp("clean"), as_of=as_of)
    assert run.result.findings_in_all == 0, run.result.findings
    assert run.result.verdict.decision == "GO", run.result.verdict.reasons


@settings(FEW, max_examples=2)
@given(seed=st.integers(1, 100), page_size=st.integers(1, 40))
def test_the_arrangement_of_answers_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, page_size: int
) -> None:
    """Smaller pages, keys in any order and Metronome's rows in any order give the same tables."""
    told = clean(seed=seed, customers=8)
    folder = tmp_path_factory.mktemp("arranged")
    as_sent = tables(run_world(told, folder, home="as_sent"))
    stripe = Rearranged(
        stripe_app(told, api_key=STRIPE_KEY), seed=seed, page_size=page_size, shuffles_rows=False
    )
    metronome = Rearranged(
        metronome_app(told, token=METRONOME_TOKEN), seed=seed, page_size=page_size, shuffles_rows=True
    )
    with served_together((stripe, 0), (metronome, 0)) as (stripe_url, metronome_url):
        run = run_world(
            told,
            folder,
            home="rearranged",
            environment={"STRIPE_API_BASE": stripe_url, "METRONOME_BASE_URL": metronome_url},
        )
    assert tables(run) == as_sent


def test_when_one_pulls_after_settling_changes_nothing(tmp_path: Path) -> None:
    """Pulled on the day and ten days later: what had settled is the same, row for row."""
    told = clean(as_of=AS_OF + timedelta(days=10))
    settled = f"status <> 'pending' and {{}} < timestamp '{AS_OF - timedelta(days=4):%Y-%m-%d}'"
    at_once = run_world(told.at(AS_OF), tmp_path, home="at_once", as_of=AS_OF)
    later = run_world(told, tmp_path, home="later", as_of=AS_OF)
    for check in ("invoice_totals", "line_item_quantities", "credit_drawdowns", "event_ingestion"):
        moment = "usage_date" if check == "event_ingestion" else "period_end"
        query = f"select * from parity.{check} where {settled.format(moment)} order by all"
        assert later.rows(query) == at_once.rows(query)
        assert at_once.rows(query) or check == "credit_drawdowns"


def test_a_new_customer_changes_nobody_else(tmp_path: Path) -> None:
    """The rows of the first fourteen are the same whether there is a fifteenth or not."""
    fewer = tables(run_world(clean(customers=14), tmp_path, home="fewer"))
    others = "stripe_customer_id <> 'cus_00014'"
    more = tables(run_world(clean(customers=15), tmp_path, home="more"), where=others)
    assert more == fewer


def _scaled(events: list[UsageEvent], factor: int) -> list[UsageEvent]:
    return [replace(each, value=each.value * factor) for each in events]


def test_scaling_all_quantities_scales_all_totals(tmp_path: Path) -> None:
    """Ten times the value of every event is ten times each quantity; counted messages stay as they are."""
    one, ten = clean(), clean()
    for told in (ten.stripe, ten.metronome):
        told.events[:] = _scaled(told.events, 10)
    query = (
        "select stripe_customer_id, meter, {} from parity.{} where meter <> 'messages' and presence = 'both' "
        "group by stripe_customer_id, meter order by all"
    )
    sums = "sum(expected_value), sum(actual_value)"
    runs = {name: run_world(told, tmp_path, home=name) for name, told in (("one", one), ("ten", ten))}
    for check in ("line_item_quantities", "event_ingestion"):
        before = runs["one"].rows(query.format(sums, check))
        after = runs["ten"].rows(query.format(sums, check))
        assert after == [(customer, meter, 10 * a, 10 * b) for customer, meter, a, b in before]
        assert before


def _priced_per_unit(world: World) -> None:
    """Leave out whom anything but a price per unit is agreed with."""
    for told in (world.stripe, world.metronome):
        for key, customer in list(told.customers.items()):
            if set(customer.charges) - {"api_calls", "tokens", "storage_gb", "audit_log"} or customer.credits:
                del told.customers[key]


def test_scaling_scales_money_where_prices_are_per_unit(tmp_path: Path) -> None:
    """A hundred times the usage is a hundred times the money, but for the rounded cent of each line."""
    totals: dict[str, dict[tuple[str, object], tuple[Decimal, Decimal]]] = {}
    for name, factor in (("one", 1), ("hundred", 100)):
        world = clean(customers=40)
        _priced_per_unit(world)
        for told in (world.stripe, world.metronome):
            told.events[:] = _scaled(told.events, factor)
        rows = run_world(world, tmp_path, home=name).rows(
            "select stripe_customer_id, period_start, expected_value, actual_value "
            "from parity.invoice_totals where presence = 'both'"
        )
        totals[name] = {(customer, start): (expected, actual) for customer, start, expected, actual in rows}
    assert totals["one"].keys() == totals["hundred"].keys() != set()
    for place, (expected, actual) in totals["one"].items():
        times_expected, times_actual = totals["hundred"][place]
        assert abs(times_actual - 100 * actual) <= 100
        assert abs(times_expected - 100 * expected) <= 400


def test_swapping_the_sides_negates_every_variance(tmp_path: Path) -> None:
    """Usage that only one vendor was told differs by the same amounts, whichever of the two it was."""

    def lost(pick: Callable[[World], list[UsageEvent]]) -> World:
        world = clean()
        events = pick(world)
        events[:] = [each for number, each in enumerate(events) if number % 5]
        return world

    query = (
        "select stripe_customer_id, meter, period_start, usage_date, variance, status "
        "from parity.event_ingestion where status <> 'pending' order by all"
    )
    here = run_world(lost(lambda world: world.stripe.events), tmp_path, home="stripe").rows(query)
    there = run_world(lost(lambda world: world.metronome.events), tmp_path, home="metronome").rows(query)
    assert [(*row[:4], -row[4], row[5]) for row in here] == there
    assert any(row[4] for row in here)
