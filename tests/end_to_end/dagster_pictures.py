"""Takes the docs' pictures of Dagster's graph: `python tests/end_to_end/dagster_pictures.py docs/images`."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from browser import Page, browser_page

ROOT: Final = Path(__file__).parents[2]
GROUPS: Final = (
    "raw_stripe",
    "raw_metronome",
    "control",
    "staging",
    "intermediate",
    "explain",
    "audit",
    "parity",
    "published",
)
_SECONDS: Final = 120
_NODES: Final = "[...document.querySelectorAll('svg foreignObject')]"
_HEAD: Final = 220
"""Where the graph begins on the page, in pixels, and a little room."""
_MOST_TURNS: Final = 20


@contextmanager
def webserver(home: Path) -> Iterator[str]:
    """The address of Dagster's own server for this checkout; `home` is its DAGSTER_HOME."""
    home.mkdir()
    (home / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    place = ("-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port))
    with subprocess.Popen(  # noqa: S603  # Dagster's own command
        [sys.executable, "-m", "dagster_webserver", *place],
        cwd=ROOT,
        env={**os.environ, "DAGSTER_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_served(f"{address}/server_info")
            yield address
        finally:
            server.terminate()


def show_graph(page: Page, address: str) -> None:
    """The graph of all assets, folded into their groups, with as much room as it can have."""
    page.look(width=1600, height=1000)
    # A group is named beside the graph and in it.
    is_drawn = [f"document.body.innerText.split('{name}').length > 3" for name in GROUPS]
    page.visit(f"{address}/asset-groups", until=f"document.body && {' && '.join(is_drawn)}")
    page.run(
        "[...document.querySelectorAll('button')].find(each => each.innerText == 'Hide navigation').click()"
    )
    time.sleep(3)  # the graph moves into its place
    assert "Join the Dagster community" not in page.run("document.body.innerText")


def unfold(page: Page, group: str, *, until: str) -> None:
    """Open a group of the graph by a click, and move it up to where its assets are seen."""
    for kind in ("mousePressed", "mouseReleased"):
        left, top = _place(page, group)
        page.send("Input.dispatchMouseEvent", type=kind, x=left, y=top, button="left", clickCount=1)
    page.wait_for(f"{_NODES}.some(each => each.textContent.includes('{until}'))")
    time.sleep(3)  # the graph moves into its place
    for _ in range(_MOST_TURNS):
        if _place(page, group)[1] < _HEAD:
            break
        page.send("Input.dispatchMouseEvent", type="mouseWheel", x=400, y=600, deltaX=0, deltaY=120)
        time.sleep(0.5)


def _place(page: Page, group: str) -> tuple[float, float]:
    """A point on the group's name."""
    left, top = page.run(
        f"(node => [node.x + 30, node.y + 10])({_NODES}"
        f".find(each => each.textContent.trim() == '{group}').getBoundingClientRect())"
    )
    return float(left), float(top)


def take(folder: Path, target: Path) -> None:
    """Keep the graph as it is seen at a desk, folded into groups and with one of them open."""
    target.mkdir(parents=True, exist_ok=True)
    with webserver(folder / "dagster") as address, browser_page(folder / "profile") as page:
        show_graph(page, address)
        page.picture(target / "dagster.png", height=1000)
        unfold(page, "parity", until="check_summary")
        page.picture(target / "dagster-parity.png", height=1000)


def _wait_until_served(address: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310  # our own server
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        take(Path(folder), Path(sys.argv[1]))
