"""The landings that the benchmark of everything after landing writes."""

from pathlib import Path

from benchmarks.compute_stages import STAGES, run_stages
from benchmarks.synthetic import RUN_ID, Company, land
from parity_pipeline import warehouse
from parity_pipeline.home import Home


def test_as_many_meters_differ_as_asked_for(tmp_path: Path) -> None:
    """Of six, three lost usage, which is a breach of quantities each, and nothing else differs there."""
    land(Company(customers=20, breaches=6), Home(tmp_path).landing(RUN_ID))
    costs = run_stages(tmp_path, RUN_ID, {})
    assert costs.verdict == "NO_GO"
    assert tuple(costs.stages) == STAGES
    assert all(each.seconds > 0 for each in costs.stages.values())
    with warehouse.connect(tmp_path / "published" / "billing_parity.duckdb", read_only=True) as connection:
        found = warehouse.rows(
            connection,
            "select count(*) as breaches from parity.line_item_quantities where status = 'breach'",
        )
    assert found == [{"breaches": 3}]
