"""How money and quantities read in the sentences of the models."""

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
