"""report.html: one self-contained page that asks nobody for anything, every outside value escaped."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any, Final

import jinja2

from parity_pipeline import amounts
from parity_pipeline.periods import rfc3339
from parity_pipeline.report.charts import distribution_chart, trend_chart, waterfall_chart
from parity_pipeline.report.history_view import change_line
from parity_pipeline.report.page import Page
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.trend import changes_of, days_of
from parity_pipeline.report.words import (
    CHECK_TITLES,
    CUSTOMER_STATUSES,
    VERDICT_MEANINGS,
    by_check,
    effect_title,
    effects_line,
    exclusion,
)

MOST_INCIDENTS: Final = 100
_MOST_DAYS: Final = 60


@dataclass(frozen=True)
class Charts:
    """The drawings of the page, as SVG; empty where there is nothing to draw."""

    waterfalls: tuple[str, ...]
    distribution: str
    trend: str


def to_html(result: RunResult, page: Page) -> str:
    """The whole page."""
    environment = _environment()
    script = _source(environment, "report.js")
    return environment.get_template("report.html.j2").render(
        result=result,
        page=page,
        charts=_charts(result, page),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_source(environment, "report.css"),
        **_history(result),
        **_spread(page),
        several=len(result.cycles) > 1,
        most_incidents=MOST_INCIDENTS,
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("parity_pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(percent=amounts.percent, rfc3339=rfc3339, words=exclusion)
    environment.globals.update(
        amount=amounts.amount,
        bare=amounts.bare,
        counted=amounts.counted,
        quantity=amounts.quantity,
        signed=amounts.signed,
        net_and_gross=amounts.net_and_gross,
        by_check=by_check,
        titles=CHECK_TITLES,
        meanings=VERDICT_MEANINGS,
        customer_statuses=CUSTOMER_STATUSES,
        effect_title=effect_title,
        effects_line=effects_line,
        change_line=change_line,
    )
    return environment


def _source(environment: jinja2.Environment, name: str) -> str:
    """A file of ours that stands in the page as it is."""
    loader = environment.loader
    if loader is None:
        raise ValueError("the templates have no loader")
    return loader.get_source(environment, name)[0]


def _charts(result: RunResult, page: Page) -> Charts:
    days = days_of(result)
    limits = {each.check_name: each.variance_ratio for each in page.thresholds}
    return Charts(
        waterfalls=tuple(waterfall_chart(each) for each in page.waterfalls),
        distribution=distribution_chart(page.distribution) if page.distribution else "",
        trend=trend_chart(days, limits) if len(days) > 1 else "",
    )


def _history(result: RunResult) -> dict[str, Any]:
    known = [each.day for each in result.past_days if each.knows_incidents]
    return {
        "days": days_of(result)[-_MOST_DAYS:],
        "changes": changes_of(result),
        "since": known[-1] if known else None,
    }


def _spread(page: Page) -> dict[str, int]:
    if page.distribution is None:
        return {"judged": 0, "within": 0}
    counts = page.distribution.counts
    left, right = page.distribution.gate_places
    return {"judged": sum(counts), "within": sum(counts[left:right])}
