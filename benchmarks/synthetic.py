"""Landings of a made-up company of any size, written by DuckDB: what both vendors would say of it.

`python -m benchmarks.synthetic 10000 FOLDER` writes one. The company is skewed as real ones are: most
customers use a few meters on a few days, a few use everything always. What happened there is in
synthetic_sql/world.sql, how each resource tells it in synthetic_sql/<source>/<resource>.sql; one without a
file is landed without rows.
"""

import argparse
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from parity_pipeline import warehouse
from parity_pipeline.columns import duckdb_columns
from parity_pipeline.landing import MANIFEST, LandedResource, Manifest, landed_file
from parity_pipeline.periods import Window
from parity_pipeline.sources.resources import RESOURCES, Resource
from parity_pipeline.spool import digest
from parity_pipeline.warehouse import Connection

ACCOUNT: Final = "default"
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
AS_OF: Final = datetime(2026, 11, 21, tzinfo=UTC)
MONTHS: Final = 10
"""Billed periods of each customer; one more is running."""
RUN_ID: Final = "20261121T000000Z-000000"
DIFFERING: Final = Decimal("0.005")

_SQL: Final = Path(__file__).parent / "synthetic_sql"
_LINES_AT_ONCE: Final = 50_000


@dataclass(frozen=True)
class Company:
    """How large it is and how much differs: a share of its meters' periods, or a number of them."""

    customers: int
    differing: Decimal = DIFFERING
    breaches: int | None = None


def land(company: Company, folder: Path) -> Manifest:
    """Write the landing of a company into its run's folder."""
    database = folder / "world.duckdb"
    folder.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    with warehouse.connect(database) as connection:
        _build_world(connection, company)
        resources = tuple(_land_resource(connection, folder, resource) for resource in RESOURCES)
    database.unlink()
    manifest = Manifest(
        run_id=RUN_ID,
        window=Window(START, AS_OF),
        started_at=AS_OF,
        finished_at=AS_OF,
        complete=True,
        error=None,
        resources=resources,
        requests=(),
    )
    (folder / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


def _build_world(connection: Connection, company: Company) -> None:
    connection.execute(
        "create table world as select cast(? as integer) as customers, "
        "cast(? as decimal(9, 6)) as differing, cast(? as bigint) as breaches, cast(? as integer) as months, "
        "cast(? as timestamp) as start, cast(? as timestamp) as as_of",
        [
            company.customers,
            company.differing,
            company.breaches,
            MONTHS,
            START.replace(tzinfo=None),
            AS_OF.replace(tzinfo=None),
        ],
    )
    connection.execute((_SQL / "world.sql").read_text(encoding="utf-8"))


def _land_resource(connection: Connection, folder: Path, resource: Resource) -> LandedResource:
    source = _SQL / resource.source / f"{resource.name}.sql"
    target = landed_file(folder, ACCOUNT, resource)
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    with target.open("wb") as file:
        if source.exists():
            for count, lines in _json_lines(connection, resource, source.read_text(encoding="utf-8")):
                rows += count
                file.write(_packed(lines))
        if not rows:
            file.write(_packed(b""))
    return LandedResource(
        account=ACCOUNT,
        source=resource.source,
        resource=resource.name,
        requests=1,
        pages=1,
        rows=rows,
        sha256=digest(target),
        watermark=AS_OF,
        complete=True,
    )


def _json_lines(connection: Connection, resource: Resource, sql: str) -> Iterator[tuple[int, bytes]]:
    """Blocks of rows as JSON lines with every column of the resource; those not given are null."""
    given = {str(row[0]) for row in connection.execute(f"describe {sql}").fetchall()}
    columns = [
        f'cast({_given(name, given)} as {kind.replace("TIMESTAMP", "VARCHAR")}) as "{name}"'
        for name, kind in duckdb_columns(resource).items()
    ]
    told = f"select {', '.join(columns)} from ({sql})"
    query = f"select to_json(told)::varchar || chr(10) as line from ({told}) as told"
    for batch in connection.sql(query).to_arrow_reader(_LINES_AT_ONCE):
        yield batch.num_rows, _bytes_of(batch.column(0))


def _packed(lines: bytes) -> bytes:
    packer = zlib.compressobj(level=1, wbits=31)  # gzip; members one after another make one file
    return packer.compress(lines) + packer.flush()


def _given(name: str, given: set[str]) -> str:
    if name == "account":
        return f"'{ACCOUNT}'"
    return f'"{name}"' if name in given else "null"


def _bytes_of(column: Any) -> bytes:  # noqa: ANN401  # pyarrow has no types
    """The texts of an Arrow column, which lie one behind the other."""
    _, offsets, texts = column.buffers()
    first, last = (struct.unpack_from("<i", offsets, 4 * (column.offset + at))[0] for at in (0, len(column)))
    return bytes(texts[first:last])


def main() -> None:
    """Write one landing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("customers", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--breaches", type=int, help="so many meters' periods differ, instead of a share")
    asked = parser.parse_args()
    manifest = land(Company(asked.customers, breaches=asked.breaches), asked.folder)
    for each in manifest.resources:
        print(f"{each.source}/{each.resource}: {each.rows:,} rows")


if __name__ == "__main__":
    main()
