"""What the steps of one run of Dagster share: an open database, and what suites found in it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from parity_pipeline.defs.runs import PartitionRuns
from parity_pipeline.defs.work import RunWork
from parity_pipeline.quality.suites import load_suites

AS_OF = datetime(2026, 6, 10, tzinfo=UTC)
KEYS = {"STRIPE_API_KEY": "rk_test_none", "METRONOME_BEARER_TOKEN": "none"}
AUDIT = "audit.stg_stripe__event_summaries"
SUITE = next(suite for suite in load_suites() if f"audit.{suite.name}" == AUDIT)


@pytest.fixture
def runs(tmp_path: Path) -> PartitionRuns:
    """Runs that nobody is asked for."""
    return PartitionRuns({**KEYS, "PARITY_HOME": str(tmp_path)})


@pytest.fixture
def work(runs: PartitionRuns) -> Iterator[RunWork]:
    """A run whose database holds one sound audit."""
    with closing(RunWork(runs)) as opened:
        opened.to_read(AS_OF).execute(
            f"create schema audit; create table {AUDIT} as "
            "select 3 as row_count, 0 as duplicate_bucket_count, 0 as empty_bucket_count"
        )
        yield opened


def test_a_suite_is_asked_again_when_its_table_was_built_anew(work: RunWork) -> None:
    """What it found stays until its own table changes; another table is no reason."""
    assert work.judge(AS_OF, SUITE).success
    work.to_read(AS_OF).execute(f"update {AUDIT} set empty_bucket_count = 1")
    work.changed("parity.invoice_totals")
    assert work.judge(AS_OF, SUITE).success
    work.changed(AUDIT)
    assert not work.judge(AS_OF, SUITE).success


def test_a_later_run_goes_on_with_the_tables_and_judges_them_itself(
    work: RunWork, runs: PartitionRuns
) -> None:
    """The tables stay in the file; what suites found stays in the run."""
    assert work.judge(AS_OF, SUITE).success
    work.to_read(AS_OF).execute(f"update {AUDIT} set empty_bucket_count = 1")
    work.close()
    with closing(RunWork(runs)) as later:
        assert not later.judge(AS_OF, SUITE).success


def test_each_partition_has_a_database_of_its_own(work: RunWork) -> None:
    """Another day's database holds nothing of this one, and this one is opened again after it."""
    query = "select count(*) from duckdb_tables()"
    assert work.to_read(AS_OF + timedelta(days=1)).execute(query).fetchall() == [(0,)]
    assert work.to_read(AS_OF).execute(query).fetchall() == [(1,)]
