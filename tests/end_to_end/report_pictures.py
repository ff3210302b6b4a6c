"""Takes the pictures of report.html in the docs: `python tests/end_to_end/report_pictures.py docs/images`.

They are of two days of the sandbox, so that something changed since the day before.
"""

import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from browser import browser_page
from sandbox_runs import AS_OF, run_world, world


def take(folder: Path, target: Path) -> None:
    """Run two days and keep the page as seen at a desk, in the dark and on a phone."""
    before = AS_OF - timedelta(days=1)
    run_world(world("events_missing", "credit_missing").at(before), folder, as_of=before)
    run = run_world(world("events_missing", "rate_mismatch"), folder)
    report = run.home / "published" / "report.html"
    target.mkdir(parents=True, exist_ok=True)
    with browser_page(folder / "profile") as page:
        for name, width, scheme in (
            ("report", 1280, "light"),
            ("report-dark", 1280, "dark"),
            ("report-phone", 390, "light"),
        ):
            page.look(width=width, scheme=scheme)
            page.open(report)
            page.picture(target / f"{name}.png", height=1500)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        take(Path(folder), Path(sys.argv[1]))
