"""The home folder: where everything the pipeline writes has its place."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parity_pipeline.errors import UsageError

DATABASE: Final = "billing_parity.duckdb"
REPORT_HTML: Final = "report.html"
REPORT_MARKDOWN: Final = "report.md"
REPORT_JSON: Final = "report.json"


@dataclass(frozen=True)
class Home:
    """One home folder and the places in it."""

    folder: Path

    @property
    def published(self) -> Path:
        """The four files of the last run."""
        return self.folder / "published"

    @property
    def history(self) -> Path:
        """One small record a run, kept for ever."""
        return self.folder / "history"

    @property
    def log(self) -> Path:
        """Where the trace of an unexpected error goes."""
        return self.folder / "parity.log"

    @property
    def lock(self) -> Path:
        """Names the run that is at work."""
        return self.folder / "parity.lock"

    @property
    def journal(self) -> Path:
        """The pages of a pull that did not end yet."""
        return self.folder / "work" / "pull.journal"

    @property
    def plan(self) -> Path:
        """The plan of the next pull, where somebody asked for one."""
        return self.folder / "work" / "plan.json"

    @property
    def free_bytes(self) -> int:
        """The room that is left on its disk."""
        folder = next(each for each in (self.folder, *self.folder.resolve().parents) if each.exists())
        return shutil.disk_usage(folder).free

    def drop_unsealed_landings(self) -> None:
        """Remove what killed runs left without a manifest; their pages are in the journal."""
        for folder in self.landings():
            if not (folder / "manifest.json").exists():
                shutil.rmtree(folder, ignore_errors=True)

    @property
    def signoffs(self) -> Path:
        """Who signed which run, a line each; only ever added to."""
        return self.folder / "signoffs.jsonl"

    def signed(self, run_id: str) -> Path:
        """The copy of a run that was signed."""
        return self.folder / "signed" / run_id

    def landing(self, run_id: str) -> Path:
        """What a run pulled."""
        return self.folder / "landing" / run_id

    def landings(self) -> list[Path]:
        """The folders of all runs, the latest first."""
        root = self.folder / "landing"
        folders = [each for each in root.iterdir() if each.is_dir()] if root.is_dir() else []
        return sorted(folders, reverse=True)

    def work_file(self, as_of: datetime) -> Path:
        """The database in which the run of one instant builds its tables."""
        return self.folder / "work" / f"{as_of.astimezone(UTC):%Y%m%dT%H%M%SZ}.duckdb"

    def sandbox(self) -> "Home":
        """The home of runs against the sandbox; the gate never reads it."""
        return Home(self.folder / "sandbox")

    def prepare(self) -> None:
        """Make the folders; one clear line when that is not possible."""
        try:
            for folder in (self.folder / "landing", self.folder / "work", self.published, self.history):
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(13, "permission denied")
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            raise UsageError(
                f"The home folder {self.folder} cannot be written to ({why}); "
                "choose another with --home or PARITY_HOME."
            ) from error
