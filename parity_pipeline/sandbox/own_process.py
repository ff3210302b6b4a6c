"""The sandbox in a process of its own, so that a run shares neither its time nor its memory with it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from parity_pipeline.child_process import start_child
from parity_pipeline.errors import ParityError, UsageError
from parity_pipeline.sandbox.scenario import scenario_world
from parity_pipeline.sandbox.server import RunningSandbox, running_sandbox


@dataclass(frozen=True)
class Wanted:
    """What the process serves: a scenario as of an instant, with its configuration in a folder."""

    scenario: str
    as_of: datetime
    folder: Path


@contextmanager
def sandbox_process(scenario: str, *, as_of: datetime, folder: Path) -> Iterator[RunningSandbox]:
    """Serve a scenario from another process until the block ends; raises UsageError for an unknown one."""
    connection, process = start_child(__name__)
    try:
        with connection:
            try:
                connection.send(Wanted(scenario, as_of, folder))
                answer = connection.recv()
            except (EOFError, OSError) as error:
                raise ParityError("The sandbox ended before it was ready.") from error
            if isinstance(answer, UsageError):
                raise answer
            yield answer
    finally:
        process.wait()


def serve(connection: Connection) -> None:
    """Serve what is asked for, once, until whoever asked is gone."""
    wanted: Wanted = connection.recv()
    try:
        world = scenario_world(wanted.scenario, as_of=wanted.as_of)
    except UsageError as error:
        connection.send(error)
        return
    with running_sandbox(world, folder=wanted.folder) as served:
        connection.send(served)
        with suppress(EOFError):
            connection.recv()


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
