"""Writes a landing: pages as they come, one compressed file an account and resource, the manifest last.

What a landing is, and how it is read back, is landing.py's.
"""

import gzip
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from parity_pipeline.columns import holds_times
from parity_pipeline.errors import LandingError, UsageError
from parity_pipeline.landing import (
    MANIFEST,
    LandedResource,
    Manifest,
    landed_file,
    put_off_of,
    questions_of,
)
from parity_pipeline.periods import Window
from parity_pipeline.sources.answered import Answered, PutOff, Rotation
from parity_pipeline.sources.ledger import RequestCount
from parity_pipeline.sources.plan import Planned
from parity_pipeline.sources.records import Record
from parity_pipeline.sources.resources import Resource
from parity_pipeline.spool import Spool

_BUFFERS_BYTES: Final = 8 * 1024 * 1024
"""The memory of all files that are being written."""
_OFFSET: Final = re.compile(rb'T\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d"')


@dataclass
class _Landing:
    """A file being written."""

    spool: Spool
    requests: int = 0
    pages: int = 0
    rows: int = 0
    reused: int = 0
    questions: Spool | None = None
    oldest_read_at: datetime | None = None
    put_off: Spool | None = None
    rotation: Rotation | None = None

    @property
    def spools(self) -> list[Spool]:
        """Its lines, and where there are any its questions and the customers that were put off."""
        return [each for each in (self.spool, self.questions, self.put_off) if each]


@dataclass(frozen=True)
class Background:
    """What a landing tells besides what was read: the plan, who was asked, what it leans on and keeps."""

    planned: Sequence[Planned] = ()
    origins: dict[str, str] = field(default_factory=dict)
    reused_from: str | None = None
    metadata_keys: tuple[str, ...] = ()


_NO_BACKGROUND: Final = Background()


class LandingWriter:
    """Writes one run's landing; not for use from several threads."""

    def __init__(
        self,
        folder: Path,
        run_id: str,
        window: Window,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        background: Background = _NO_BACKGROUND,
    ) -> None:
        self.folder = folder
        self._run_id = run_id
        self._window = window
        self._now = now
        self._background = background
        self._started_at = now()
        self._open: dict[tuple[str, Resource], _Landing] = {}
        self._done: dict[tuple[str, str], LandedResource] = {}
        self._is_closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write to {folder}: {error.strerror}; choose another home folder"
            ) from error

    def append(
        self,
        resource: Resource,
        records: Sequence[Record],
        *,
        account: str,
        context: tuple[str, ...] = (),
        requests: int = 1,
    ) -> None:
        """Keep one page of records and the number of requests it took."""
        landing = self._landing(account, resource)
        landing.requests += requests
        landing.pages += 1
        landing.rows += len(records)
        self._add(landing.spool, _lines(resource, records, account=account, context=context), resource)

    def _add(self, spool: Spool, lines: Iterable[bytes], resource: Resource) -> None:
        """Take lines; where all files together hold too many, those of the fullest one go to disk."""
        try:
            spool.add(lines)
            spools = [each for landing in self._open.values() for each in landing.spools]
            if sum(each.size for each in spools) > _BUFFERS_BYTES:
                max(spools, key=lambda each: each.size).spill()
        except OSError as error:
            raise LandingError(f"cannot write {resource.key}: {error.strerror}") from error

    def copy(self, resource: Resource, lines: Sequence[bytes], *, account: str, answers: int) -> None:
        """Keep lines of an earlier landing, the answers to so many questions."""
        landing = self._landing(account, resource)
        landing.rows += len(lines)
        landing.reused += answers
        self._add(landing.spool, lines, resource)

    def answered(self, resource: Resource, answered: Answered, *, account: str) -> None:
        """Remember that a question was answered."""
        landing = self._landing(account, resource)
        landing.oldest_read_at = min(answered.read_at, landing.oldest_read_at or answered.read_at)
        if landing.questions is None:
            landing.questions = Spool(questions_of(landed_file(self.folder, account, resource)))
        self._add(landing.questions, [msgspec.json.encode(answered) + b"\n"], resource)

    def put_off(self, resource: Resource, customer: PutOff) -> None:
        """Remember a customer that is not asked in this pull."""
        landing = self._landing(customer.account, resource)
        if landing.put_off is None:
            landing.put_off = Spool(put_off_of(landed_file(self.folder, customer.account, resource)))
        self._add(landing.put_off, [msgspec.json.encode(customer) + b"\n"], resource)

    def rotated(self, resource: Resource, rotation: Rotation, *, account: str) -> None:
        """Remember how the questions are spread over runs."""
        self._landing(account, resource).rotation = rotation

    def lines(self, resource: Resource, account: str) -> Iterator[bytes]:
        """The lines of a resource that was finished, in their order."""
        with gzip.open(landed_file(self.folder, account, resource)) as lines:
            yield from lines

    def finish(
        self, resource: Resource, *, account: str, watermark: datetime, note: str | None = None
    ) -> int:
        """Seal a resource that was read in full up to the watermark; returns its rows."""
        self._landing(account, resource)
        return self._seal(account, resource, watermark=watermark, complete=True, note=note)

    def close(self, *, requests: Sequence[RequestCount] = (), error: str | None = None) -> None:
        """Seal what is open as incomplete and write the manifest, last. Closing twice is harmless."""
        if self._is_closed:
            return
        for account, resource in list(self._open):
            self._seal(account, resource, watermark=None, complete=False, note=None)
        resources = tuple(self._done[key] for key in sorted(self._done))
        manifest = Manifest(
            run_id=self._run_id,
            window=self._window,
            started_at=self._started_at,
            finished_at=self._now(),
            complete=error is None and all(landed.complete for landed in resources),
            error=error,
            resources=resources,
            requests=_beside_plan(requests, self._background.planned),
            origins=self._background.origins,
            metadata_keys=self._background.metadata_keys,
        )
        _write_manifest(self.folder, manifest)
        self._is_closed = True

    def _landing(self, account: str, resource: Resource) -> _Landing:
        if (account, resource.key) in self._done:
            raise LandingError(f"{resource.key} of account {account} is sealed already")
        if (account, resource) not in self._open:
            file = landed_file(self.folder, account, resource)
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LandingError(f"cannot write to {file.parent}: {error.strerror}") from error
            self._open[account, resource] = _Landing(Spool(file))
        return self._open[account, resource]

    def _seal(
        self,
        account: str,
        resource: Resource,
        *,
        watermark: datetime | None,
        complete: bool,
        note: str | None,
    ) -> int:
        landing = self._open.pop((account, resource))
        try:
            sha256 = landing.spool.write()
            questions_sha256 = landing.questions.write() if landing.questions else None
            put_off_sha256 = landing.put_off.write() if landing.put_off else None
        except OSError as error:
            raise LandingError(f"cannot write {resource.key}: {error.strerror}") from error
        self._done[account, resource.key] = LandedResource(
            account=account,
            source=resource.source,
            resource=resource.name,
            requests=landing.requests,
            pages=landing.pages,
            rows=landing.rows,
            sha256=sha256,
            watermark=watermark,
            complete=complete,
            note=note,
            reused=landing.reused,
            reused_from=self._background.reused_from if landing.reused else None,
            oldest_read_at=landing.oldest_read_at,
            questions_sha256=questions_sha256,
            rotation=landing.rotation,
            put_off_sha256=put_off_sha256,
        )
        return landing.rows


def _beside_plan(counts: Sequence[RequestCount], planned: Sequence[Planned]) -> tuple[RequestCount, ...]:
    """Every endpoint that was asked or was to be asked."""
    actual = {(each.account, each.source, each.endpoint): each for each in counts}
    for plan in planned:
        key = (plan.account, plan.source, plan.endpoint)
        known = actual.get(key) or RequestCount.none(
            account=plan.account, source=plan.source, endpoint=plan.endpoint
        )
        actual[key] = replace(known, planned=plan.requests)
    return tuple(actual[key] for key in sorted(actual))


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    aside = folder / f".{MANIFEST}.new"
    try:
        aside.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
        aside.replace(folder / MANIFEST)
    except OSError as error:
        raise LandingError(f"cannot write {folder / MANIFEST}: {error.strerror}") from error


def _lines(
    resource: Resource, records: Sequence[Record], *, account: str, context: tuple[str, ...]
) -> Iterator[bytes]:
    asked = dict(zip(("account", *resource.context), (account, *context), strict=True))
    head = msgspec.json.encode(asked)[:-1] + b","
    has_times = holds_times(resource.record)
    for record in records:
        body = msgspec.json.encode(record, enc_hook=_as_text)
        if has_times and _OFFSET.search(body):
            # DuckDB's JSON reader drops an offset without a word, so times are landed in UTC.
            body = msgspec.json.encode(
                _in_utc(msgspec.to_builtins(record, builtin_types=(datetime,), enc_hook=_as_text))
            )
        yield head + body[1:] + b"\n"


def _as_text(value: object) -> str:
    if isinstance(value, str):  # JSON text of an object (records.Texts) stays text
        return str(value)
    raise NotImplementedError(type(value))


def _in_utc(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if isinstance(value, dict):
        return {key: _in_utc(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_utc(item) for item in value]
    return value
