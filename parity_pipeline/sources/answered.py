"""Which question was answered when, and a digest of the answer: what makes an answer fit to be used again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_DIGEST = 16
_ONE_IN = 20
_AT_LEAST = 10


@dataclass(frozen=True)
class Answered:
    """A question in one line, a digest of what was answered, and the UTC instant since which it is known."""

    question: str
    digest: str
    read_at: datetime


def digest_of(rows: Iterable[str]) -> str:
    """The same for the same rows in any order; an empty answer has a digest too."""
    state = hashlib.blake2b(digest_size=_DIGEST)
    for row in sorted(rows):
        state.update(row.encode() + b"\n")
    return state.hexdigest()


def chance_of(question: str, salt: datetime) -> bytes:
    """A number by which questions are drawn, another one at each salt."""
    return hashlib.blake2b(f"{salt.isoformat()} {question}".encode(), digest_size=_DIGEST).digest()


def sample_size(questions: int) -> int:
    """How many of so many known answers are asked all the same."""
    return min(questions, max(_AT_LEAST, questions // _ONE_IN))
