"""Ways to compare two tables of invoice lines: the floor, the pipeline's own, and what people would use.

Each reads two Parquet files and tells how many lines are equal, differ, or stand on one side only. The peers
are imported where they are used, because they need not be installed.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.warehouse import Connection

Counts = tuple[int, int, int, int]
"""Equal, differing, only Stripe's, only Metronome's."""
KEYS: Final = ("customer", "period", "meter", "group_values")
VALUES: Final = ("quantity", "amount")
SQL: Final = Path(__file__).parent / "line_parity_sql"


def in_duckdb(query: str, folder: Path) -> Counts:
    """One of our queries over the two files."""
    limit = os.environ.get("PARITY_COMPUTE__MEMORY_LIMIT")
    with warehouse.connect(":memory:", memory_limit=limit) as connection:
        for side in ("stripe", "metronome"):
            connection.execute(f"create view {side} as from read_parquet('{folder / side}.parquet')")
        return counted(query, connection)


def counted(query: str, connection: Connection) -> Counts:
    """One of our queries over the tables `stripe` and `metronome`."""
    (row,) = connection.execute((SQL / f"{query}.sql").read_text(encoding="utf-8")).fetchall()
    equal, differing, only_stripe, only_metronome = (int(value) for value in row)
    return equal, differing, only_stripe, only_metronome


def pandas_merge(folder: Path) -> Counts:
    """The script that people write first."""
    import pandas as pd

    stripe, metronome = (pd.read_parquet(folder / f"{side}.parquet") for side in ("stripe", "metronome"))
    merged = stripe.merge(metronome, on=list(KEYS), how="outer", suffixes=("_1", "_2"), indicator=True)
    both = merged[merged["_merge"] == "both"]
    same = (both["quantity_1"] == both["quantity_2"]) & (both["amount_1"] == both["amount_2"])
    only = merged["_merge"].value_counts()
    return int(same.sum()), int((~same).sum()), int(only["left_only"]), int(only["right_only"])


def datacompy_pandas(folder: Path) -> Counts:
    """Datacompy over pandas."""
    import pandas as pd
    from datacompy import PandasCompare

    sides = [pd.read_parquet(folder / f"{side}.parquet") for side in ("stripe", "metronome")]
    return _datacompy(PandasCompare(*sides, join_columns=list(KEYS)))


def datacompy_polars(folder: Path) -> Counts:
    """Datacompy over Polars."""
    import polars as pl
    from datacompy import PolarsCompare

    sides = [pl.read_parquet(folder / f"{side}.parquet") for side in ("stripe", "metronome")]
    return _datacompy(PolarsCompare(*sides, join_columns=list(KEYS)))


def _datacompy(comparison: Any) -> Counts:  # noqa: ANN401  # it need not be installed
    equal = int(comparison.count_matching_rows())
    differing = len(comparison.intersect_rows) - equal
    return equal, differing, len(comparison.df1_unq_rows), len(comparison.df2_unq_rows)


def reladiff_join(folder: Path) -> Counts:
    """Reladiff's join, which wants both tables in one database and one text as key."""
    import reladiff

    database = folder / "reladiff.duckdb"
    database.unlink(missing_ok=True)
    with warehouse.connect(database) as connection:
        key = "md5(concat_ws('|', customer, period, meter, group_values)) as line_key"
        for side in ("stripe", "metronome"):
            source = f"read_parquet('{folder / side}.parquet')"
            connection.execute(f"create table {side} as select {key}, quantity, amount from {source}")
        lines = warehouse.count(connection, "stripe")
    address = {"driver": "duckdb", "filepath": str(database)}
    sides = [
        reladiff.connect_to_table(address, side, "line_key", extra_columns=VALUES)
        for side in ("stripe", "metronome")
    ]
    signs: dict[str, set[str]] = {"-": set(), "+": set()}
    for sign, row in reladiff.diff_tables(*sides, algorithm=reladiff.Algorithm.JOINDIFF):
        signs[sign].add(row[0])
    database.unlink()
    differing = len(signs["-"] & signs["+"])
    only_stripe, only_metronome = len(signs["-"]) - differing, len(signs["+"]) - differing
    return lines - differing - only_stripe, differing, only_stripe, only_metronome


def floor(folder: Path) -> Counts:
    """One query that scans and fully joins both sides."""
    return in_duckdb("floor", folder)


def parity(folder: Path) -> Counts:
    """Sums and a checksum first, then the lines of what differs."""
    return in_duckdb("parity", folder)


ENGINES: Final[dict[str, Callable[[Path], Counts]]] = {
    "floor: scan and full join": floor,
    "parity-pipeline's way": parity,
    "pandas merge": pandas_merge,
    "datacompy on pandas": datacompy_pandas,
    "datacompy on Polars": datacompy_polars,
    "reladiff, join": reladiff_join,
}
