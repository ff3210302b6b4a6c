"""The journal of a pull: what it finds again, and what it forgets."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from pydantic import SecretStr

from parity_pipeline.errors import LandingError
from parity_pipeline.sources.journal import MAX_AGE, Journal, JournalTransport, Purpose
from parity_pipeline.sources.stripe_api import StripeAccess, stripe_transport

NOW = datetime(2026, 5, 3, 9, 30, tzinfo=UTC)
PURPOSE = Purpose.of("one pull")
ONE, TWO = b"1" * 16, b"2" * 16


@contextmanager
def _opened(path: Path, purpose: Purpose = PURPOSE, now: datetime = NOW) -> Iterator[Journal]:
    with closing(Journal(path, purpose, now=now)) as journal:
        yield journal


def _filled(path: Path) -> Path:
    with _opened(path) as journal:
        journal.keep(ONE, b'{"data":[1]}')
        journal.keep(TWO, b'{"data":[2]}')
    return path


def test_pages_are_found_again(tmp_path: Path) -> None:
    """The next run finds both pages by their questions, and nothing else."""
    with _opened(_filled(tmp_path / "j"), now=NOW + MAX_AGE) as journal:
        found = journal.pages, journal.recall(ONE), journal.recall(TWO), journal.recall(b"3" * 16)
    assert found == (2, b'{"data":[1]}', b'{"data":[2]}', None)


@pytest.mark.parametrize("lost", [1, 5, 12, 30, 50])
def test_a_torn_end_is_cut_off(lost: int, tmp_path: Path) -> None:
    """Whatever is missing of the last page, only that page is forgotten, and its place is used again."""
    path = _filled(tmp_path / "j")
    path.write_bytes(path.read_bytes()[:-lost])
    with _opened(path) as journal:
        assert (journal.pages, journal.recall(ONE), journal.recall(TWO)) == (1, b'{"data":[1]}', None)
        journal.keep(TWO, b"{}")
    with _opened(path) as journal:
        assert journal.recall(TWO) == b"{}"


def test_an_altered_page_is_forgotten(tmp_path: Path) -> None:
    """A page whose digest is wrong, and all behind it, are asked for again."""
    path = _filled(tmp_path / "j")
    path.write_bytes(path.read_bytes().replace(b'{"data":[1]}', b'{"data":[9]}'))
    with _opened(path) as journal:
        assert journal.pages == 0


@pytest.mark.parametrize(
    ("purpose", "now"),
    [
        (Purpose.of("another pull"), NOW),
        (PURPOSE, NOW + MAX_AGE + timedelta(seconds=1)),
        (PURPOSE, NOW - MAX_AGE - timedelta(seconds=1)),
    ],
    ids=["another purpose", "too old", "from the future"],
)
def test_pages_of_another_pull_are_dropped(purpose: Purpose, now: datetime, tmp_path: Path) -> None:
    """Another window, account or key, and pages of long ago, do not answer."""
    with _opened(_filled(tmp_path / "j"), purpose, now) as journal:
        assert (journal.pages, journal.recall(ONE)) == (0, None)


class Odd(msgspec.Struct):
    """A page with a type that nobody taught the journal."""

    value: complex


def test_a_type_that_nobody_taught_is_refused(tmp_path: Path) -> None:
    """A page is not kept by guess."""
    transport = stripe_transport(StripeAccess(api_key=SecretStr("rk_test_1")))
    answer = httpx.Response(200, extensions={"question": ONE})
    with _opened(tmp_path / "j") as journal, pytest.raises(NotImplementedError):
        JournalTransport(transport, journal, "default").keep(answer, Odd(value=1j))


def test_a_dropped_journal_leaves_nothing(tmp_path: Path) -> None:
    """After the landing is sealed the file is gone."""
    with _opened(_filled(tmp_path / "j")) as journal:
        journal.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(LandingError, match="cannot write"):
        Journal(tmp_path / "absent" / "j", PURPOSE, now=NOW)
