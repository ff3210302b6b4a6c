"""How large a fault is: what each amount does to what a vendor was told, and how two faults add up."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from parity_pipeline.sandbox.facts import UsageEvent
from parity_pipeline.sandbox.fault_edits import take_usage
from parity_pipeline.sandbox.faults import apply_faults
from parity_pipeline.sandbox.world import Told, World, build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)


def faulty(*names: str) -> tuple[World, dict[str, set[str]]]:
    """A company of sixty with these faults, and whom they hit."""
    world = build_world(seed=7, as_of=AS_OF)
    return world, apply_faults(world, names)


def october(told: Told, key: str, event_name: str) -> Decimal:
    """What a vendor's events of October add up to for a customer, each id once."""
    values: dict[str, Decimal] = {}
    for event in told.events:
        counts = event.cancelled_at is None and event.sent_value is None and OCTOBER <= event.at < NOVEMBER
        if counts and (event.customer, event.event_name) == (key, event_name):
            values[event.event_id] = event.value
    return sum(values.values(), Decimal(0))


@pytest.mark.parametrize(
    ("fault", "event_name", "share"),
    [
        ("events_missing:everyone-under", "api_calls", "0.991"),
        ("events_missing:everyone-over", "api_calls", "0.989"),
        ("events_extra:everyone-under", "tokens", "1.009"),
        ("events_extra:everyone-over", "tokens", "1.011"),
        ("events_extra:everyone-gross", "tokens", "1.35"),
        ("events_not_taken_back:everyone-under", "api_calls", "1.009"),
        ("events_not_taken_back:everyone-over", "api_calls", "1.011"),
    ],
)
def test_usage_is_off_by_the_share(fault: str, event_name: str, share: str) -> None:
    """Just under the gate is 0.9 % of the month's quantity, just over it 1.1 %."""
    world, hit = faulty(fault)
    for key in hit[fault.partition(":")[0]]:
        expected = october(world.stripe, key, event_name)
        assert october(world.metronome, key, event_name) == expected * Decimal(share)


@pytest.mark.parametrize(
    ("fault", "event_name", "difference"),
    [
        ("events_missing", "api_calls", -1),
        ("events_extra", "tokens", 1),
        ("events_not_taken_back", "api_calls", 1),
    ],
)
def test_a_cent_of_usage_is_one_unit(fault: str, event_name: str, difference: int) -> None:
    """An API call costs a fifth of a cent, a token less."""
    world, hit = faulty(f"{fault}:one-cent")
    (key,) = hit[fault]
    assert october(world.metronome, key, event_name) == october(world.stripe, key, event_name) + difference


def test_usage_is_taken_from_the_first_events_on() -> None:
    """Of 3, 4 and 5, seven and a half leave four and a half; odd events and other customers stay."""
    start = datetime(2026, 10, 2, tzinfo=UTC)
    values = {"a-1": 3, "a-2": 4, "a-3": 5, "b-1": 9}
    events = [
        UsageEvent(name, name[0], "tokens", start + timedelta(hours=number), Decimal(value))
        for number, (name, value) in enumerate(values.items())
    ]
    late = UsageEvent("a-4", "a", "tokens", start, Decimal(8), late_by_seconds=60)
    told = Told({}, {}, [*events, late])
    take_usage(told, lambda event: event.customer == "a", {"a": Decimal("7.5")})
    left = {event.event_id: event.value for event in told.events}
    assert left == {"a-3": Decimal("4.5"), "b-1": 9, "a-4": 8}


def test_late_usage_reaches_both_after_stripe_is_done() -> None:
    """It is of the month's last hours and arrives four hours into the next, at both vendors."""
    world, hit = faulty("events_late:one-over")
    (key,) = hit["events_late"]
    late = [event for event in world.stripe.events if event.event_id.endswith("-late")]
    assert [event.customer for event in late] == [key]
    assert late == [event for event in world.metronome.events if event.event_id.endswith("-late")]
    assert late[0].at == NOVEMBER - timedelta(hours=2)
    assert late[0].received_at == NOVEMBER + timedelta(hours=4)
    on_time = october(world.stripe, key, "api_calls") - late[0].value
    assert late[0].value == on_time * Decimal("0.011")


def test_replayed_events_keep_their_ids() -> None:
    """Both vendors get them again two days later: beyond the day for which Stripe knows an id."""
    world, hit = faulty("events_replayed:one-gross")
    assert world.stripe.events == world.metronome.events
    again = [event for event in world.stripe.events if event.late_by_seconds == 172_800]
    assert {event.customer for event in again} == hit["events_replayed"]
    ids = [event.event_id for event in world.stripe.events]
    assert all(ids.count(event.event_id) == 2 for event in again)


def test_usage_sent_by_mistake_is_taken_back_in_stripe_only() -> None:
    """An hour later, well within the day in which Stripe lets a meter event be cancelled."""
    world, _ = faulty("events_not_taken_back:one-gross")
    (ours,) = (event for event in world.stripe.events if event.event_id.endswith("-wrong"))
    (theirs,) = (event for event in world.metronome.events if event.event_id.endswith("-wrong"))
    assert ours.cancelled_at == ours.at + timedelta(hours=1)
    assert theirs.cancelled_at is None


def test_swapped_usage_adds_up_to_the_same() -> None:
    """Each of the pair has the other's, so that a sum over customers shows nothing."""
    world, hit = faulty("events_swapped:one-gross")
    first, second = sorted(hit["events_swapped"])
    assert october(world.metronome, first, "api_calls") == october(world.stripe, second, "api_calls")
    assert october(world.metronome, second, "api_calls") == october(world.stripe, first, "api_calls")
    assert october(world.stripe, first, "api_calls") != october(world.stripe, second, "api_calls")
    assert world.company.customers[first].currency == world.company.customers[second].currency


@pytest.mark.parametrize(("amount", "factor"), [("under", "1.009"), ("over", "1.011"), ("gross", "1.25")])
def test_rates_are_off_by_the_share(amount: str, factor: str) -> None:
    """All that a customer buys, so that the whole bill is."""
    world, hit = faulty(f"rate_mismatch:everyone-{amount}")
    for key in hit["rate_mismatch"]:
        told = world.metronome.customers[key]
        assert told.negotiated == dict.fromkeys(told.charges, Decimal(factor))
        assert not world.stripe.customers[key].negotiated


def test_a_cent_of_a_rate_is_half_a_minor_unit() -> None:
    """The factor on everything, times what the dearer month costs: at most half a cent."""
    world, hit = faulty("rate_mismatch:one-cent")
    (key,) = hit["rate_mismatch"]
    told = world.metronome.customers[key]
    calls = october(world.stripe, key, "api_calls") * Decimal("0.2")
    factor = told.negotiated["api_calls"]
    assert 0 < (factor - 1) * calls <= Decimal("0.51")


@pytest.mark.parametrize(
    ("amount", "ten", "twenty_five"), [("under", "9.19", "24.325"), ("over", "9.01", "24.175")]
)
def test_discounts_are_off_by_the_share(amount: str, ten: str, twenty_five: str) -> None:
    """100 less 90 times 1.009 is 9.19; 100 less 75 times 1.009 is 24.325."""
    world, hit = faulty(f"discount_missing:everyone-{amount}")
    wanted = {Decimal(10): Decimal(ten), Decimal(25): Decimal(twenty_five)}
    for key in hit["discount_missing"]:
        agreed = world.stripe.customers[key].discount_percent
        assert world.metronome.customers[key].discount_percent == wanted[agreed]


@pytest.mark.parametrize(
    ("amount", "least", "most"),
    [("under", "0.008", "0.009"), ("over", "0.011", "0.012"), ("gross", "0.9", "0.91")],
)
def test_credit_is_off_by_the_share(amount: str, least: str, most: str) -> None:
    """To the whole minor unit, and never across the gate."""
    world, hit = faulty(f"credit_amount:everyone-{amount}")
    for key in hit["credit_amount"]:
        (ours,), (theirs,) = world.stripe.customers[key].credits, world.metronome.customers[key].credits
        assert Decimal(least) <= (ours.amount - theirs.amount) / ours.amount <= Decimal(most)


def test_a_cent_of_credit_is_one_minor_unit() -> None:
    """A cent of a dollar pack, a yen of a yen pack."""
    world, hit = faulty("credit_amount:everyone-cent")
    for key in hit["credit_amount"]:
        customer = world.stripe.customers[key]
        less = customer.credits[0].amount - world.metronome.customers[key].credits[0].amount
        assert less == (1 if customer.currency == "jpy" else Decimal("0.01"))


def test_credit_in_another_order_is_the_same_credit() -> None:
    """Only the priorities are exchanged."""
    world, hit = faulty("credit_order:one-gross")
    (key,) = hit["credit_order"]
    ours, theirs = world.stripe.customers[key].credits, world.metronome.customers[key].credits
    assert [pack.priority for pack in ours] == [10, 20]
    assert [pack.priority for pack in theirs] == [20, 10]
    assert [(pack.key, pack.amount, pack.expires_at) for pack in ours] == [
        (pack.key, pack.amount, pack.expires_at) for pack in theirs
    ]


def test_bandwidth_grows_into_the_second_tier_on_both_sides() -> None:
    """Beyond half a million, where a volume price of Stripe falls for every unit, and below five million."""
    world, hit = faulty("volume_as_graduated:everyone-gross")
    assert world.stripe.events == world.metronome.events
    for key in hit["volume_as_graduated"]:
        assert 750_000 < october(world.stripe, key, "bandwidth_gb") < 1_250_000


def test_two_faults_on_the_same_customers_add_up() -> None:
    """Usage is 0.9 % short, of what is left every region is in capitals, and it costs a quarter more."""
    world, hit = faulty(
        "events_missing:everyone-under",
        "group_value_case:everyone-gross",
        "rate_mismatch:everyone-gross",
        "contract_late:everyone-gross",
    )
    both = hit["events_missing"] & hit["group_value_case"] & hit["rate_mismatch"] & hit["contract_late"]
    assert len(both) >= 5
    for key in both:
        expected = october(world.stripe, key, "api_calls")
        assert october(world.metronome, key, "api_calls") == expected * Decimal("0.991")
        assert world.metronome.customers[key].negotiated["api_calls"] == Decimal("1.25")
        assert world.metronome_quirks.contract_starts_at[key] == OCTOBER
    regions = {
        event.properties["region"]
        for event in world.metronome.events
        if event.customer in both and event.event_name == "api_calls" and OCTOBER <= event.at < NOVEMBER
    }
    assert regions == {"US", "EU", "AP"}


def test_rates_that_are_wrong_twice_are_wrong_by_both() -> None:
    """1.25 times 1.009 is 1.26125."""
    world, hit = faulty("rate_mismatch:one-gross", "rate_mismatch:one-under")
    (key,) = hit["rate_mismatch"]
    assert set(world.metronome.customers[key].negotiated.values()) == {Decimal("1.26125")}


def test_two_faults_of_credit_hit_other_customers() -> None:
    """The second leaves alone whose credit the first has changed."""
    world, hit = faulty("credit_missing:one-gross", "credit_amount:everyone-under")
    assert not hit["credit_missing"] & hit["credit_amount"]
    (key,) = hit["credit_missing"]
    assert world.metronome.customers[key].credits == ()
