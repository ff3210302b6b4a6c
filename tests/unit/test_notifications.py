"""Notifications: who is told what and when, over a real webhook, and that a failure changes nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from report_values import RESULT

from parity_pipeline.home import Home
from parity_pipeline.notifications import is_wanted, message, notify_of_run
from parity_pipeline.quality.gate import Verdict
from parity_pipeline.report.cohorts import CohortVerdict
from parity_pipeline.report.incidents import Incident
from parity_pipeline.report.trend import record_of
from parity_pipeline.setting_sections import Notify


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address on this machine that keeps what it is sent."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Keep the tests' output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"json://user:hunter2@127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def to(url: str, **changes: Any) -> Notify:
    """Settings with one address."""
    return Notify(urls=(SecretStr(url),), **changes)


def test_a_verdict_is_sent(tmp_path: Path) -> None:
    """Title, reasons, greatest incidents, cohorts and the link arrive at the webhook; nothing is told."""
    told: list[str] = []
    incident = Incident(
        1,
        "default",
        "rate_mismatch",
        "cus_1",
        "",
        None,
        None,
        1,
        None,
        2,
        {"usd": Decimal(-500)},
        "rate_mismatch, cus_1.",
    )
    cohort = CohortVerdict("first", 2, 2, Verdict("GO", ()))
    result = replace(RESULT, incidents=(incident,), cohorts=(cohort,))
    with webhook() as (url, got):
        notify_of_run(
            to(url, report_link="https://parity.example.com/"), Home(tmp_path), result, tell=told.append
        )
    (sent,) = got
    assert sent["title"] == "NO_GO: billing parity as of 2026-02-10"
    assert sent["type"] == "failure"
    for text in (
        "This is the first verdict.",
        "- invoice_totals fails.",
        "Greatest incidents:\n- rate_mismatch, cus_1: -5.00 USD.",
        "Cohort first: GO.",
        "Report: https://parity.example.com/",
    ):
        assert text in sent["message"], text
    assert told == []


def test_what_changed_is_told() -> None:
    """The last verdict, and a new incident; of many lines only the first five."""
    before = replace(record_of(RESULT), as_of=RESULT.as_of.replace(day=9), verdict="GO", knows_incidents=True)
    incidents = tuple(
        Incident(
            number, "default", "rate_mismatch", f"cus_{number}", "", None, None, 1, None, 1, {}, f"s{number}"
        )
        for number in range(7)
    )
    whole = tuple(replace(each, complete=True) for each in RESULT.completeness)
    result = replace(RESULT, past_days=(before,), incidents=incidents, completeness=whole)
    text = message(Notify(), result)
    assert "The last verdict was GO." in text
    assert "- new: rate_mismatch, cus_0" in text
    assert text.count("- and 2 more") == 2
    assert "s5" not in text


@pytest.mark.parametrize(
    ("when", "before", "now", "wanted"),
    [
        ("every_run", "GO", "GO", True),
        ("change", "GO", "GO", False),
        ("change", "GO", "NO_GO", True),
        ("change", None, "GO", True),
        ("no_go", "GO", "NO_GO", True),
        ("no_go", "NO_GO", "GO", False),
    ],
)
def test_when_somebody_is_told(when: str, before: str | None, now: str, wanted: bool) -> None:
    """On every run, when the verdict is not that of the day before, or on NO_GO."""
    assert is_wanted(to("json://127.0.0.1", when=when), now, before=before) == wanted
    assert not is_wanted(Notify(), now, before=before)


@pytest.mark.parametrize("address", ["nonsense", "json://user:hunter2@127.0.0.1:1/"])
def test_a_failure_is_a_line_without_the_address(
    address: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """An address that is none, or that nobody answers at, is told without its password; nothing is raised."""
    told: list[str] = []
    notify_of_run(to(address), Home(tmp_path), RESULT, tell=told.append)
    assert told == ["The notification failed for at least one address of [notify]."]
    assert not any(word in "".join(capfd.readouterr()) + caplog.text for word in ("hunter2", "nonsense"))


def test_an_address_that_refuses_is_a_failure(tmp_path: Path) -> None:
    """An error of the other side is one too."""
    told: list[str] = []
    with webhook(status=500) as (url, got):
        notify_of_run(to(url), Home(tmp_path), RESULT, tell=told.append)
    assert len(got) == 1
    assert len(told) == 1
