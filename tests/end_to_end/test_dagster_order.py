"""What waits for what in Dagster's graph."""

from parity_pipeline.defs.assets import table_key
from parity_pipeline.defs.build import build_definitions
from parity_pipeline.models import load_models
from parity_pipeline.pipeline import input_models


def test_the_comparison_waits_for_all_staging_suites() -> None:
    """Every model that is no input stands, at some remove, behind the audits that the suites sit on."""
    graph = build_definitions().resolve_asset_graph()
    models = load_models()
    inputs = {model.key for model in input_models(models)}
    audits = {table_key(key) for key in inputs if key.startswith("audit.")}
    assert len(audits) > 5
    for model in models:
        if model.key not in inputs:
            assert audits <= graph.get_ancestor_asset_keys(table_key(model.key)), model.key
