"""Sign-offs: who accepted which run, in a file that only grows, and the proof that nothing was altered.

Each line holds a seal over itself and the digest of the line before it, so that no line can be changed,
dropped or put between without breaking it or those after it. The newest line's digest, kept elsewhere, also
proves that nobody wrote the end anew.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from parity_pipeline import warehouse
from parity_pipeline.errors import LandingError, UsageError
from parity_pipeline.home import DATABASE, REPORT_HTML, REPORT_JSON, REPORT_MARKDOWN, Home
from parity_pipeline.home_lock import home_lock
from parity_pipeline.landing import MANIFEST, read_manifest
from parity_pipeline.periods import rfc3339
from parity_pipeline.warehouse import DatabaseError

_PUBLISHED: Final = (DATABASE, REPORT_HTML, REPORT_MARKDOWN, REPORT_JSON)


@dataclass(frozen=True)
class SignOff:
    """One line of the file. `digest` is that of the line itself."""

    number: int
    run_id: str
    as_of: str
    verdict: str
    digest: str
    content: dict[str, Any]

    @property
    def told(self) -> str:
        """Who accepted what and when, as a sentence."""
        note = self.content.get("note", "")
        return (
            f"Sign-off {self.number} by {self.content.get('by', '')} at {self.content.get('signed_at', '')}: "
            f"{self.verdict}{f', {note}' if note else ''}"
        )


def sign(home: Home, *, by: str, note: str, now: datetime) -> SignOff:
    """Keep a copy of the last published run and add a line that seals it."""
    if not by.strip():
        raise UsageError("--by must name who signs.")
    if not (home.published / REPORT_JSON).is_file():
        raise UsageError(f"There is no published run in {home.folder}; run `parity run` first.")
    with home_lock(home.lock, now=now):
        report = _published_report(home)
        lines = _read_lines(home.signoffs)
        problems = _broken_links(lines)
        if problems:
            raise UsageError(f"{home.signoffs} was altered ({problems[0]}); nothing was signed.")
        files = _keep_copy(home, report["run_id"])
        content = {
            "number": len(lines) + 1,
            "signed_at": rfc3339(now),
            "by": by.strip(),
            "note": note,
            "run_id": report["run_id"],
            "as_of": report["as_of"],
            "verdict": report["verdict"],
            "reasons": report["reasons"],
            "waivers": report.get("waivers", []),
            "files": files,
            "previous": _digest_of(lines[-1]) if lines else "",
        }
        line = _text({**content, "seal": _digest_of(_text(content))})
        _append(home.signoffs, line)
    return _sign_off(line, content)


def verify(home: Home, run_id: str, *, digest: str | None = None) -> list[str]:
    """What speaks against a signed run being as it was signed; nothing when all of it is.

    With a digest that was kept elsewhere, the line that has it must still be there.
    """
    lines = _read_lines(home.signoffs)
    problems = _broken_links(lines)
    if digest is not None and digest not in map(_digest_of, lines):
        problems.append(f"no line of {home.signoffs} has the digest {digest}")
    signed = [each for each in map(_content, lines) if each.get("run_id") == run_id]
    if not signed:
        return [*problems, f"{home.signoffs} has no sign-off of run {run_id}"]
    for content in signed:
        problems += _altered(home, run_id, content.get("files", {}))
    return list(dict.fromkeys(problems))


def sign_offs(home: Home, run_id: str) -> list[SignOff]:
    """All sign-offs of a run, the first one first; as they stand in the file, proven or not."""
    found = [(line, _content(line)) for line in _read_lines(home.signoffs)]
    return [_sign_off(line, content) for line, content in found if content.get("run_id") == run_id]


def last_signed(home: Home) -> str | None:
    """The run that was signed last."""
    lines = _read_lines(home.signoffs)
    return str(_content(lines[-1]).get("run_id")) if lines else None


def file_digest(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _published_report(home: Home) -> dict[str, Any]:
    """report.json, after the database was found to be of the same run."""
    try:
        report: dict[str, Any] = json.loads((home.published / REPORT_JSON).read_text(encoding="utf-8"))
        with warehouse.connect(home.published / DATABASE, read_only=True) as connection:
            runs = [row["run_id"] for row in warehouse.rows(connection, "select run_id from control.run")]
        missing = [name for name in ("run_id", "as_of", "verdict", "reasons") if name not in report]
    except (OSError, ValueError, DatabaseError) as error:
        raise UsageError(f"What was published in {home.folder} cannot be read: {error}.") from error
    if missing or runs != [report["run_id"]]:
        raise UsageError(f"The files in {home.published} are not of one run; run `parity run` again.")
    return report


def _keep_copy(home: Home, run_id: str) -> dict[str, str]:
    """Copy what is signed into a folder of its own, once; returns the digests by name."""
    folder, aside = home.signed(run_id), home.signed(f".{run_id}.new")
    if not folder.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for source in [*(home.published / name for name in _PUBLISHED), home.landing(run_id) / MANIFEST]:
            if source.is_file():  # a run that was built from an earlier landing has none of its own
                shutil.copyfile(source, aside / source.name)
        aside.rename(folder)
    return {file.name: file_digest(file) for file in sorted(folder.iterdir())}


def _append(file: Path, line: str) -> None:
    """Add a line and see it on the disk."""
    with file.open("a", encoding="utf-8") as target:
        target.write(line + "\n")
        target.flush()
        os.fsync(target.fileno())


def _read_lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def _digest_of(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _content(line: str) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _broken_links(lines: Sequence[str]) -> list[str]:
    """Lines that are not as they were sealed, or do not hold the digest of the line before."""
    problems, previous = [], ""
    for number, line in enumerate(lines, start=1):
        content = _content(line)
        sealed = {name: value for name, value in content.items() if name != "seal"}
        if content.get("seal") != _digest_of(_text(sealed)):
            problems.append(f"line {number} of the sign-offs was altered")
        if content.get("number") != number or content.get("previous") != previous:
            problems.append(f"line {number} of the sign-offs does not follow from the line before it")
        previous = _digest_of(line)
    return problems


def _altered(home: Home, run_id: str, files: dict[str, str]) -> list[str]:
    """The kept files, and where they still are the published and the landed ones, that are not as signed."""
    problems = _unlike(home.signed(run_id), files)
    if run_id in _published_runs(home):  # until the next run replaces it
        problems += _unlike(home.published, {name: files[name] for name in _PUBLISHED if name in files})
    landing = home.landing(run_id)
    if MANIFEST in files and landing.is_dir():  # retention may have removed it; its manifest is kept
        try:
            read_manifest(landing)
        except LandingError as error:
            problems.append(str(error))
        else:
            if file_digest(landing / MANIFEST) != files[MANIFEST]:
                problems.append(f"{landing / MANIFEST} was altered")
    return problems


def _unlike(folder: Path, files: dict[str, str]) -> list[str]:
    """The files of a folder that are not there, or have another digest."""
    return [
        f"{folder / name} {'was altered' if (folder / name).is_file() else 'is missing'}"
        for name, digest in files.items()
        if not (folder / name).is_file() or file_digest(folder / name) != digest
    ]


def _published_runs(home: Home) -> set[str]:
    """The run that the published report names, and the one that the database does; they should be one."""
    found = set()
    with suppress(OSError, ValueError, LookupError, TypeError):
        found.add(str(json.loads((home.published / REPORT_JSON).read_text(encoding="utf-8"))["run_id"]))
    with (
        suppress(OSError, DatabaseError),
        warehouse.connect(home.published / DATABASE, read_only=True) as connection,
    ):
        found |= {str(row["run_id"]) for row in warehouse.rows(connection, "select run_id from control.run")}
    return found


def _sign_off(line: str, content: dict[str, Any]) -> SignOff:
    return SignOff(
        number=int(content.get("number", 0)),
        run_id=str(content.get("run_id", "")),
        as_of=str(content.get("as_of", "")),
        verdict=str(content.get("verdict", "")),
        digest=_digest_of(line),
        content=content,
    )
