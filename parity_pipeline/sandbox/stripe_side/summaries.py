"""Meter event summaries: the checks on the window asked for, and the answer as Stripe writes it."""

from decimal import Decimal

from parity_pipeline.sandbox.stripe_side.books import Books
from parity_pipeline.sandbox.stripe_side.errors import StripeError, lacking, missing
from parity_pipeline.sandbox.stripe_side.metering import Bucket, Series
from parity_pipeline.sandbox.stripe_side.queries import Query
from parity_pipeline.sandbox.stripe_side.shelf import Json

PARAMS = frozenset({"customer", "start_time", "end_time", "value_grouping_window"})
_SECONDS = {"hour": 3600, "day": 86400}
_MINUTE = 60


def summaries(books: Books, meter: str, query: Query) -> tuple[list[Json], bool]:
    """One page of a customer's summaries on a meter; what is open about them is as the readings say."""
    found_meter = books.sold.meters.get(meter)
    if found_meter is None:
        raise missing("billing meter", meter)
    owner, start, end, window = _asked(query)
    customer = books.customers.get(owner)
    if customer is None:
        raise missing("customer", owner, param="customer", status=400)
    readings = books.world.readings.stripe
    series = books.meters.series.get((customer.key, found_meter["event_name"])) or Series("sum")
    seconds = _SECONDS[window] if window else end - start
    buckets = _buckets(series, start, end, seconds, with_empty=readings.empty_summaries == "zero")
    if readings.summaries_order == "oldest_first":
        buckets.reverse()
    items = {each["id"]: each for each in (_summary(bucket, meter, owner) for bucket in buckets)}
    return _page(items, query)


def _buckets(series: Series, start: int, end: int, seconds: int, *, with_empty: bool) -> list[Bucket]:
    """The windows of a length, newest first: those in which something happened, or all."""
    if with_empty:
        opens = range(end - seconds, start - 1, -seconds)
        return [
            Bucket(each, each + seconds, series.total(each, each + seconds) or Decimal(0)) for each in opens
        ]
    if seconds == end - start:
        total = series.total(start, end)
        return [] if total is None else [Bucket(start, end, total)]
    return series.buckets(start, end, seconds)


def _asked(query: Query) -> tuple[str, int, int, str | None]:
    for name in ("customer", "start_time", "end_time"):
        if name not in query.params:
            raise lacking(name)
    window = query.params.get("value_grouping_window")
    if window is not None and window not in _SECONDS:
        raise StripeError(
            400, "Invalid value_grouping_window: must be one of hour or day", param="value_grouping_window"
        )
    start, end = query.whole_number("start_time") or 0, query.whole_number("end_time") or 0
    step = _SECONDS[window] if window else _MINUTE
    for name, moment in (("start_time", start), ("end_time", end)):
        if moment % step:
            boundary = window or "minute"
            raise StripeError(400, f"{name} must be aligned with {boundary} boundaries.", param=name)
    if end <= start:
        raise StripeError(400, "end_time must be after start_time.", param="end_time")
    return query.params["customer"], start, end, window


def _summary(bucket: Bucket, meter: str, owner: str) -> Json:
    """One summary. Stripe sends the value as a float and does not say whose it is."""
    return {
        "id": f"mtrusg_{meter[4:]}_{owner[4:]}_{bucket.start}_{bucket.end}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(bucket.value),
        "end_time": bucket.end,
        "livemode": False,
        "meter": meter,
        "start_time": bucket.start,
    }


def _page(items: dict[str, Json], query: Query) -> tuple[list[Json], bool]:
    limit, cursor = query.limit(), query.cursor(items, "billing meter event summary")
    order = list(items)
    if cursor.before is not None:
        rest = order[: order.index(cursor.before)]
        return [items[each] for each in rest[-limit:]], len(rest) > limit
    rest = order if cursor.after is None else order[order.index(cursor.after) + 1 :]
    return [items[each] for each in rest[:limit]], len(rest) > limit
