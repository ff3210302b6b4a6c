"""What a partition means: its settings, its home, and where what its run compares comes from."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from parity_pipeline import pipeline
from parity_pipeline.errors import UsageError
from parity_pipeline.extraction import Pull
from parity_pipeline.history import read_days
from parity_pipeline.home import Home
from parity_pipeline.landing import MANIFEST, Manifest, read_manifest
from parity_pipeline.mapping_files import Links
from parity_pipeline.notifications import is_wanted
from parity_pipeline.periods import DAY, floor_day, rfc3339
from parity_pipeline.progress import Tell
from parity_pipeline.run_request import RunRequest, make_request, new_run_id
from parity_pipeline.setting_sections import Schedule
from parity_pipeline.settings import Settings, load_schedule, load_settings


def utc_now() -> datetime:
    """The clock of a real run."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class PartitionRuns:
    """Runs by partition; without an environment the process's own is read."""

    environment: Mapping[str, str] | None = None
    clock: Callable[[], datetime] = utc_now

    def settings(self) -> Settings:
        """The settings as they are now."""
        return load_settings(self.environment)

    def schedule(self) -> Schedule:
        """When the daily run starts; needs no key to either vendor."""
        return load_schedule(self.environment)

    def home(self) -> Home:
        """Where the runs write."""
        return Home(self.settings().home)

    def pull(self, as_of: datetime, settings: Settings, links: Links, tell: Tell) -> tuple[RunRequest, Pull]:
        """Read both vendors for a day that is over, or take the earlier landing of a past day."""
        home, now = Home(settings.home), self.clock()
        home.prepare()
        if as_of > now:
            raise UsageError(f"The day before {rfc3339(as_of)} is not over yet.")
        earlier = _earlier_landing(home, as_of, settings.metadata_keys) if as_of < floor_day(now) else None
        if earlier is not None:
            is_late = earlier.started_at >= as_of + DAY
            return RunRequest(new_run_id(now), earlier.window, is_reconstructed=is_late), Pull(earlier)
        request = make_request(
            now=now,
            as_of=rfc3339(as_of),
            configured_start=settings.parallel_run.start,
            is_reconstructed=now >= as_of + DAY,
        )
        return request, pipeline.extract(settings, request, links, home, clock=self.clock, tell=tell)

    def was_told(self, as_of: datetime) -> bool:
        """Whether people were sent the verdict of this instant's run."""
        settings = self.settings()
        days = read_days(Home(settings.home).history, before=as_of + DAY)
        if not days or days[-1].day != as_of.date():
            return False
        before = days[-2].verdict if len(days) > 1 else None
        return is_wanted(settings.notify, days[-1].verdict, before=before)


def _earlier_landing(home: Home, as_of: datetime, metadata_keys: Collection[str]) -> Manifest | None:
    """The latest complete landing for this instant that kept this metadata; only its digests are verified."""
    for folder in home.landings():
        if _instant(folder) == as_of:
            manifest = read_manifest(folder)
            if manifest.complete and set(metadata_keys) <= set(manifest.metadata_keys):
                return manifest
    return None


def _instant(folder: Path) -> datetime | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return datetime.fromisoformat(manifest["window"]["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
