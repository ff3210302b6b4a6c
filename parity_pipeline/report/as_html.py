"""report.html: the result as one self-contained page, every outside value escaped."""

import jinja2

from parity_pipeline import amounts
from parity_pipeline.periods import rfc3339
from parity_pipeline.report.result import RunResult
from parity_pipeline.report.words import CHECK_TITLES, CUSTOMER_STATUSES, VERDICT_MEANINGS, exclusion


def to_html(result: RunResult) -> str:
    """The whole page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("parity_pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=amounts.percent, rfc3339=rfc3339, words=exclusion)
    environment.globals.update(
        amount=amounts.amount,
        bare=amounts.bare,
        titles=CHECK_TITLES,
        meanings=VERDICT_MEANINGS,
        customer_statuses=CUSTOMER_STATUSES,
    )
    return environment.get_template("report.html.j2").render(result=result) + "\n"
