"""What an expectation that does not hold looks like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FailedExpectation:
    """One thing that does not hold."""

    table: str
    expectation: str
    column: str
    observed: str
