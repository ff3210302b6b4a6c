"""Lines that a person may add to the mapping and waiver files after a look. Nothing holds by them alone.

A waiver line has no `approved_by`, without which the file is refused: whoever accepts it must write a name.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from parity_pipeline.explain.explanation import Compared, CustomerExplanation, Explanation

_VALID_FOR: Final = timedelta(days=30)
_CUSTOMER_COLUMNS: Final = ("account", "stripe_customer_id", "metronome_customer_id")
_WAIVER_COLUMNS: Final = (
    *("account", "check", "customer", "subject", "reason"),
    *("approved_by", "expires_on", "max_minor_units"),
)


def suggestions(explanation: Explanation) -> dict[str, str]:
    """CSV text by file, with its header; empty text where there is nothing to suggest."""
    links = [row for each in explanation.customers for row in _links(each)]
    waivers = [row for each in explanation.customers for row in _waivers(each, explanation)]
    return {"customers": _csv(_CUSTOMER_COLUMNS, links), "waivers": _csv(_WAIVER_COLUMNS, waivers)}


def _links(customer: CustomerExplanation) -> Iterator[tuple[str, ...]]:
    """One for each customer that is likely the same under another name."""
    for miss in customer.near_misses:
        if miss.kind == "customer":
            yield customer.account, miss.subject, miss.resembles_id


def _waivers(customer: CustomerExplanation, explanation: Explanation) -> Iterator[tuple[str, ...]]:
    """One for each check and subject that breaches, up to its greatest difference, for thirty days."""
    greatest: dict[tuple[str, str], Compared] = {}
    for row in customer.breaches:
        place = (row.check, _unit(row))
        if place not in greatest or abs(row.variance) > abs(greatest[place].variance):
            greatest[place] = row
    for (check, unit), row in greatest.items():
        causes = {each.cause for each in customer.findings if each.check == check}
        yield (
            customer.account,
            check,
            customer.name,
            unit,
            " and ".join(sorted(causes)),
            "",
            (explanation.as_of + _VALID_FOR).date().isoformat(),
            str(abs(row.variance).quantize(Decimal(1), rounding=ROUND_CEILING)),
        )


def _unit(row: Compared) -> str:
    """What a waiver calls the row: its currency, meter or group values; empty for contracts."""
    values = row.pricing_group_values
    return row.subject if values in (None, "{}") else str(values)


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()
