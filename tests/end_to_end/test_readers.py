"""Analysts read the published file while runs replace it: nobody fails, and nobody sees two runs mixed."""

import subprocess
import sys
import time
from pathlib import Path

import duckdb

from parity_pipeline import warehouse

PUBLISHES = 20
ROWS = 20_000
READER = """
import sys, duckdb
path, last = sys.argv[1], int(sys.argv[2])
seen = []
print("ready", flush=True)
while not seen or seen[-1] < last:
    with duckdb.connect(path, read_only=True) as connection:
        first = connection.execute("select run from control.run").fetchall()
        runs = connection.execute("select distinct run from parity.big").fetchall()
        again = connection.execute("select run from control.run").fetchall()
    assert first == runs == again, (first, runs, again)
    seen.append(first[0][0])
assert seen == sorted(seen)
print(len(seen))
"""


def publish(run: int, target: Path) -> None:
    """Publish a database all of whose rows bear the run's number."""
    with duckdb.connect() as connection:
        connection.execute("create schema control; create schema parity")
        connection.execute("create table control.run as select ? as run", [run])
        connection.execute(
            f"create table parity.big as select ? as run, range as number from range({ROWS})", [run]
        )
        warehouse.publish(connection, target)


def test_a_reader_in_a_loop_never_fails(tmp_path: Path) -> None:
    """During twenty publishes each connection sees one run, whole, and later ones never an earlier run."""
    target = tmp_path / "billing_parity.duckdb"
    publish(1, target)
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-c", READER, str(target), str(PUBLISHES)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for run in range(2, PUBLISHES + 1):
            publish(run, target)
            time.sleep(0.02)
        told, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    assert int(told) >= 3
