"""The usage endpoints: aggregates of metrics over whole UTC days, for all customers or by group values.

Pages are cut out of the question itself, never out of a list of all answers, so that each is quick.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.metronome_side.account import Account, UsedMetric
from parity_pipeline.sandbox.metronome_side.usage import GroupValues, Series
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    body_of,
    cursor_after,
    limit_of,
    offset_of,
    plain,
    reply,
    required_text,
    utc_days,
)

PAGE_SIZE = 1000
"""Rows in a page of `/v1/usage`, which has no limit parameter."""

_MOST_GROUP_VALUES = 200
_WINDOWS = {"HOUR": timedelta(hours=1), "DAY": timedelta(days=1), "NONE": None}


@dataclass(frozen=True)
class _Windows:
    """The windows that a range is divided into, by number."""

    start: datetime
    end: datetime
    step: timedelta | None

    def __len__(self) -> int:
        return 1 if self.step is None else (self.end - self.start) // self.step

    def at(self, number: int) -> tuple[datetime, datetime]:
        """The bounds of one window."""
        if self.step is None:
            return self.start, self.end
        return self.start + number * self.step, self.start + (number + 1) * self.step


@dataclass(frozen=True)
class _Grouping:
    """By which property usage is shown as well, and for which of its values (None: all of them)."""

    key: str
    values: frozenset[str] | None


class UsageApi:
    """Answers questions about usage."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def usage(self, request: Request) -> Response:
        """POST /v1/usage: one row for each customer, metric it ever used, and window; null where empty."""
        body = await body_of(request)
        windows = _windows_of(body)
        groupings = _groupings(body)
        asked = self._asked(body.get("customer_ids"), groupings)
        offset = offset_of(request.query_params.get("next_page"))
        total = len(asked) * len(windows)
        rows: list[Json] = []
        for number in range(offset, min(offset + PAGE_SIZE, total)):
            used, window = asked[number // len(windows)], windows.at(number % len(windows))
            grouping = groupings.get(used.metric.id) if groupings else None
            rows.append(_usage_row(used, window, grouping))
        return reply({"data": rows, "next_page": cursor_after(offset + PAGE_SIZE, total=total)})

    async def groups(self, request: Request) -> Response:
        """POST /v1/usage/groups: a row for each window and combination of group values in the range."""
        body = await body_of(request)
        metric = self._account.metrics.get(required_text(body, "billable_metric_id"))
        customer_id = required_text(body, "customer_id")
        if metric is None or customer_id not in self._account.customers:
            raise ApiError(404, "Customer or billable metric not found")
        if body.get("current_period"):
            raise ApiError(400, "current_period needs a customer with an active plan")
        keys = body.get("group_key")
        if not isinstance(keys, list) or not keys or sorted(keys) != sorted(metric.group_key):
            raise ApiError(400, "group_key must equal one of the billable metric's group keys")
        windows = _windows_of(body)
        limit = limit_of(request.query_params, most=100)
        offset = offset_of(request.query_params.get("next_page"))
        used = self._account.used_metrics.get((customer_id, metric.id))
        seen = [] if used is None else _groups_seen(used, windows, body.get("group_filters") or {})
        total = len(seen) * len(windows)
        rows = [
            _group_row(used, seen[number % len(seen)], windows.at(number // len(seen)))
            for number in range(offset, min(offset + limit, total))
            if used is not None
        ]
        return reply({"data": rows, "next_page": cursor_after(offset + limit, total=total)})

    def _asked(
        self, customer_ids: Iterable[str] | None, groupings: Mapping[str, _Grouping | None] | None
    ) -> list[UsedMetric]:
        used = self._account.used_metrics.values()
        for metric_id, grouping in (groupings or {}).items():
            metric = self._account.metrics.get(metric_id)
            if metric is None:
                raise ApiError(404, f"Billable metric {metric_id} not found")
            if grouping is not None and metric.group_key != (grouping.key,):
                raise ApiError(400, f"{grouping.key} is not a group key of billable metric {metric_id}")
        wanted = None if customer_ids is None else set(customer_ids)
        return [
            each
            for each in used
            if (wanted is None or each.customer_id in wanted)
            and (groupings is None or each.metric.id in groupings)
        ]


def _windows_of(body: Mapping[str, Any]) -> _Windows:
    size = str(body.get("window_size", "")).upper()
    if size not in _WINDOWS:
        raise ApiError(400, "window_size must be HOUR, DAY or NONE")
    start, end = utc_days(body)
    return _Windows(start, end, _WINDOWS[size])


def _groupings(body: Mapping[str, Any]) -> dict[str, _Grouping | None] | None:
    """The metrics that are asked for, by id; None when all are."""
    asked = body.get("billable_metrics")
    if asked is None:
        return None
    found: dict[str, _Grouping | None] = {}
    for each in asked:
        by = each.get("group_by")
        values = frozenset(by["values"]) if by and by.get("values") else None
        found[required_text(each, "id")] = _Grouping(required_text(by, "key"), values) if by else None
    return found


def _usage_row(used: UsedMetric, window: tuple[datetime, datetime], grouping: _Grouping | None) -> Json:
    start, end = window
    row: Json = {
        "customer_id": used.customer_id,
        "billable_metric_id": used.metric.id,
        "billable_metric_name": used.metric.name,
        "start_timestamp": start,
        "end_timestamp": end,
        "value": _value(used, used.usage.whole, start, end),
    }
    if grouping is not None:
        values = ((name, series) for (name,), series in sorted(_named(used)) if _is_wanted(name, grouping))
        row["groups"] = {
            name: _value(used, series, start, end)
            for name, series in list(values)[:_MOST_GROUP_VALUES]
        }  # fmt: skip
    return row


def _named(used: UsedMetric) -> list[tuple[tuple[str, ...], Series]]:
    """The groups in which no property is missing."""
    return [
        (tuple(value for value in values if value is not None), series)
        for values, series in used.usage.groups.items()
        if None not in values
    ]


def _is_wanted(name: str, grouping: _Grouping) -> bool:
    return grouping.values is None or name in grouping.values


def _groups_seen(
    used: UsedMetric, windows: _Windows, filters: Mapping[str, Iterable[str]]
) -> list[GroupValues]:
    """The group values that occur in the range and pass the filters, in a fixed order."""
    wanted = {key: set(values) for key, values in filters.items() if values}
    if sum(len(values) for values in wanted.values()) > _MOST_GROUP_VALUES:
        raise ApiError(400, f"group_filters may hold at most {_MOST_GROUP_VALUES} values")
    if not wanted.keys() <= set(used.metric.group_key):
        raise ApiError(400, "group_filters may only hold keys of group_key")
    seen = [
        values
        for values, series in used.usage.groups.items()
        if series.value("COUNT", windows.start, windows.end) is not None
        and all(
            key not in wanted or value in wanted[key]
            for key, value in zip(used.metric.group_key, values, strict=True)
        )
    ]
    return sorted(seen, key=lambda values: tuple(value or "" for value in values))


def _group_row(used: UsedMetric, values: GroupValues, window: tuple[datetime, datetime]) -> Json:
    start, end = window
    keys = used.metric.group_key
    is_simple = len(keys) == 1
    return {
        "starting_on": start,
        "ending_before": end,
        "group_key": keys[0] if is_simple else None,
        "group_value": values[0] if is_simple else None,
        "group": dict(zip(keys, values, strict=True)),
        "value": _value(used, used.usage.groups[values], start, end),
    }


def _value(used: UsedMetric, series: Series, start: datetime, end: datetime) -> Decimal | None:
    value = series.value(used.metric.aggregation, start, end)
    return None if value is None else plain(value)
