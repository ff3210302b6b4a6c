"""Reading a Stripe query string: deep brackets, limits, cursors, time ranges. Unknown names are refused."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from parity_pipeline.sandbox.stripe_side.errors import StripeError
from parity_pipeline.sandbox.stripe_side.shelf import Cursor, TimeRange

_EXPAND = re.compile(r"expand\[\d*\]")
_RANGES = ("created[gt]", "created[gte]", "created[lt]", "created[lte]", "created")
PAGING = frozenset({"limit", "starting_after", "ending_before"})
_DEFAULT_LIMIT, _MOST = 10, 100


@dataclass(frozen=True)
class Query:
    """A checked query: plain parameters and the paths to expand."""

    params: dict[str, str]
    expand: tuple[str, ...]

    def whole_number(self, name: str) -> int | None:
        """A parameter as a whole number."""
        text = self.params.get(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?\d+", text):
            raise StripeError(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
        return int(text)

    def limit(self, default: int = _DEFAULT_LIMIT) -> int:
        """How many objects a page may hold."""
        limit = self.whole_number("limit")
        if limit is None:
            return default
        if not 1 <= limit <= _MOST:
            raise StripeError(400, f"limit must be between 1 and {_MOST}.", param="limit")
        return limit

    def cursor(self, known: Collection[str], kind: str) -> Cursor:
        """Where the page begins; the object named must exist."""
        after, before = self.params.get("starting_after"), self.params.get("ending_before")
        if after is not None and before is not None:
            raise StripeError(400, "You may only specify one of starting_after and ending_before.")
        for name, value in (("starting_after", after), ("ending_before", before)):
            if value is not None and value not in known:
                raise StripeError(400, f"No such {kind}: '{value}'", code="resource_missing", param=name)
        return Cursor(after, before)

    def created(self) -> TimeRange:
        """The bounds on `created`."""
        above, first, below, last, exact = (self.whole_number(name) for name in _RANGES)
        firsts = [each for each in (first, None if above is None else above + 1, exact) if each is not None]
        lasts = [each for each in (last, None if below is None else below - 1, exact) if each is not None]
        return TimeRange(max(firsts, default=None), min(lasts, default=None))


def read_query(raw: QueryParams, allowed: Collection[str]) -> Query:
    """Sort a query string into parameters and expansions."""
    params: dict[str, str] = {}
    expand: list[str] = []
    for name, value in raw.multi_items():
        if _EXPAND.fullmatch(name):
            expand.append(value)
        elif name in allowed or (name in _RANGES and "created" in allowed):
            params[name] = value
        else:
            raise StripeError(
                400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )
    return Query(params, tuple(expand))
