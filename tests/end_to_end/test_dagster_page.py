"""Dagster's own page in a real browser: the graph that the docs show is there."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from browser import needs_browser
from dagster_pictures import take

needs_server = pytest.mark.skipif(find_spec("dagster_webserver") is None, reason="Dagster's server is absent")


@needs_browser
@needs_server
def test_the_graph_shows_every_group(tmp_path: Path) -> None:
    """All schemas stand in the graph, one unfolds to its assets, and pictures of both are taken."""
    take(tmp_path, tmp_path / "images")
    for name in ("dagster.png", "dagster-parity.png"):
        assert (tmp_path / "images" / name).stat().st_size > 50_000, name
