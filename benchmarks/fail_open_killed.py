"""A run that is killed at one point: `python -m benchmarks.fail_open_killed POINT HOME`.

The process kills itself with SIGKILL, so that nothing is tidied up. The points are set by wrapping the
pipeline's own functions in this process; the product knows nothing of it.
"""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.fail_open_runs import AS_OF, NOW
from parity_pipeline import landing, pipeline, publication, warehouse
from parity_pipeline.home import DATABASE, REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN
from parity_pipeline.run_request import make_request
from parity_pipeline.settings import load_settings
from parity_pipeline.sources.sink import Lander


@dataclass(frozen=True)
class Point:
    """The process dies after this call of the function; of a rename, after the one to the published file."""

    owner: Any
    function: str
    call: int = 1
    file: str | None = None


POINTS: Final[Mapping[str, Point]] = {
    "in the middle of the pull": Point(Lander, "finish", call=5),
    "before the manifest": Point(Lander, "finish", call=27),
    "after the manifest": Point(landing, "_write_manifest"),
    "after extract": Point(pipeline, "extract"),
    "after load": Point(pipeline, "load"),
    "after check_input": Point(pipeline, "check_input"),
    "after compare": Point(pipeline, "compare"),
    "after judge_all": Point(pipeline, "judge_all", call=2),
    "after conclude": Point(pipeline, "conclude"),
    "after record_verdict": Point(publication, "record_verdict"),
    "after the new database": Point(warehouse, "publish"),
    "after the new report": Point(publication, "to_json"),
    "after the rename of the database": Point(Path, "replace", file=DATABASE),
    "after the rename of the page": Point(Path, "replace", file=REPORT_HTML),
    "after the rename of the text": Point(Path, "replace", file=REPORT_MARKDOWN),
    "after the rename of the report": Point(Path, "replace", file=REPORT_JSON),
}

PUBLISHING: Final = tuple(name for name, point in POINTS.items() if point.file)
"""Points at which some published files are this run's and some are still the run's before."""


def kill_at(point: Point) -> None:
    """Wrap the function so that the process dies after that call."""
    usual: Callable[..., Any] = getattr(point.owner, point.function)
    calls = 0

    def wrapped(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # whatever the function takes
        nonlocal calls
        result = usual(*arguments, **options)
        if point.file is None or _is_published(arguments[1], point.file):
            calls += 1
        if calls == point.call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(point.owner, point.function, wrapped)


def _is_published(target: Path, name: str) -> bool:
    return target.name == name and target.parent.name == "published"


def main(point: str, home: str) -> None:
    """Run with the process's own environment and die on the way."""
    kill_at(POINTS[point])
    settings = load_settings(home=Path(home))
    request = make_request(now=NOW, as_of=AS_OF.isoformat(), configured_start=settings.parallel_run.start)
    pipeline.run(settings, request, clock=lambda: NOW, tell=lambda _: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
