"""Which question was answered when, and a digest of the answer: what makes an answer fit to be used again.

And who was not asked in a pull, because customers take turns (stripe_rotation.py).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

ABSENT: Final = "absent"
"""In place of a digest: whom the question is about is not there any more."""
_DIGEST = 16
_ONE_IN = 20
_AT_LEAST = 10


@dataclass(frozen=True)
class Answered:
    """A question in one line, a digest of what was answered, and the UTC instant since which it is known."""

    question: str
    digest: str
    read_at: datetime


@dataclass(frozen=True)
class PutOff:
    """A customer that was not asked in a pull, with the UTC instant of that pull.

    What an earlier pull read of it counts up to `known_until`; without that too little was ever read.
    """

    account: str
    stripe_customer_id: str
    put_off_at: datetime | None
    known_until: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True)
class Rotation:
    """How the questions of a pull are spread over runs.

    `customers` were put off to a later one, and of `never_read` of these too little is known: they have
    `unanswered` questions, which takes about `runs_left` runs.
    """

    questions: int
    most_a_run: int
    customers: int
    never_read: int
    unanswered: int
    runs_left: int


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
