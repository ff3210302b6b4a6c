"""`parity run --plan` against the sandbox, and its numbers beside those of the pull."""

import math
from pathlib import Path

import pytest
from extractions import complete, extract, requests, served
from sandbox_runs import AS_OF, world
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.home import Home


def _plan(home: Path, *options: str) -> str:
    command = ["run", "--plan", "--as-of", AS_OF.isoformat(), "--home", str(home), *options]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_planned_beside_actual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first plan rests on first pages, which are not asked again; the second on the pull itself."""
    home = tmp_path / "home"
    with served(world(customers=15), tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        first = _plan(home)
        assert "estimate, from the first pages" in first
        assert Home(home).landings() == []
        manifest = complete(extract(variables, home))
        second = _plan(home)
    counts = {each.endpoint: each for each in manifest.requests if each.source == "metronome"}
    contracts = counts["POST /v2/contracts/list"]
    assert (contracts.planned, contracts.requests) == (
        15,
        16,
    )  # the archived customer was not on the first page
    assert sum(each.resumed for each in manifest.requests) == 5
    assert f"estimate, as in {manifest.run_id}" in second
    assert (
        f"metronome default: {sum(each.requests + each.resumed for each in counts.values())} requests"
        in second
    )
    assert requests(manifest) > 200


def test_customers_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan says over how many runs, before and after a pull, and what a daily schedule reads then."""
    home, most = tmp_path / "home", {"PARITY_LIMITS__SUMMARIES_PER_RUN": "50"}
    with served(world(customers=15), tmp_path) as variables:
        for name, value in {**variables, **most}.items():
            monkeypatch.setenv(name, value)
        first = _plan(home)
        manifest = complete(extract({**variables, **most}, home))
        second, in_full = _plan(home), _plan(home, "--full")
    (rotation,) = (each.rotation for each in manifest.resources if each.rotation)
    runs = math.ceil(rotation.questions / 50)
    told = "Event summaries take {} runs: customers take turns, with about 50 questions a run"
    assert "       50  GET /v1/billing/meters/{id}/event_summaries" in first
    assert told.format(runs) in second
    assert "Warning: run daily, the oldest usage would be" in second
    assert "runs" not in in_full
    assert f"{rotation.questions}  GET /v1/billing/meters/{{id}}/event_summaries" in in_full
    (counted,) = (each for each in manifest.requests if "event_summaries" in each.endpoint)
    assert counted.planned == 50
    assert 50 <= counted.requests < 65  # the last customer in full


def test_a_plan_is_about_the_vendors(tmp_path: Path) -> None:
    """The sandbox needs no plan."""
    ran = CliRunner().invoke(app, ["run", "--plan", "--sandbox", "--home", str(tmp_path)])
    assert ran.exit_code == 2
