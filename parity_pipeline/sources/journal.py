"""Pages that were read and not yet sealed: a pull that was killed goes on after the last complete one.

Only declared fields are kept, as the landing keeps them. One file, appended to; a torn end is cut off.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

import httpx
import msgspec

from parity_pipeline.errors import LandingError
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.transport import ReadOnlyTransport

MAX_AGE: Final = timedelta(hours=12)
"""Pages older than this are read again: a listing should be of one time."""
_DIGEST: Final = 16
_LENGTH: Final = 8
_HEAD: Final = 2 * _DIGEST + _LENGTH
_QUESTION: Final = "question"
_RECALLED: Final = "recalled"


@dataclass(frozen=True)
class Purpose:
    """What a journal is for: its digest changes with the accounts, the window, the settings and this code."""

    digest: bytes

    @classmethod
    def of(cls, *parts: object) -> "Purpose":
        """The purpose of a pull with these settings, none of which can be read back from it."""
        state = hashlib.sha256(msgspec.json.encode(parts, enc_hook=repr))
        for module in sorted(Path(__file__).parent.glob("*.py")):
            state.update(module.read_bytes())
        return cls(state.digest()[:_DIGEST])


class Journal:
    """The pages of one pull, found again by the digest of their question."""

    def __init__(self, path: Path, purpose: Purpose, *, now: datetime) -> None:
        self.answered = 0
        """Questions that were answered, by it or by the vendor."""
        self.began_at = now.astimezone(UTC)
        """Since when its oldest page may be known."""
        self._path = path
        self.pages = 0
        """How many pages it held when it was opened."""
        try:
            self._file: IO[bytes] = path.open("a+b", buffering=0)
            self.notes = Notes(path.with_suffix(".notes"))
            self._places = self.notes.facts(tuple[str, int, int], lambda place: place[0])
            end = self._read(purpose, now)
            self._file.truncate(end)
            if not end:
                self._append(purpose.digest, now.astimezone(UTC).isoformat().encode())
        except OSError as error:
            raise LandingError(f"cannot write {path}: {error.strerror}") from error

    def recall(self, question: bytes) -> bytes | None:
        """The page that answered this question before the journal was opened."""
        for _, start, length in self._places.of(question.hex()) if self.pages else ():
            return os.pread(self._file.fileno(), length, start)
        return None

    def keep(self, question: bytes, page: bytes) -> None:
        """Keep a page."""
        try:
            self._append(question, page)
        except OSError as error:
            raise LandingError(f"cannot write {self._path}: {error.strerror}") from error

    def close(self) -> None:
        """Leave the pages for the next run."""
        self._file.close()
        self.notes.close()

    def drop(self) -> None:
        """Forget all pages: they are sealed, or of no use."""
        self.close()
        self._path.unlink(missing_ok=True)

    def _append(self, key: bytes, page: bytes) -> None:
        frame = key + len(page).to_bytes(_LENGTH, "big") + page
        whole = memoryview(hashlib.blake2b(frame, digest_size=_DIGEST).digest() + frame)
        written = 0
        while written < len(whole):
            written += self._file.write(whole[written:])

    def _read(self, purpose: Purpose, now: datetime) -> int:
        """Find the pages of this purpose; returns where the sound ones end."""
        self._file.seek(0)
        frames = _frames(self._file)
        key, page = next(frames, (b"", b""))
        if key != purpose.digest or _age(page, now) > MAX_AGE:
            return 0
        self.began_at = datetime.fromisoformat(page.decode())
        end = _HEAD + len(page)

        def places() -> Iterator[tuple[str, int, int]]:
            nonlocal end
            for question, answer in frames:
                yield question.hex(), end + _HEAD, len(answer)
                end += _HEAD + len(answer)
                self.pages += 1

        self._places.update(places())
        return end


class JournalTransport(httpx.AsyncBaseTransport):
    """Answers from the journal what was asked before; marks every other answer with its question."""

    def __init__(self, inner: ReadOnlyTransport, journal: Journal | None, account: str) -> None:
        self._inner = inner
        self._journal = journal
        self._account = account.encode()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, unless its page is there."""
        if self._journal is None:
            return await self._inner.handle_async_request(request)
        text = b"\0".join(
            (self._account, request.method.encode(), str(request.url).encode(), await request.aread())
        )
        question = hashlib.blake2b(text, digest_size=_DIGEST).digest()
        page = self._journal.recall(question)
        if page is not None:
            self._inner.count_resumed(request)
            headers = {"content-type": "application/json"}
            marks = {_RECALLED: True}
            self._journal.answered += 1
            return httpx.Response(200, headers=headers, content=page, request=request, extensions=marks)
        response = await self._inner.handle_async_request(request)
        self._journal.answered += 1
        response.extensions[_QUESTION] = question
        return response

    def wants(self, response: httpx.Response) -> bool:
        """Whether this answer is to be kept."""
        return _QUESTION in response.extensions

    def keep(self, response: httpx.Response, page: object, *, also: bytes = b"") -> None:
        """Keep what an answer was decoded into, unless it came from here; `also` are further members."""
        if self._journal is not None and self.wants(response):
            kept = msgspec.json.encode(page, enc_hook=_as_object)[:-1] + also + b"}"
            self._journal.keep(response.extensions[_QUESTION], kept)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def is_recalled(response: httpx.Response) -> bool:
    """Whether an answer came from the journal."""
    return _RECALLED in response.extensions


def _as_object(value: Any) -> Any:  # noqa: ANN401  # the encoder's signature
    if isinstance(value, str):  # JSON text of an object (records.Texts) becomes the object again
        return msgspec.Raw(str(value).encode())
    raise NotImplementedError(type(value))


def _frames(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Key and page of every frame, up to the first that is torn."""
    while len(head := file.read(_HEAD)) == _HEAD:
        length = int.from_bytes(head[-_LENGTH:], "big")
        left = os.fstat(file.fileno()).st_size - file.tell()
        page = file.read(length) if length <= left else b""
        seal = hashlib.blake2b(head[_DIGEST:] + page, digest_size=_DIGEST).digest()
        if len(page) != length or seal != head[:_DIGEST]:
            return
        yield head[_DIGEST : 2 * _DIGEST], page


def _age(stamp: bytes, now: datetime) -> timedelta:
    return abs(now - datetime.fromisoformat(stamp.decode()))
