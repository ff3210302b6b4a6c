"""The process in which Great Expectations works, so that its import goes on while the vendors are read."""

import atexit
from functools import cache
from typing import Final

from parity_pipeline.child_process import start_child
from parity_pipeline.errors import ParityError
from parity_pipeline.quality.judged_tables import FailedExpectation, JudgedTable

_PROGRAM: Final = "parity_pipeline.quality.expectations"


class ExpectationsProcess:
    """Asks for one table after the other. The process ends with this one, however this one ends."""

    def __init__(self) -> None:
        self._answers, self._process = start_child(_PROGRAM)

    def validate(self, judged: JudgedTable) -> list[FailedExpectation]:
        """What does not hold of a table; raises ParityError when that cannot be told."""
        try:
            self._answers.send(judged)
            answer = self._answers.recv()
        except (EOFError, OSError) as error:
            raise ParityError(f"Great Expectations ended before it answered for {judged.table}.") from error
        if isinstance(answer, str):
            why = answer.strip().splitlines()[-1]
            raise ParityError(f"Great Expectations cannot judge {judged.table}: {why}") from RuntimeError(
                answer
            )
        found: list[FailedExpectation] = answer
        return found

    def close(self) -> None:
        """End it at once."""
        self._answers.close()
        self._process.kill()
        self._process.wait()


def prepare_expectations() -> None:
    """Start the process, and do not wait until it is ready."""
    expectations_process()


@cache
def expectations_process() -> ExpectationsProcess:
    """The one of this process; it is started when it is asked for first."""
    started = ExpectationsProcess()
    atexit.register(started.close)
    return started
