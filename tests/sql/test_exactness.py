"""No row gets a wrong status: over a million values round the tolerance, worked out again in whole numbers.

A value is a whole number of units of its twelfth decimal place, so that Python's integers are exact.
"""

from collections import Counter
from collections.abc import Iterator

import pytest

from parity_pipeline import warehouse
from parity_pipeline.models import load_models

PLACE = 10**12  # units of the twelfth place in 1, a cent for money
CASES = 1_050_000
RATIO = 10_000  # millionths: 1 %
JUDGED = "intermediate.int_check_rows__judged"
EMPTY = ("line_item_quantities", "contract_coverage", "group_key_coverage")

# The greater value is a hundred times `part`, the smaller one 99 times, so that both lie exactly on the bound
# of 1 % whichever side is greater; `nudge` moves them off it by a unit, a fraction of a cent, a cent, or not.
CASES_SQL = f"""
create table cases as
with numbered as (
    select
        range as number,
        range % 2 = 0 as is_money,
        range // 2 % 2 = 0 as is_stripe_greater,
        case when range // 4 % 10 = 0 then -1 else 1 end as sign,
        cast(hash(range, 'part') % cast(pow(10, 2 + range // 40 % 13) as ubigint) as hugeint) + 1 as part,
        [0, 1, -1, 2, 500000000000, -500000000000, 1000000000000, -1000000000000, 999999999999][
            1 + range // 520 % 9
        ] as nudge,
        -- Either round the bound of 1 %, or so near that only an allowance or the fifteenth digit can matter.
        ['ratio', 'allowance', 'digits', 'equal'][1 + range // 4680 % 4] as about,
        [0, 1, 2, 3][1 + range // 18720 % 4] as cents_allowed
    from range({CASES})
),
sized as (
    select
        numbered.*,
        100 * part as greater,
        case about
            when 'ratio' then 99 * part - nudge
            when 'allowance' then 100 * part - cents_allowed * {PLACE} - nudge
            when 'digits' then 100 * part - part // 500000000000000 - nudge % 7
            else 100 * part
        end as other
    from numbered
)
select
    number,
    is_money,
    sign * case when is_stripe_greater then greater else other end as expected,
    sign * case when is_stripe_greater then other else greater end as actual,
    case when is_money then cents_allowed * {PLACE} else 0 end as allowed
from sized
"""
COMPARED_SQL = """
select
    '{check}' as check_name, number::integer as customer_number, 'usd' as currency, 'meter' as meter,
    null::varchar as product, null::varchar as pricing_group_values,
    timestamp '2026-10-01' as period_start, timestamp '2026-11-01' as period_end, null::date as usage_date,
    'usd' as unit, {expected} as expected_value, {actual} as actual_value, {allowed} as allowance,
    0::decimal(38, 12) as rounds_up_by, 0::decimal(38, 12) as rounds_down_by,
    1::decimal(38, 12) as scatter_unit,
    true as is_settled, false as is_forced_breach, not is_money as is_from_floats
from cases
where is_money = {is_money}
"""


@pytest.fixture
def connection() -> Iterator[warehouse.Connection]:
    """A database with the cases as compared rows of two checks, and no rows of the others."""
    with warehouse.connect(":memory:") as opened:
        opened.execute("create schema control; create schema intermediate")
        opened.execute("create table control.run as select timestamp '2026-11-21' as as_of")
        opened.execute(
            "create table control.thresholds as select cast(0.01 as decimal(18, 6)) as variance_ratio, "
            "unnest(['invoice_totals', 'event_ingestion']) as check_name"
        )
        opened.execute(CASES_SQL)
        exact = {
            name: f"cast({name} as decimal(26, 0)) * cast('0.000000000001' as decimal(12, 12))"
            for name in ("expected", "actual", "allowed")
        }
        for check, name, is_money in (
            ("invoice_totals", "money", "true"),
            ("event_ingestion", "event_ingestion", "false"),
        ):
            table = f"intermediate.int_{name}__compared"
            opened.execute(
                f"create table {table} as {COMPARED_SQL.format(check=check, is_money=is_money, **exact)}"
            )
        for check in EMPTY:
            opened.execute(
                f"create table intermediate.int_{check}__compared as "
                "from intermediate.int_money__compared limit 0"
            )
        opened.execute(
            "create table intermediate.int_customers__classified as "
            "select number::integer as customer_number, 'default' as account, "
            "number::varchar as customer_key, 'cus_1' as stripe_customer_id, "
            "'m_1' as metronome_customer_id from cases"
        )
        opened.execute(
            "create table intermediate.int_check_rows__waived as select check_name, customer_number, "
            "unit, pricing_group_values, period_start, period_end, usage_date "
            "from intermediate.int_money__compared limit 0"
        )
        yield opened


def status(expected: int, actual: int, allowed: int, *, is_money: bool) -> str:
    """The contract's rule, in units: match, then tolerance by allowance or by ratio, then breach."""
    variance, greater = abs(actual - expected), max(abs(expected), abs(actual))
    digits = len(str(greater // PLACE))
    # A value that was a float is equal when half a unit of the fifteenth significant digit is not exceeded.
    fifteenth = 10 ** (digits - 15 + 12) if digits >= 3 else 0
    if variance == 0 or (not is_money and 2 * variance <= fifteenth):
        return "match"
    if variance <= allowed or variance * 1_000_000 <= RATIO * greater:
        return "within_tolerance"
    return "breach"


def test_not_one_status_of_a_million_is_wrong(connection: warehouse.Connection) -> None:
    """On the bound, a twelfth place, a fraction of a cent or a cent beside it, for money and for floats."""
    model = next(each for each in load_models() if each.key == JUDGED)
    connection.execute(f"create table judged as {model.sql}")
    found = connection.execute(
        "select expected, actual, allowed, is_money, status from cases "
        "inner join judged on number = customer_number"
    ).fetchall()
    wrong = [row for row in found if status(int(row[0]), int(row[1]), int(row[2]), is_money=row[3]) != row[4]]
    assert wrong[:5] == []
    assert len(found) == CASES >= 1_000_000
    told = Counter((is_money, name) for *_, is_money, name in found)
    assert all(count > 10_000 for count in told.values())
    assert len(told) == 6
