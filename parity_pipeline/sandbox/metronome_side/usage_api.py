"""The usage endpoints: aggregates of metrics over whole UTC days, for all customers or by group values.

Pages are cut out of the question itself, never out of a list of all answers, so that each is quick.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.ids import metronome_customer
from parity_pipeline.sandbox.metronome_side.account import Account, UsedMetric
from parity_pipeline.sandbox.metronome_side.catalogue import Metric
from parity_pipeline.sandbox.metronome_side.event_json import event_json
from parity_pipeline.sandbox.metronome_side.usage import GroupValues, Series, Usage
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

    def of(self, usage: Usage) -> list[tuple[str, Series]]:
        """The usage of each value that is wanted; what lacks the property is in none."""
        found = ((name, series) for (name,), series in usage.by((self.key,)).items() if name is not None)
        wanted = [each for each in found if self.values is None or each[0] in self.values]
        return sorted(wanted, key=lambda each: each[0])


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
        number = offset_of(request.query_params.get("next_page"))
        total = len(asked) * len(windows)
        rows: list[Json] = []
        while number < total and len(rows) < PAGE_SIZE:
            used, window = asked[number // len(windows)], windows.at(number % len(windows))
            grouping = groupings.get(used.metric.id) if groupings else None
            rows += self._usage_rows(used, window, grouping)
            number += 1
        return reply({"data": rows, "next_page": cursor_after(number, total=total)})

    async def groups(self, request: Request) -> Response:
        """POST /v1/usage/groups: a row for each window and combination of group values in the range."""
        body = await body_of(request)
        metric = self._account.metrics.get(required_text(body, "billable_metric_id"))
        customer_id = required_text(body, "customer_id")
        self._account.check_customer(customer_id)
        if metric is None:
            raise ApiError(404, "Billable metric not found")
        if body.get("current_period"):
            raise ApiError(400, "current_period needs a customer with an active plan")
        keys = _key_set(metric, body.get("group_key"))
        windows = _windows_of(body)
        limit = limit_of(request.query_params, most=100)
        offset = offset_of(request.query_params.get("next_page"))
        found = self._account.used_by([customer_id], [metric.id])
        groups = self._account.usage_of(found[0]).by(keys) if found else {}
        seen = _groups_seen(keys, groups, windows, body.get("group_filters") or {})
        total = len(seen) * len(windows)
        rows: list[Json] = []
        for number in range(offset, min(offset + limit, total)):
            values, (start, end) = seen[number % len(seen)], windows.at(number // len(seen))
            shown = _shown(groups[values].value(metric.aggregation, start, end))
            rows.append(_group_row(keys, values, start, end) | {"value": shown})
        return reply({"data": rows, "next_page": cursor_after(offset + limit, total=total)})

    async def search(self, request: Request) -> Response:
        """POST /v1/events/search: what was sent under some transaction ids, duplicates too; not paged."""
        asked = (await body_of(request)).get("transactionIds")
        if not isinstance(asked, list):
            raise ApiError(400, "transactionIds is required")
        by_name = {metric.event_name: metric for metric in self._account.metrics.values()}
        seen: set[str] = set()
        rows: list[Json] = []
        for event in self._account.sent(frozenset(map(str, asked))):
            customer = self._account.customers.get(metronome_customer(event.customer))
            metric = by_name.get(event.event_name) if customer else None
            rows.append(event_json(event, customer, metric, is_duplicate=event.event_id in seen))
            seen.add(event.event_id)
        return reply(rows)

    def _usage_rows(
        self, used: UsedMetric, window: tuple[datetime, datetime], grouping: _Grouping | None
    ) -> list[Json]:
        """One row; none for an empty window where those are left out."""
        start, end = window
        usage, aggregation = self._account.usage_of(used), used.metric.aggregation
        empty = self._account.readings.empty_usage
        value = usage.whole.value(aggregation, start, end)
        if value is None and empty == "absent":
            return []
        nothing = Decimal(0) if empty == "zero" else None
        row: Json = {
            "customer_id": used.customer_id,
            "billable_metric_id": used.metric.id,
            "billable_metric_name": used.metric.name,
            "start_timestamp": start,
            "end_timestamp": end,
            "value": nothing if value is None else plain(value),
        }
        if grouping is not None:
            shown = {
                name: series.value(aggregation, start, end)
                for name, series in grouping.of(usage)[:_MOST_GROUP_VALUES]
            }
            row["groups"] = {name: nothing if part is None else plain(part) for name, part in shown.items()}
        return [row]

    def _asked(
        self, customer_ids: Iterable[str] | None, groupings: Mapping[str, _Grouping | None] | None
    ) -> Sequence[UsedMetric]:
        for metric_id, grouping in (groupings or {}).items():
            metric = self._account.metrics.get(metric_id)
            if metric is None:
                raise ApiError(404, f"Billable metric {metric_id} not found")
            if grouping is not None and (grouping.key,) not in metric.group_keys:
                raise ApiError(400, f"{grouping.key} is not a group key of billable metric {metric_id}")
        metric_ids = self._account.metrics if groupings is None else groupings
        if customer_ids is None:
            return self._account.used(metric_ids)
        return self._account.used_by(dict.fromkeys(customer_ids), metric_ids)


def _key_set(metric: Metric, asked: object) -> tuple[str, ...]:
    """The set of group keys that was asked for, which must be one of the metric's exactly."""
    wanted = sorted(asked) if isinstance(asked, list) else []
    for keys in metric.group_keys:
        if sorted(keys) == wanted:
            return keys
    raise ApiError(400, "group_key must equal one of the billable metric's group keys")


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


def _groups_seen(
    keys: tuple[str, ...],
    groups: Mapping[GroupValues, Series],
    windows: _Windows,
    filters: Mapping[str, Iterable[str]],
) -> list[GroupValues]:
    """The group values that occur in the range and pass the filters, in a fixed order."""
    wanted = {key: set(values) for key, values in filters.items() if values}
    if sum(len(values) for values in wanted.values()) > _MOST_GROUP_VALUES:
        raise ApiError(400, f"group_filters may hold at most {_MOST_GROUP_VALUES} values")
    if not wanted.keys() <= set(keys):
        raise ApiError(400, "group_filters may only hold keys of group_key")
    seen = [
        values
        for values, series in groups.items()
        if series.value("COUNT", windows.start, windows.end) is not None
        and all(key not in wanted or value in wanted[key] for key, value in zip(keys, values, strict=True))
    ]
    return sorted(seen, key=lambda values: tuple(value or "" for value in values))


def _group_row(keys: tuple[str, ...], values: GroupValues, start: datetime, end: datetime) -> Json:
    is_simple = len(keys) == 1
    return {
        "starting_on": start,
        "ending_before": end,
        "group_key": keys[0] if is_simple else None,
        "group_value": values[0] if is_simple else None,
        "group": dict(zip(keys, values, strict=True)),
    }


def _shown(value: Decimal | None) -> Decimal | None:
    return None if value is None else plain(value)
