"""Causes of event_ingestion: lost and extra events, gaps, shifts, aggregations; and what looks like them."""

from decimal import Decimal

from scene import Scene

Told = list[tuple[object, ...]]


def _causes(scene: Scene) -> Told:
    """Customer, day of October, cause and share of every row."""
    found = scene.told("explain.usage_causes", "stripe_customer_id", "usage_date", "cause", "share")
    return sorted((customer, day.day, cause, share) for customer, day, cause, share in found)


def _use(
    scene: Scene, *days: tuple[int, str | None, str | None], name: str = "a", meter: str = "tokens"
) -> None:
    """Usage in Stripe and in Metronome on days of October."""
    for day, expected, actual in days:
        scene.metered(name, expected, actual, day=f"2026-10-{day:02}", meter=meter)


def test_lower_usage_is_missing_and_higher_is_extra(scene: Scene) -> None:
    """Each day by itself, with its two values as the evidence."""
    scene.customer("a")
    _use(scene, (5, "10", "4"), (9, "10", "25"))
    assert _causes(scene) == [("cus_a", 5, "events_missing", -6), ("cus_a", 9, "events_extra", 15)]
    assert scene.told("explain.usage_causes", "evidence", cause="events_missing") == [
        ("On 2026-10-05 Stripe counts 10, Metronome 4; no other customer of the meter differs so that day.",)
    ]


def test_a_meter_without_a_metric_says_so(scene: Scene) -> None:
    """Events of a meter that no metric counts are missing; the evidence names the reason."""
    scene.customer("a")
    scene.stripe_catalogue("calls")
    _use(scene, (5, "10", None), meter="calls")
    ((evidence,),) = scene.told("explain.usage_causes", "evidence")
    assert (
        evidence == "On 2026-10-05 Stripe counts 10, Metronome 0; no billable metric is linked to the meter."
    )


def test_two_neighbouring_days_that_cancel_are_a_shift(scene: Scene) -> None:
    """Six of the fifth stand on the sixth."""
    scene.customer("a")
    _use(scene, (5, "10", "4"), (6, "5", "11"))
    assert _causes(scene) == [("cus_a", 5, "period_shift", -6), ("cus_a", 6, "period_shift", 6)]


def test_two_days_that_cancel_apart_are_no_shift(scene: Scene) -> None:
    """What is missing on the fifth does not come back on the eighth."""
    scene.customer("a")
    _use(scene, (5, "10", "4"), (8, "5", "11"))
    assert [row[2] for row in _causes(scene)] == ["events_missing", "events_extra"]


def test_neighbouring_days_that_do_not_cancel_are_no_shift(scene: Scene) -> None:
    """Six are missing, five are extra."""
    scene.customer("a")
    _use(scene, (5, "10", "4"), (6, "5", "10"))
    assert [row[2] for row in _causes(scene)] == ["events_missing", "events_extra"]


def test_events_that_are_all_later_are_a_shift(scene: Scene) -> None:
    """Half of each day stands on the next; the lag never exceeds a day's usage and comes back."""
    scene.customer("a")
    _use(scene, (1, "10", "5"), (2, "20", "15"), (3, "10", "15"), (4, "20", "15"), (5, "10", "15"))
    _use(scene, (6, "20", "15"), (7, None, "10"))
    assert {row[2] for row in _causes(scene)} == {"period_shift"}
    assert sum(Decimal(str(row[3])) for row in _causes(scene)) == 0


def test_events_that_are_all_earlier_are_a_shift(scene: Scene) -> None:
    """Half of each day stands on the day before it."""
    scene.customer("a")
    _use(scene, (1, None, "10"), (2, "20", "15"), (3, "10", "15"), (4, "20", "15"), (5, "10", "15"))
    _use(scene, (6, "20", "10"))
    assert {row[2] for row in _causes(scene)} == {"period_shift"}


def test_another_customers_usage_is_no_shift(scene: Scene) -> None:
    """Days are lower and higher by turns, but more is ahead than a neighbour ever had."""
    scene.customer("a")
    _use(scene, (1, "10", "30"), (2, "20", "5"), (3, "30", "60"), (4, "10", "2"), (5, "20", "50"))
    _use(scene, (6, "30", "1"))
    assert [row[2] for row in _causes(scene)] == ["events_extra", "events_missing"] * 3


def test_a_shift_and_lost_events_share_the_days(scene: Scene) -> None:
    """Ten of each of eight days move on; those of the last three never arrive and are lost, day by day."""
    scene.customer("a")
    for number in range(8):
        _use(scene, (2 * number + 1, "20", "10"))
    for day in (2, 4, 6, 8, 10):
        _use(scene, (day, None, "10"))
    found = _causes(scene)
    assert found[:2] == [("cus_a", 1, "period_shift", -10), ("cus_a", 2, "period_shift", 10)]
    assert found[-3:] == [("cus_a", day, "events_missing", -10) for day in (11, 13, 15)]
    assert {row[2] for row in found[:-3]} == {"period_shift"}


def test_extra_usage_beside_a_shift_is_extra(scene: Scene) -> None:
    """Ten of every second day arrive on the day after it; on the sixth, sixty more do."""
    scene.customer("a")
    for day in range(1, 13, 2):
        _use(scene, (day, "20", "10"), (day + 1, None, "70" if day == 5 else "10"))
    found = _causes(scene)
    assert [row for row in found if row[1] == 6] == [
        ("cus_a", 6, "events_extra", 60),
        ("cus_a", 6, "period_shift", 10),
    ]
    assert [row[2] for row in found if row[1] != 6] == ["period_shift"] * 11


def _two_meters(scene: Scene, *silent: int) -> None:
    """A customer with two meters, both of which say nothing in Metronome on some days of October."""
    scene.customer("a")
    scene.catalogue("calls")
    for day in range(3, 9):
        for meter in ("tokens", "calls"):
            _use(scene, (day, "10", None if day in silent else "10"), meter=meter)


def test_all_meters_that_stop_over_days_are_a_gap(scene: Scene) -> None:
    """Both meters are silent on the fifth and the sixth."""
    _two_meters(scene, 5, 6)
    assert [(row[1], row[2]) for row in _causes(scene)] == [(day, "ingestion_gap") for day in (5, 5, 6, 6)]
    assert scene.told("explain.usage_causes", "evidence")[0] == (
        "From 2026-10-05 to 2026-10-06 nothing of calls, tokens reached Metronome, "
        "and no other usage of this customer in full.",
    )


def test_a_single_silent_day_is_no_gap(scene: Scene) -> None:
    """One day may be chance; nobody else is silent on it."""
    _two_meters(scene, 5)
    assert {row[2] for row in _causes(scene)} == {"events_missing"}


def test_days_of_a_gap_need_not_have_all_meters(scene: Scene) -> None:
    """One meter on each of two days, the other meter in between: together they stop."""
    scene.customer("a")
    scene.catalogue("calls")
    _use(scene, (4, "9", "9"), (5, "10", None), (7, "10", None), (8, "9", "9"))
    _use(scene, (6, "10", None), meter="calls")
    assert [row[2] for row in _causes(scene)] == ["ingestion_gap"] * 3


def test_what_is_sent_once_more_does_not_end_a_gap(scene: Scene) -> None:
    """Four of the calls of the fifth were sent again and arrived; the tokens of that day did not."""
    scene.customer("a")
    scene.catalogue("calls")
    for meter in ("tokens", "calls"):
        _use(scene, (4, "9", "9"), (5, "10", "4" if meter == "calls" else None), meter=meter)
        _use(scene, (6, "10", None), (7, "9", "9"), meter=meter)
    assert [row[1:3] for row in _causes(scene)] == [(day, "ingestion_gap") for day in (5, 5, 6, 6)]


def _gap_with_lower_calls_before(scene: Scene) -> None:
    """Both meters are silent on the fifth and the sixth; on the fourth, only calls are used, and lower."""
    scene.customer("a")
    scene.catalogue("calls")
    for meter in ("tokens", "calls"):
        _use(scene, (5, "10", None), (6, "10", None), meter=meter)
    _use(scene, (4, "10", "4"), (9, "10", "10"), meter="calls")


def test_a_lower_day_beside_a_gap_belongs_to_it(scene: Scene) -> None:
    """The gap began in the course of the fourth."""
    _gap_with_lower_calls_before(scene)
    assert next(row[1:] for row in _causes(scene)) == (4, "ingestion_gap", -6)


def test_a_meter_that_is_lower_anyway_does_not_lengthen_a_gap(scene: Scene) -> None:
    """Calls are lower on the twelfth as well: what they lack on the fourth is lost like that."""
    _gap_with_lower_calls_before(scene)
    _use(scene, (12, "10", "4"), meter="calls")
    found = [row[1:] for row in _causes(scene)]
    assert (found[0], found[-1]) == ((4, "events_missing", -6), (12, "events_missing", -6))


def test_one_meter_that_stops_is_no_gap(scene: Scene) -> None:
    """The other meter goes on."""
    scene.customer("a")
    scene.catalogue("calls")
    _use(scene, (5, "10", None), (6, "10", None))
    _use(scene, (5, "10", "10"), (6, "10", "10"), meter="calls")
    assert {row[2] for row in _causes(scene)} == {"events_missing"}


def _hours_lost(scene: Scene, *meters: str) -> None:
    """Three of four customers lose a part of one day, on these meters; all use two meters."""
    scene.catalogue("calls")
    for name in ("a", "b", "c", "d"):
        scene.customer(name)
        for meter in ("tokens", "calls"):
            lost = name != "d" and meter in meters
            _use(scene, (5, "10", "7" if lost else "10"), name=name, meter=meter)


def test_most_customers_lower_on_most_meters_are_an_outage(scene: Scene) -> None:
    """A few hours of everybody: no meter is silent, three of four customers are lower on both meters."""
    _hours_lost(scene, "tokens", "calls")
    assert {row[2] for row in _causes(scene)} == {"ingestion_gap"}
    assert scene.told("explain.usage_causes", "evidence")[0] == (
        "3 of 4 customers with usage on 2026-10-05 are lower in Metronome, on 2 of 2 meters.",
    )


def test_one_meter_of_everybody_is_no_outage(scene: Scene) -> None:
    """What is lost lies in the meter, not in the hours."""
    _hours_lost(scene, "tokens")
    assert {row[2] for row in _causes(scene)} == {"events_missing"}


def test_a_metric_that_counts_is_not_a_meter_that_adds(scene: Scene) -> None:
    """Stripe adds up 100 and 50, Metronome counts 2 and 1 events."""
    scene.customer("a")
    scene.catalogue("calls", aggregation="COUNT")
    _use(scene, (5, "100", "2"), (6, "50", "1"), meter="calls")
    assert {row[2] for row in _causes(scene)} == {"aggregation_mismatch"}
    assert scene.told("explain.usage_causes", "evidence")[0] == (
        "Stripe's meter takes the sum, Metronome's metric is COUNT; 2 of 2 values of the meter differ.",
    )


def test_a_count_that_agrees_elsewhere_is_no_mismatch(scene: Scene) -> None:
    """Each event is one: a count is the sum, and the day that differs lost events."""
    scene.customer("a")
    scene.catalogue("calls", aggregation="COUNT")
    _use(scene, (5, "100", "100"), (6, "50", "50"), (7, "50", "40"), meter="calls")
    assert _causes(scene) == [("cus_a", 7, "events_missing", -10)]


def test_who_is_not_linked_has_no_other_cause(scene: Scene) -> None:
    """Its events are not lost: nobody knows whose they are."""
    scene.stripe_customer("a")
    _use(scene, (5, "10", None), (6, "10", None))
    assert {row[2] for row in _causes(scene)} == {"customer_unmapped"}


def test_a_link_to_an_empty_customer_is_no_link(scene: Scene) -> None:
    """The linked Metronome customer has no usage, another one that is not linked has all of it."""
    scene.customer("a")
    scene.metronome_customer("b")
    _use(scene, (5, "10", None), (6, "20", None))
    _use(scene, (5, None, "10"), (6, None, "20"), name="b")
    assert {
        (row[0], row[2]) for row in scene.told("explain.usage_causes", "customer_key", "share", "cause")
    } == {
        ("cus_a", "customer_unmapped"),
        ("m_b", "customer_unmapped"),
    }


def test_a_link_to_an_empty_customer_is_none_where_most_usage_stands_elsewhere(scene: Scene) -> None:
    """Two of three days are the other customer's to the last digit; of the third, one event was lost."""
    scene.customer("a")
    scene.metronome_customer("b")
    _use(scene, (5, "10", None), (6, "20", None), (7, "30", None))
    _use(scene, (5, None, "10"), (6, None, "20"), (7, None, "29"), name="b")
    found = scene.told("explain.usage_causes", "cause", "evidence", customer_key="cus_a")
    assert {cause for cause, _ in found} == {"customer_unmapped"}
    assert found[0][1] == (
        "The linked Metronome customer m_a has no usage; m_b, which is not linked, has this customer's usage "
        "in 2 of 3 daily values of all meters."
    )


def test_an_empty_customer_beside_other_usage_is_linked(scene: Scene) -> None:
    """The unlinked customer's usage is another's."""
    scene.customer("a")
    scene.metronome_customer("b")
    _use(scene, (5, "10", None), (6, "20", None))
    _use(scene, (5, None, "10"), (6, None, "21"), name="b")
    assert {row[0] for row in scene.told("explain.usage_causes", "cause", customer_key="cus_a")} == {
        "events_missing"
    }
