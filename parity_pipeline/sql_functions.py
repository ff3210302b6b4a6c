"""The SQL functions of our own, in every connection: how amounts read in a sentence, and what is told first.

`money_text(minor_units, currency)` is the amount in the currency's own unit, with at most six decimals of a
minor unit: 1827375 cents are `18,273.75 USD`. `quantity_text(quantity)` has no trailing zeros. Both are for
display; their digits come from DECIMALs. Without an amount or a currency there is no text.
`greatest_first(amount, text)` and `in_order(precedence, text)` are keys for `min_by`: the greatest amount, up
or down, or the smallest number, and among equals the first text, so that equal runs tell the same.
"""

from typing import Final

from parity_pipeline.money import MINOR_UNITS_PER_UNIT


def _codes(factor: int) -> str:
    return ", ".join(f"'{code}'" for code, units in MINOR_UNITS_PER_UNIT.items() if units == factor)


OWN_FUNCTIONS: Final = f"""
create or replace temp macro text_of_part(part, places) as
    rtrim('.' || rpad(part, cast(greatest(places, length(part)) as integer), '0'), '.');

create or replace temp macro text_of_digits(digits, places) as
    format('{{:,}}', cast(split_part(digits, '.', 1) as hugeint))
    || text_of_part(rtrim(split_part(digits, '.', 2), '0'), places);

create or replace temp macro quantity_text(quantity) as
    case when quantity < 0 then '-' else '' end
    || text_of_digits(cast(cast(abs(quantity) as decimal(38, 6)) as varchar), 0);

create or replace temp macro money_text(minor_units, currency) as
    case when minor_units < 0 then '-' else '' end
    || case
        when currency in ({_codes(1)})
            then text_of_digits(cast(cast(abs(minor_units) as decimal(38, 6)) as varchar), 0)
        when currency in ({_codes(1000)})
            then text_of_digits(cast(cast(abs(minor_units) as decimal(34, 6)) * 0.001 as varchar), 3)
        else text_of_digits(cast(cast(abs(minor_units) as decimal(34, 6)) * 0.01 as varchar), 2)
    end
    || ' '
    || upper(currency);

create or replace temp macro greatest_first(amount, told) as
    cast(9999999999999999999999999 - cast(coalesce(abs(amount), 0) as decimal(38, 12)) as varchar)
    || coalesce(told, '');

create or replace temp macro in_order(precedence, told) as
    lpad(cast(precedence as varchar), 9, '0') || coalesce(told, '');
"""
