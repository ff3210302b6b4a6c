"""What all commands share: their common options, and every error told as one line.

Which commands there are is cli.py's.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from parity_pipeline.errors import ParityError

_UNEXPECTED = 3

HomeOption = Annotated[
    Path | None, typer.Option(help="Folder for everything that is written.", show_default=False)
]
ConfigOption = Annotated[Path | None, typer.Option(help="The configuration file.", show_default=False)]


def chosen_home(option: Path | None) -> Path:
    """The home folder: the option, else the environment's, else the default."""
    from parity_pipeline.settings import home_folder

    return home_folder(home=option)


@contextmanager
def told_plainly(home: Path) -> Iterator[None]:
    """Every error as one line: a known one with its exit code, any other with its trace in the log."""
    try:
        yield
    except ParityError as error:
        _complain(str(error))
        raise typer.Exit(error.exit_code) from error
    except (typer.Exit, typer.Abort):
        raise
    except (BrokenPipeError, SystemExit) as error:  # whoever read the output has left; rich then exits with 1
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(_UNEXPECTED) from error
    except KeyboardInterrupt as error:
        _complain("Interrupted.")
        raise typer.Exit(_UNEXPECTED) from error
    except Exception as error:  # the last door: whatever it is, it must not look like a verdict
        _complain(f"Unexpected error: {type(error).__name__}: {_one_line(error)}{_logged(home)}")
        raise typer.Exit(_UNEXPECTED) from error


def _complain(line: str) -> None:
    Console(stderr=True).print(Text(line, style="red"), soft_wrap=True)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _logged(home: Path) -> str:
    """Keep the trace in the home folder; says where, as the end of the line."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        log = home / "parity.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()}\n{traceback.format_exc()}\n")
    except OSError:
        return ""
    return f" (the trace is in {log})"
