"""Tells people of a run by Apprise: chat, mail or a webhook, by the addresses of [notify].

A notification decides nothing: one that fails is told as a line, and the verdict stands.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Final

from parity_pipeline.home import REPORT_HTML, Home
from parity_pipeline.report.history_view import change_line
from parity_pipeline.report.incidents import Incident
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.trend import changes_of
from parity_pipeline.report.words import VERDICT_MEANINGS
from parity_pipeline.setting_sections import Notify

_MOST_LINES: Final = 5
_KINDS: Final = {"GO": "success", "NO_GO": "failure", "UNDECIDED": "warning"}


def notify_of_run(notify: Notify, home: Home, result: RunResult, *, tell: Callable[[str], None]) -> None:
    """Send the verdict, what changed and the greatest incidents, when the settings ask for it."""
    if not is_wanted(notify, result.verdict.decision, before=_before(result)):
        return
    attachment = home.published / REPORT_HTML if notify.attach_report else None
    send(
        notify,
        title=f"{result.verdict.decision}: billing parity as of {result.as_of.date()}",
        body=message(notify, result),
        kind=_KINDS[result.verdict.decision],
        attachment=str(attachment.resolve()) if attachment else None,
        tell=tell,
    )


def is_wanted(notify: Notify, verdict: str, *, before: str | None) -> bool:
    """Whether there is anybody to tell, and something that they want to know; `before` is the last one."""
    if not notify.urls:
        return False
    if notify.when == "change":
        return before != verdict
    return notify.when == "every_run" or verdict == "NO_GO"


def message(notify: Notify, result: RunResult) -> str:
    """The text: what the verdict means, what it was before, why, what changed, the greatest incidents."""
    before = _before(result)
    last = f" The last verdict was {before}." if before else " This is the first verdict."
    lines = [f"{VERDICT_MEANINGS[result.verdict.decision]}{last}"]
    lines += _listed("Reasons", result.verdict.reasons)
    told = [change_line(each) for each in changes_of(result) if each.kind != "continuing"]
    lines += _listed("New and resolved incidents", told)
    lines += _listed("Greatest incidents", [_incident(each) for each in result.incidents])
    lines += [f"Cohort {each.name}: {each.verdict.decision}." for each in result.cohorts]
    if notify.report_link:
        lines.append(f"Report: {notify.report_link}")
    return "\n".join(lines)


def send(
    notify: Notify,
    *,
    title: str,
    body: str,
    kind: str,
    attachment: str | None,
    tell: Callable[[str], None],
) -> bool:
    """Hand one message to every address; whether all took it. Never raises, and names no address."""
    try:
        import apprise

        logging.getLogger("apprise").disabled = True  # its lines may hold an address
        sender = apprise.Apprise()
        known = [sender.add(each.get_secret_value()) for each in notify.urls]
        took_it = bool(
            sender.notify(
                title=title,
                body=body,
                notify_type=apprise.NotifyType(kind),
                body_format=apprise.NotifyFormat.TEXT,
                attach=attachment,
            )
        )
    except Exception as error:  # noqa: BLE001  # whatever it is, it must not touch the verdict
        tell(f"The notification failed: {type(error).__name__}.")
        return False
    if not took_it or not all(known):
        tell("The notification failed for at least one address of [notify].")
    return took_it and all(known)


def _incident(incident: Incident) -> str:
    """Its sentence, and its money where it changes invoices."""
    told = incident.summary.rstrip(".")
    return f"{told}: {incident.money}." if incident.money else f"{told}."


def _before(result: RunResult) -> str | None:
    return result.past_days[-1].verdict if result.past_days else None


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"- and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
    return [f"{title}:", *(f"- {line}" for line in lines[:_MOST_LINES]), *more]
