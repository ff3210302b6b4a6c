"""Metrics, conversions, tiers and units of the pretend Metronome, against figures worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from parity_pipeline.sandbox.company import build_company
from parity_pipeline.sandbox.facts import Charge, UsageEvent
from parity_pipeline.sandbox.metronome_side.catalogue import Catalogue, Rate, build_catalogue
from parity_pipeline.sandbox.metronome_side.contracts import Period
from parity_pipeline.sandbox.metronome_side.ingestion import UsageStore
from parity_pipeline.sandbox.metronome_side.lines import Line
from parity_pipeline.sandbox.metronome_side.rating import Rounding, Statement, usage_lines
from parity_pipeline.sandbox.metronome_side.units import credit_type, to_minor_units
from parity_pipeline.sandbox.world import MetronomeQuirks

JUNE = Period(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
NOW = datetime(2026, 7, 20, tzinfo=UTC)
CHARGES = build_company(seed=1, as_of=datetime(2026, 7, 20, tzinfo=UTC), customers=0).charges


def _catalogue(quirks: MetronomeQuirks | None = None) -> Catalogue:
    return build_catalogue(CHARGES, quirks or MetronomeQuirks())


def _event(number: int, name: str, value: str, day: int = 5, **properties: str) -> UsageEvent:
    at = datetime(2026, 6, day, 12, tzinfo=UTC)
    return UsageEvent(f"e{number}", "c", name, at, Decimal(value), properties)


def _lines(
    events: list[UsageEvent],
    *,
    currency: str = "usd",
    quirks: MetronomeQuirks | None = None,
    cuts: tuple[datetime, ...] = (),
    charges: dict[str, Charge] = CHARGES,
    charge: str | None = None,
) -> list[Line]:
    """The lines of June for the product that the events belong to."""
    catalogue = build_catalogue(charges, quirks or MetronomeQuirks())
    keys = {metric.event_name: metric.group_key for metric in catalogue.metrics}
    name = events[0].event_name
    usage = UsageStore(events, keys, NOW).of("c", name)
    lines: list[Line] = []
    for rate in catalogue.rates[currency]:
        if rate.product.metric and rate.product.metric.event_name == name and _is_meant(rate, charge):
            statement = Statement(JUNE, cuts, lambda _, rate=rate: rate, Rounding())
            lines += usage_lines(rate, usage, statement)
    return lines


def _is_meant(rate: Rate, charge: str | None) -> bool:
    return rate.charge == charge if charge else rate.charge != "audit_log"


def _shown(lines: list[Line]) -> list[tuple[str, str, str]]:
    return [(f"{line.quantity:f}", f"{line.unit_price:f}", f"{line.total.normalize():f}") for line in lines]


def test_tokens_are_billed_by_the_million() -> None:
    """2.5 million tokens at $3.00 a million are 2.5 units at 300 cents, 750 cents."""
    assert _shown(_lines([_event(1, "tokens", "1500000"), _event(2, "tokens", "1000000", 9)])) == [
        ("2.5", "300.000000", "750")
    ]


def test_fractions_of_a_cent_are_kept() -> None:
    """One token at $3.00 a million is 0.0003 cents; nothing is rounded."""
    assert _lines([_event(1, "tokens", "1")])[0].total == Decimal("0.0003")


def test_packages_are_rounded_up() -> None:
    """101 messages in packages of 50 at 5 cents a message are 3 packages at 250 cents."""
    events = [_event(number, "messages", "1") for number in range(101)]
    assert _shown(_lines(events)) == [("3", "250.00", "750")]


def test_graduated_tiers_have_a_line_each() -> None:
    """12,500 minutes: 1,000 free, 9,000 at 3.6 cents, 2,500 at 2 cents."""
    lines = _lines([_event(1, "minutes", "12500")])
    assert _shown(lines) == [("1000", "0", "0"), ("9000", "3.600", "32400"), ("2500", "2.00", "5000")]
    positions = [(line.tier.level, line.tier.starts_at, line.tier.size) for line in lines if line.tier]
    assert positions == [(1, 0, 1000), (2, 1000, 9000), (3, 10000, None)]


def test_the_upper_bound_of_a_tier_belongs_to_it() -> None:
    """Exactly 1,000 minutes stay in the free tier."""
    assert _shown(_lines([_event(1, "minutes", "1000")])) == [("1000", "0", "0")]


@pytest.mark.parametrize(
    ("currency", "unit_price", "total"),
    [("usd", "10.00", "4000"), ("eur", "0.09", "36"), ("jpy", "15", "6000")],
)
def test_only_dollars_are_in_cents(currency: str, unit_price: str, total: str) -> None:
    """400 GB at $0.10, 0.09 euros and 15 yen: cents for dollars, whole units for the others."""
    assert _shown(_lines([_event(1, "storage_gb", "400")], currency=currency)) == [("400", unit_price, total)]


def test_credit_types_are_named_as_metronome_names_them() -> None:
    """Dollars carry the suffix that says cents, and the id that Metronome gives them everywhere."""
    assert credit_type("usd").name == "USD (cents)"
    assert credit_type("usd").id == "2714e483-4ff1-48e4-9e25-ac732e8f24f2"
    assert credit_type("jpy").name == "JPY"


def test_amounts_go_into_stripe_as_whole_minor_units() -> None:
    """12.5 cents are 13, 12.345 euros 1,235 cents, 12.5 yen 13: halves go up."""
    assert to_minor_units(Decimal("12.5"), "usd") == 13
    assert to_minor_units(Decimal("12.345"), "eur") == 1235
    assert to_minor_units(Decimal("12.5"), "jpy") == 13


def test_latest_bills_the_last_value_of_the_period() -> None:
    """400 GB and later 250 GB are billed as 250 GB."""
    events = [_event(1, "storage_gb", "400", 5), _event(2, "storage_gb", "250", 20)]
    assert _shown(_lines(events)) == [("250", "10.00", "2500")]


def test_latest_takes_back_what_a_cut_period_billed_too_much() -> None:
    """Cut at the tenth, the same usage is 400 GB before it and 150 GB less after it."""
    events = [_event(1, "storage_gb", "400", 5), _event(2, "storage_gb", "250", 20)]
    lines = _lines(events, cuts=(datetime(2026, 6, 10, tzinfo=UTC),))
    assert _shown(lines) == [("400", "10.00", "4000"), ("-150", "10.00", "-1500")]


def test_tiers_run_on_across_a_cut() -> None:
    """800 minutes before the cut and 400 after it: the second part crosses into the second tier."""
    events = [_event(1, "minutes", "800", 5), _event(2, "minutes", "400", 20)]
    lines = _lines(events, cuts=(datetime(2026, 6, 10, tzinfo=UTC),))
    assert _shown(lines) == [("800", "0", "0"), ("200", "0", "0"), ("200", "3.600", "720")]


def test_each_group_value_has_a_line_and_its_price() -> None:
    """GPU models have prices of their own; regions share one."""
    gpus = [_event(1, "gpu_seconds", "100", gpu="a100"), _event(2, "gpu_seconds", "10", gpu="h100")]
    assert _shown(_lines(gpus)) == [("100", "0.1100", "11"), ("10", "0.2900", "2.9")]
    calls = [_event(1, "api_calls", "10", region="eu"), _event(2, "api_calls", "30", region="us")]
    assert [line.values for line in _lines(calls)] == [(("region", "us"),), (("region", "eu"),)]


@pytest.mark.parametrize("properties", [{"region": "US"}, {"region": "sa"}, {}])
def test_a_group_value_without_a_rate_is_not_billed(properties: dict[str, str]) -> None:
    """Another spelling, an unlisted region and a missing property make no line."""
    assert _lines([_event(1, "api_calls", "10", **properties)]) == []


def test_a_value_can_be_left_off_the_rate_card() -> None:
    """With the quirk, a listed region is unrated as well."""
    quirks = MetronomeQuirks(unrated_values={"api_calls": {"eu"}})
    events = [_event(1, "api_calls", "10", region="eu"), _event(2, "api_calls", "30", region="us")]
    assert [line.values for line in _lines(events, quirks=quirks)] == [(("region", "us"),)]


def test_unused_products_show_only_without_a_pricing_key() -> None:
    """A period without minutes has a line of 0; one without API calls has none."""
    before = datetime(2026, 5, 5, tzinfo=UTC)
    minutes = UsageEvent("e1", "c", "minutes", before, Decimal(5), {})
    calls = UsageEvent("e2", "c", "api_calls", before, Decimal(5), {"region": "us"})
    assert _shown(_lines([minutes])) == [("0", "0", "0")]
    assert _lines([calls]) == []


def test_presentation_values_split_lines_but_not_prices() -> None:
    """Two teams have a line each, at the same price; tokens of no team have one too."""
    teams = [_event(1, "tokens", "1000000", team="red"), _event(2, "tokens", "2000000", team="blue")]
    lines = _lines([*teams, _event(3, "tokens", "3000000")])
    assert [(line.presented, line.quantity, line.values) for line in lines] == [
        ((("team", "red"),), 1, ()),
        ((("team", "blue"),), 2, ()),
        ((("team", None),), 3, ()),
    ]
    assert {line.unit_price for line in lines} == {300}


def test_each_presentation_value_has_tiers_of_its_own() -> None:
    """900 minutes of each of two teams stay in the first tier, which ends at 1,000."""
    split = {**CHARGES, "minutes": replace(CHARGES["minutes"], split_by="team")}
    events = [_event(1, "minutes", "900", team="red"), _event(2, "minutes", "900", team="blue")]
    assert [line.total for line in _lines(events, charges=split)] == [0, 0]
    assert [line.total for line in _lines(events)] == [0, 2880]


def test_a_charge_beside_another_counts_the_same_events() -> None:
    """15 calls in two regions are one line of the audit log, at 0.04 cents each."""
    calls = [_event(1, "api_calls", "10", region="eu"), _event(2, "api_calls", "5", region="us")]
    assert _shown(_lines(calls, charge="audit_log")) == [("15", "0.0400", "0.6")]


def test_an_event_id_counts_once() -> None:
    """The same id sent again, even with another value, is ignored."""
    assert _lines([_event(1, "tokens", "1000000"), _event(1, "tokens", "9000000")])[0].quantity == 1


def test_the_wrong_divisor_leaves_the_rate() -> None:
    """With the quirk, tokens are divided by 1,000 and still priced by the million."""
    quirks = MetronomeQuirks(conversion_factor={"tokens": Decimal(1000)})
    assert _shown(_lines([_event(1, "tokens", "2500000")], quirks=quirks)) == [
        ("2500", "300.000000", "750000")
    ]


@pytest.mark.parametrize(
    ("aggregation", "quantity"), [("SUM", "650"), ("COUNT", "3"), ("MAX", "400"), ("UNIQUE", "2")]
)
def test_a_metric_can_have_another_aggregation(aggregation: str, quantity: str) -> None:
    """400, 125 and 125 GB as a sum, a count, the largest and the number of distinct values."""
    events = [
        _event(number, "storage_gb", value, number) for number, value in ((1, "400"), (2, "125"), (3, "125"))
    ]
    quirks = MetronomeQuirks(aggregation={"storage_gb": aggregation})
    assert _shown(_lines(events, quirks=quirks))[0][0] == quantity


def test_rates_entered_in_minor_units_are_a_hundred_times_as_high() -> None:
    """With the quirk, 0.09 euros became 9; yen have no minor unit and stay."""
    quirks = MetronomeQuirks(amounts_as_minor_units={"eur", "jpy"})
    assert _shown(_lines([_event(1, "storage_gb", "4")], currency="eur", quirks=quirks)) == [
        ("4", "9.00", "36")
    ]
    assert _shown(_lines([_event(1, "storage_gb", "4")], currency="jpy", quirks=quirks)) == [
        ("4", "15", "60")
    ]


def test_rates_entered_in_whole_units_are_a_hundredth() -> None:
    """With the quirk, 10 cents became 0.10; euros are in whole units anyway."""
    quirks = MetronomeQuirks(amounts_as_major_units={"usd", "eur"})
    assert _shown(_lines([_event(1, "storage_gb", "4")], quirks=quirks)) == [("4", "0.10", "0.4")]
    assert _shown(_lines([_event(1, "storage_gb", "4")], currency="eur", quirks=quirks))[0][1] == "0.09"


def test_a_product_can_round_up_by_mistake() -> None:
    """With the quirk, 1.2 million tokens are two million."""
    quirks = MetronomeQuirks(rounded_up={"tokens"})
    assert _lines([_event(1, "tokens", "1200000")], quirks=quirks)[0].quantity == 2


def test_rates_are_tiered_only_with_several_tiers() -> None:
    """Minutes are TIERED, their base fee a subscription of 900 cents, tokens FLAT."""
    rates: dict[str, Rate] = {rate.product.name: rate for rate in _catalogue().rates["usd"]}
    assert rates["Minutes"].rate_type == "TIERED"
    assert (rates["Minutes base fee"].rate_type, rates["Minutes base fee"].tiers[0].price) == (
        "SUBSCRIPTION",
        900,
    )
    assert rates["Tokens"].rate_type == "FLAT"
