"""Nothing leaks: keys and personal data of the pretend company are nowhere in the home folder."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from extractions import served
from sandbox_runs import AS_OF, world
from typer.testing import CliRunner

from parity_pipeline.cli import app
from parity_pipeline.home import Home

PROGRAM = "from parity_pipeline.cli import main; main()"


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file, packed ones unpacked as well."""
    for file in folder.rglob("*"):
        if file.is_file():
            yield file, file.read_bytes()
            if file.suffix == ".gz":
                yield file, gzip.decompress(file.read_bytes())


def _personal(url: str, key: str) -> set[str]:
    """E-mails, telephone numbers, streets and metadata that Stripe tells of its customers."""
    headers = {"Authorization": f"Bearer {key}"}
    listed = httpx.get(f"{url}/v1/customers", params={"limit": 100}, headers=headers).json()["data"]
    found = {each.get(name) for each in listed for name in ("email", "phone")}
    found |= {each["metadata"]["contact"] for each in listed}
    found |= {(each.get("address") or {}).get("line1") for each in listed}
    return {text for text in found if text}


def test_the_home_folder_holds_no_secret(tmp_path: Path) -> None:
    """After a killed run, a plan, a whole run and refused ones, neither keys nor personal data are there."""
    home = tmp_path / "home"
    with served(world(customers=8), tmp_path) as variables:
        environment = {**os.environ, **variables}
        run = ["run", "--as-of", AS_OF.isoformat(), "--home", str(home)]
        with subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-c", PROGRAM, *run], env=environment, stderr=subprocess.DEVNULL
        ) as running:
            while not (Home(home).journal.is_file() and Home(home).journal.stat().st_size > 20_000):
                assert running.poll() is None
                time.sleep(0.002)
            os.kill(running.pid, signal.SIGKILL)
        _search(home, variables)
        for arguments, changes in (
            ([*run, "--plan"], {}),
            (run, {}),
            (run, {"STRIPE_API_KEY": "sk_test_planted"}),
            (run, {"METRONOME_BEARER_TOKEN": "planted-token"}),
        ):
            CliRunner().invoke(app, arguments, env={**variables, **changes})
        assert (home / "published" / "report.json").is_file()
        _search(home, variables)


def _search(home: Path, variables: dict[str, str]) -> None:
    url, key = variables["STRIPE_API_BASE"], variables["STRIPE_API_KEY"]
    secrets = {key, variables["METRONOME_BEARER_TOKEN"], "sk_test_planted", "planted-token"}
    personal = _personal(url, key)
    assert personal
    for file, content in _contents(home):
        for secret in secrets | personal:
            assert secret.encode() not in content, f"{secret} is in {file}"
