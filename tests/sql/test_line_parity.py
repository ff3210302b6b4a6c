"""Sums with a checksum first, then the lines of what differs: the same counts as a full join."""

from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.line_engines import counted
from parity_pipeline import warehouse

KEYS = st.tuples(
    st.sampled_from(["cus_1", "cus_2"]),
    st.sampled_from([date(2026, 9, 1), date(2026, 10, 1)]),
    st.sampled_from(["tokens", "images"]),
    st.sampled_from(["{}", "{}x"]),
)
VALUES = st.tuples(
    st.sampled_from([Decimal("1.0000"), Decimal("1.0001"), Decimal("2.0000")]), st.integers(0, 3)
)
SIDE = st.dictionaries(KEYS, VALUES, max_size=12)


@settings(max_examples=60, deadline=None)
@given(stripe=SIDE, metronome=SIDE)
def test_drilling_counts_as_a_full_join_does(stripe: dict, metronome: dict) -> None:
    """Whatever lines there are, also where differences of an invoice cancel out."""
    with warehouse.connect(":memory:") as connection:
        for name, side in (("stripe", stripe), ("metronome", metronome)):
            connection.execute(
                f"create table {name} (customer varchar, period date, meter varchar, group_values varchar, "
                "quantity decimal(18, 4), amount bigint)"
            )
            for key, values in side.items():
                connection.execute(f"insert into {name} values (?, ?, ?, ?, ?, ?)", [*key, *values])
        expected = (
            sum(stripe[key] == metronome.get(key) for key in stripe),
            sum(key in metronome and stripe[key] != metronome[key] for key in stripe),
            len(stripe.keys() - metronome.keys()),
            len(metronome.keys() - stripe.keys()),
        )
        assert counted("floor", connection) == counted("parity", connection) == expected
