"""Processes of our own beside this one, each with a pipe to it."""

import subprocess
import sys
from multiprocessing import Pipe
from multiprocessing.connection import Connection


def start_child(module: str) -> tuple[Connection, subprocess.Popen[bytes]]:
    """Run a module of this package with the number of its end of the pipe as its only argument.

    When the pipe is closed, also because this process ended, reading from it raises EOFError over there.
    """
    ours, theirs = Pipe()
    with theirs:
        process = subprocess.Popen(  # noqa: S603  # this Python and our own module
            # -P: what lies in the folder where somebody works is not ours to import
            [sys.executable, "-P", "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,  # Ctrl-C is for this process, which ends the other
        )
    return ours, process
