"""Stripe's rating in the sandbox, against amounts worked by hand."""

from datetime import UTC, datetime
from decimal import Decimal

from parity_pipeline.sandbox.facts import Charge, Customer, Tier
from parity_pipeline.sandbox.stripe_side.prices import MeteredPrice, metered_price
from parity_pipeline.sandbox.stripe_side.rating import RatedLine, free, rate


def _customer(currency: str = "usd", *, tax_inclusive: bool = False) -> Customer:
    return Customer(
        key="00001",
        name="Customer",
        currency=currency,
        started_at=datetime(2026, 8, 1, tzinfo=UTC),
        charges=("calls",),
        link="billing_provider",
        tax_percent=Decimal(21),
        tax_inclusive=tax_inclusive,
    )


def _per_unit(price: str, currency: str = "usd") -> MeteredPrice:
    charge = Charge("calls", "calls", "sum", "per_unit", {currency: (Tier(None, Decimal(price)),)})
    return metered_price(charge, _customer(currency))


def _minutes() -> MeteredPrice:
    tiers = (
        Tier(1000, Decimal(0), Decimal(9)),
        Tier(10000, Decimal("0.036")),
        Tier(None, Decimal("0.02")),
    )
    return metered_price(Charge("minutes", "minutes", "sum", "graduated", {"usd": tiers}), _customer())


def _package() -> MeteredPrice:
    tiers: dict[str, tuple[Tier, ...]] = {"eur": (Tier(None, Decimal("1.2")),)}
    charge = Charge("seats", "seats", "sum", "package", tiers, package_size=50)
    return metered_price(charge, _customer("eur"))


def _amounts(lines: list[RatedLine]) -> list[tuple[Decimal, int]]:
    return [(line.quantity, line.amount) for line in lines]


def test_a_unit_price_is_rounded_once_to_the_cent() -> None:
    """1,234.5 calls at 0.2 cents are 246.9 cents, hence 247."""
    assert _amounts(rate(_per_unit("0.002"), Decimal("1234.5"))) == [(Decimal("1234.5"), 247)]


def test_half_a_cent_goes_up() -> None:
    """25 calls at 0.1 cents are 2.5 cents, hence 3; 45 are 4.5 cents, hence 5."""
    price = _per_unit("0.001")
    assert [line.amount for usage in (25, 45) for line in rate(price, Decimal(usage))] == [3, 5]


def test_yen_have_no_minor_unit() -> None:
    """5 calls at 0.3 yen are 1.5 yen, hence 2."""
    assert _amounts(rate(_per_unit("0.3", "jpy"), Decimal(5))) == [(Decimal(5), 2)]


def test_no_usage_still_has_a_line() -> None:
    """A cycle invoice shows every metered price, with 0 where nothing was used."""
    assert _amounts(rate(_per_unit("0.002"), Decimal(0))) == [(Decimal(0), 0)]


def test_a_negative_total_is_billed_as_nothing() -> None:
    """Corrections can bring a meter below 0; an invoice cannot."""
    assert _amounts(rate(_per_unit("0.002"), Decimal(-70))) == [(Decimal(0), 0)]


def test_each_reached_tier_has_a_unit_line_and_a_flat_line() -> None:
    """1,031 minutes: 1,000 free with a fee of 9.00, and 31 at 3.6 cents, which are 111.6."""
    assert _amounts(rate(_minutes(), Decimal(1031))) == [
        (Decimal(1000), 0),
        (Decimal(0), 900),
        (Decimal(31), 112),
        (Decimal(0), 0),
    ]


def test_a_tier_bound_belongs_to_the_lower_tier() -> None:
    """1,000 minutes stay in the first tier: its free units and its fee."""
    assert _amounts(rate(_minutes(), Decimal(1000))) == [(Decimal(1000), 0), (Decimal(0), 900)]


def test_the_last_tier_has_no_end() -> None:
    """12,000 minutes: 9,000 at 3.6 cents are 324.00 and 2,000 at 2 cents are 40.00."""
    assert [line.amount for line in rate(_minutes(), Decimal(12000))] == [0, 900, 32400, 0, 4000, 0]


def test_the_first_flat_fee_is_due_without_usage() -> None:
    """The first tier is always reached."""
    assert _amounts(rate(_minutes(), Decimal(0))) == [(Decimal(0), 0), (Decimal(0), 900)]


def test_packages_are_rounded_up_and_the_quantity_stays_raw() -> None:
    """204 units at 60.00 for each 50 are 5 packages, 300.00; the line says 204."""
    assert _amounts(rate(_package(), Decimal(204))) == [(Decimal(204), 30000)]


def test_a_full_package_is_one_package() -> None:
    """50 units are one package, 51 are two."""
    assert [rate(_package(), Decimal(usage))[0].amount for usage in (50, 51)] == [6000, 12000]


def test_a_second_invoice_of_a_period_bills_the_rest_of_the_tiers() -> None:
    """After 400 minutes were billed: 600 free ones, no second fee, and 31 at 3.6 cents."""
    assert _amounts(rate(_minutes(), Decimal(1031), billed=Decimal(400))) == [
        (Decimal(600), 0),
        (Decimal(31), 112),
        (Decimal(0), 0),
    ]


def test_a_second_invoice_of_a_period_bills_the_rest_of_the_packages() -> None:
    """After 30 units, one package, were billed, 204 need 4 more packages for 174 units."""
    assert _amounts(rate(_package(), Decimal(204), billed=Decimal(30))) == [(Decimal(174), 24000)]


def test_a_second_invoice_without_more_usage_has_one_empty_line() -> None:
    """Nothing is left to bill, and the price still shows."""
    assert _amounts(rate(_minutes(), Decimal(400), billed=Decimal(400))) == [(Decimal(0), 0)]


def _bandwidth(*, flat_fee: str = "0") -> MeteredPrice:
    tiers = (Tier(500, Decimal("0.08")), Tier(None, Decimal("0.07"), Decimal(flat_fee)))
    return metered_price(Charge("bandwidth", "bandwidth", "sum", "volume", {"usd": tiers}), _customer())


def test_a_volume_price_rates_all_units_by_the_tier_reached() -> None:
    """500 units stay at 8 cents, 501 are all at 7 cents."""
    assert _amounts(rate(_bandwidth(), Decimal(500))) == [(Decimal(500), 4000)]
    assert _amounts(rate(_bandwidth(), Decimal(501))) == [(Decimal(501), 3507)]


def test_only_the_tier_reached_has_its_flat_fee() -> None:
    """The second tier's 9.00; the first tier's is 0 and shows as a line."""
    price = _bandwidth(flat_fee="9")
    assert _amounts(rate(price, Decimal(600))) == [(Decimal(600), 4200), (Decimal(0), 900)]
    assert _amounts(rate(price, Decimal(100))) == [(Decimal(100), 800), (Decimal(0), 0)]


def test_a_second_invoice_rates_the_rest_by_the_tier_reached() -> None:
    """After 600 units were billed, 100 more are at 7 cents without another flat fee."""
    lines = rate(_bandwidth(flat_fee="9"), Decimal(700), billed=Decimal(600))
    assert _amounts(lines) == [(Decimal(100), 700)]


def test_half_a_cent_can_go_to_the_even_cent() -> None:
    """25 calls are 2.5 cents, hence 2; 35 are 3.5 cents, hence 4."""
    price = _per_unit("0.001")
    lines = [line for usage in (25, 35) for line in rate(price, Decimal(usage), halves="even")]
    assert [line.amount for line in lines] == [2, 4]


def test_usage_that_shrank_after_it_was_billed_is_not_given_back() -> None:
    """Of 40 billed calls 10 were taken back: the second invoice bills nothing."""
    assert _amounts(rate(_per_unit("0.01"), Decimal(30), billed=Decimal(40))) == [(Decimal(0), 0)]


def test_a_free_line_keeps_the_quantity() -> None:
    """Classic billing puts the trial behind, flexible billing before it."""
    price = _per_unit("0.01")
    lines = [free(price, Decimal(30), billed=Decimal(10), flexible=each) for each in (False, True)]
    assert [(line.quantity, line.amount, line.label) for line in lines] == [
        (20, 0, "20 x calls (Free trial)"),
        (20, 0, "Free trial for 20 x calls"),
    ]


def test_a_price_with_tax_inside_is_raised_by_the_tax() -> None:
    """0.3 cents for a thousand, with 21 % inside, are 0.000363 cents each."""
    charge = Charge("calls", "calls", "sum", "per_unit", {"usd": (Tier(None, Decimal("0.000003")),)})
    price = metered_price(charge, _customer(tax_inclusive=True))
    assert price.tiers[0].unit_amount == Decimal("0.000363")
    assert (price.price_id, price.tax_behavior) == ("price_calls_usd_incl21", "inclusive")
