"""What the APIs said, on disk: one compressed file an account and resource, and a manifest that seals them.

`folder` is always the folder of one run. Landed files are never changed afterwards. They are written in
landing_writer.py; what a row means is decided in sql/staging.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from parity_pipeline.account_access import is_folder_name
from parity_pipeline.errors import LandingError, UsageError
from parity_pipeline.periods import Window
from parity_pipeline.sources.answered import Rotation
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.resources import Resource
from parity_pipeline.spool import digest

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class LandedResource:
    """One landed file and how complete it is; the watermark is the instant up to which it was asked for."""

    account: str
    source: str
    resource: str
    requests: int
    pages: int
    rows: int
    sha256: str
    watermark: datetime | None
    complete: bool
    note: str | None = None
    reused: int = 0
    """Answers that came from an earlier landing, `reused_from`."""
    reused_from: str | None = None
    oldest_read_at: datetime | None = None
    """Since when the oldest of its answers is known, where that is remembered."""
    questions_sha256: str | None = None
    """Of the file that remembers its questions."""
    rotation: Rotation | None = None
    """How its questions are spread over runs, where there are too many for one."""
    put_off_sha256: str | None = None
    """Of the file that names the customers that were not asked."""

    @property
    def file(self) -> Path:
        """Its place inside the run's folder."""
        return _place(self.account, self.source, self.resource)

    @property
    def questions_file(self) -> Path:
        """The place of the file that remembers its questions."""
        return questions_of(self.file)

    @property
    def put_off_file(self) -> Path:
        """The place of the file that names the customers that were not asked."""
        return put_off_of(self.file)

    def seals(self) -> Iterator[tuple[Path, str]]:
        """Its files and their digests."""
        yield self.file, self.sha256
        if self.questions_sha256 is not None:
            yield self.questions_file, self.questions_sha256
        if self.put_off_sha256 is not None:
            yield self.put_off_file, self.put_off_sha256


@dataclass(frozen=True)
class Manifest:
    """What a run landed."""

    run_id: str
    window: Window
    started_at: datetime
    finished_at: datetime
    complete: bool
    error: str | None
    resources: tuple[LandedResource, ...]
    requests: tuple[RequestCount, ...]
    origins: dict[str, str] = field(default_factory=dict)
    """By `source/account` a digest of the key, the address, the code that asked and the metadata keys."""
    metadata_keys: tuple[str, ...] = ()
    """What was kept of the metadata of Stripe's customers."""

    @property
    def as_of(self) -> datetime:
        """The instant at and after which nothing counts."""
        return self.window.as_of

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that were read, in order."""
        return tuple(sorted({landed.account for landed in self.resources}))


def landed_file(folder: Path, account: str, resource: Resource) -> Path:
    """Where a resource of an account lies in a run's folder."""
    if not is_folder_name(account):
        raise UsageError(f"account name {account!r}: use letters, digits, dots, dashes and underscores")
    return folder / _place(account, resource.source, resource.name)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a run's folder, after every landed file's digest was found to be right."""
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise LandingError(
            f"cannot read {path}: {error.strerror}; the run did not end, pull again"
        ) from error
    except msgspec.DecodeError as error:
        raise LandingError(f"{path} is not a manifest: {error}; pull again") from error
    for place, sha256 in (each for landed in manifest.resources for each in landed.seals()):
        file = folder / place
        if not file.is_file():
            raise LandingError(f"landed file {file} is missing; pull again")
        if digest(file) != sha256:
            raise LandingError(f"landed file {file} was altered after it was written; pull again")
    return manifest


def newest_complete(
    folders: Iterable[Path], accounts: Collection[str], *, as_of: datetime
) -> tuple[Path, Manifest] | None:
    """Of these landings, newest first, a complete one of just these accounts; no digest is verified.

    The one of the latest instant up to `as_of`, so that a past day that was read later is not in the way;
    the newest where all are of later instants.
    """
    found = [
        (folder, manifest)
        for folder, manifest in _manifests(folders)
        if manifest.complete and set(manifest.accounts) == set(accounts)
    ]
    before = [each for each in found if each[1].as_of <= as_of]
    return max(before, key=lambda each: each[1].as_of) if before else next(iter(found), None)


def _manifests(folders: Iterable[Path]) -> Iterator[tuple[Path, Manifest]]:
    """The manifests that can be read."""
    for folder in folders:
        try:
            yield folder, msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError):
            continue


def _place(account: str, source: str, name: str) -> Path:
    return Path(account) / source / f"{name}.jsonl.gz"


def questions_of(landed: Path) -> Path:
    """Where the questions of a landed file are remembered."""
    return landed.with_name(landed.name.replace(".jsonl.gz", ".questions.gz"))


def put_off_of(landed: Path) -> Path:
    """Where the customers are named that were not asked for a landed file."""
    return landed.with_name(landed.name.replace(".jsonl.gz", ".put_off.gz"))
