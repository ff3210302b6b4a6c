"""What tests of the command line share."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and no variable of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("PARITY_", "STRIPE_", "METRONOME_")):
            monkeypatch.delenv(name)
    return tmp_path
