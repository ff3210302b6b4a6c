"""The floor under a whole run: one query over the same landed files, of which nothing is kept."""

from pathlib import Path

from benchmarks.compute_stages import Cost, bench_settings, measured
from benchmarks.synthetic import ACCOUNT
from parity_pipeline import warehouse
from parity_pipeline.columns import duckdb_columns
from parity_pipeline.home import Home
from parity_pipeline.landing import landed_file
from parity_pipeline.sources.resources import RESOURCES

_QUERY = Path(__file__).parent / "synthetic_sql" / "floor.sql"


def run_floor(home_folder: Path, run_id: str, variables: dict[str, str]) -> Cost:
    """Scan and fully join the landed lines and usage of both sides."""
    settings = bench_settings(home_folder, variables)
    folder = Home(home_folder).landing(run_id)
    with (
        measured() as cost,
        warehouse.connect(":memory:", memory_limit=settings.compute.memory_limit) as opened,
    ):
        for resource in RESOURCES:
            opened.execute(f"create schema if not exists {resource.schema}")
            columns = ", ".join(f"'{name}': '{kind}'" for name, kind in duckdb_columns(resource).items())
            opened.execute(
                f"create view {resource.schema}.{resource.name} as from read_json("
                f"'{landed_file(folder, ACCOUNT, resource)}', columns = {{{columns}}}, "
                "format = 'newline_delimited', compression = 'gzip')"
            )
        opened.execute(_QUERY.read_text(encoding="utf-8")).fetchall()
    return cost
