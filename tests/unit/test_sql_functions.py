"""The functions of our own: how amounts read in a sentence, and what is told first."""

import pytest

from parity_pipeline import warehouse


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        ("1827375", "usd", "18,273.75 USD"),
        ("1827375.5", "usd", "18,273.755 USD"),
        ("-7", "eur", "-0.07 EUR"),
        ("0", "eur", "0.00 EUR"),
        ("143726", "jpy", "143,726 JPY"),
        ("0.5", "jpy", "0.5 JPY"),
        ("1500", "kwd", "1.500 KWD"),
        ("99999999999999999999", "usd", "999,999,999,999,999,999.99 USD"),
    ],
)
def test_money_reads_in_its_own_unit(minor_units: str, currency: str, text: str) -> None:
    """Two decimals for dollars, none for yen, three for dinars, more where need be; the sign is kept."""
    with warehouse.connect(":memory:") as connection:
        told = warehouse.answer(
            connection, f"select money_text(cast('{minor_units}' as decimal(38, 12)), '{currency}')"
        )
    assert told[1] == [(text,)]


@pytest.mark.parametrize(
    ("quantity", "text"),
    [("73095.00", "73,095"), ("-0.125", "-0.125"), ("100", "100"), ("0", "0"), ("1.0000004", "1")],
)
def test_quantities_have_no_trailing_zeros(quantity: str, text: str) -> None:
    """At most six decimals, none that say nothing."""
    with warehouse.connect(":memory:") as connection:
        told = warehouse.answer(connection, f"select quantity_text(cast('{quantity}' as decimal(38, 12)))")
    assert told[1] == [(text,)]


def test_without_a_currency_there_is_no_text() -> None:
    """What is absent is not shown as nothing."""
    with warehouse.connect(":memory:") as connection:
        told = warehouse.answer(
            connection, "select money_text(1, cast(null as varchar)), quantity_text(null)"
        )
    assert told[1] == [(None, None)]


def test_the_greatest_amount_is_told_first_and_then_the_first_text() -> None:
    """-7 goes before 3; of -7 and 7 the one that is called `a`."""
    with warehouse.connect(":memory:") as connection:
        told = warehouse.answer(
            connection,
            "select min_by(told, greatest_first(amount, told)) "
            "from (values ('b', 7), ('a', -7), ('c', 3), ('d', null)) as t(told, amount)",
        )
    assert told[1] == [("a",)]


def test_the_smallest_precedence_is_told_first_and_then_the_first_text() -> None:
    """2 goes before 10, although its text does not; of two 2 the one that is called `b`."""
    with warehouse.connect(":memory:") as connection:
        told = warehouse.answer(
            connection,
            "select min_by(told, in_order(place, told)) "
            "from (values ('a', 10), ('c', 2), ('b', 2)) as t(told, place)",
        )
    assert told[1] == [("b",)]
