"""A home folder with a published verdict, and all that the gate looks at beside it."""

import json
from pathlib import Path

import duckdb

RUN = "20260310T000000Z-abc123"


def published(home: Path, **changes: object) -> Path:
    """A home folder with a published verdict, its database and its record."""
    folder = home / "published"
    folder.mkdir(parents=True)
    content = {"run_id": RUN, "as_of": "2026-03-10T00:00:00Z", "verdict": "GO", "reasons": [], **changes}
    (folder / "report.json").write_text(json.dumps(content), encoding="utf-8")
    database(home)
    (home / "history").mkdir()
    (home / "history" / f"20260310_{RUN}.json").write_text("{}", encoding="utf-8")
    return home


def database(home: Path, *, run_id: str = RUN, verdict: str = "GO", complete: str = "[true]") -> None:
    """The tables of the published database that the gate looks at; `complete` is a list in SQL."""
    file = home / "published" / "billing_parity.duckdb"
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema control; create schema parity")
        connection.execute(f"create table control.run as select '{run_id}' as run_id")
        connection.execute(f"create table parity.verdict as select '{verdict}' as verdict")
        connection.execute(
            "create table control.completeness as select 'stripe' as source, 'prices' as resource, "
            f"unnest({complete}::boolean[]) as complete"
        )
