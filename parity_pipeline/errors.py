"""The errors a user sees: one plain line each, and the exit code that goes with it.

A message names the thing (vendor, endpoint, path in the answer, customer, file) and the next step, and
holds no secret. Errors of a library are turned into one of these at the edge that calls the library.
"""

from typing import ClassVar


class ParityError(Exception):
    """Something that ends a run, told in one line."""

    exit_code: ClassVar[int] = 3

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class UsageError(ParityError):
    """Wrong usage, configuration or credentials: nothing is published."""

    exit_code: ClassVar[int] = 2


class UnknownCustomerError(ParityError):
    """Nobody in the published run has this id or alias."""

    exit_code: ClassVar[int] = 4


class ExtractionError(ParityError):
    """A page could not be read, so the pull is incomplete."""


class OutageError(ExtractionError):
    """The vendor does not answer for now; what was read is sound, and the next run goes on from there."""


class NotFoundError(ExtractionError):
    """The vendor answered 404: the object or the whole endpoint is not there."""


class ForbiddenRequestError(ParityError):
    """A request that is no known read; it was refused before it left."""


class LandingError(ParityError):
    """A landed file or its manifest is missing or altered."""
