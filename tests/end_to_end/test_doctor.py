"""`parity doctor` against the sandbox: what each key may read, and what it says when something is missing."""

from pathlib import Path

import pytest
from extractions import served
from sandbox_runs import world
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sources.doctor import METRONOME_PROBES, STRIPE_PROBES
from parity_pipeline.sources.guard import METRONOME_READS, STRIPE_READS


def _doctor(
    home: Path, monkeypatch: pytest.MonkeyPatch, *disruptions: Disruption, **changes: str
) -> tuple[int, str]:
    with served(world(customers=6), home, disruptions) as variables:
        for name, value in {**variables, **changes}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "400")
        ran = CliRunner().invoke(app, ["doctor", "--home", str(home / "home")])
    return ran.exit_code, " ".join(ran.stdout.split())


def test_every_read_is_tried() -> None:
    """There is a probe for each read that a run makes, but for the details of an event that may not exist."""
    probed = {f"{each.method} {each.path.partition('{')[0]}" for each in (*STRIPE_PROBES, *METRONOME_PROBES)}
    needed = {
        f"{each.method} {each.template.partition('{')[0]}" for each in (*STRIPE_READS, *METRONOME_READS)
    }
    assert probed == needed - {"GET /v2/core/events/"}


def test_all_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything may be read, limits and free disk are told, nothing is written, exit 0."""
    code, shown = _doctor(tmp_path, monkeypatch)
    assert code == 0, shown
    assert shown.count("may read") == len(STRIPE_PROBES) + len(METRONOME_PROBES)
    assert "Warning" not in shown
    assert "stripe default: no published rate, 8 at once" in shown
    assert "GB are free" in shown
    assert "API version 2026-" in shown
    assert not (tmp_path / "home").exists()


def test_a_missing_scope_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 403 names the scope that would grant it; the other endpoints are tried all the same; exit 2."""
    code, shown = _doctor(tmp_path, monkeypatch, Disruption("/v1/credit_notes", "status", status=403))
    assert code == 2
    assert "GET /v1/credit_notes may not read" in shown
    assert "needs rak_credit_note_read" in shown
    assert shown.count("may not read") == 1


def test_an_endpoint_that_is_not_offered_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 404 of a listing is told; a run notes it as well."""
    code, shown = _doctor(tmp_path, monkeypatch, Disruption("/v1/coupons", "status", status=404))
    assert (code, shown.count("not offered")) == (0, 1)


def test_a_key_that_may_write_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret key may write; its words are not shown."""
    code, shown = _doctor(tmp_path, monkeypatch, STRIPE_API_KEY="sk_test_planted")
    assert code == 2  # the sandbox knows no such key
    assert "Warning: STRIPE_API_KEY is a secret key, which may write" in shown
    assert "planted" not in shown
