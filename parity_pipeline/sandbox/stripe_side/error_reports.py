"""Meter error reports: the thin v2 events that tell of meter events dropped after a 200."""

from collections import Counter, defaultdict
from datetime import datetime
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from parity_pipeline.sandbox.stripe_side.errors import StripeError
from parity_pipeline.sandbox.stripe_side.metering import Meters, Rejected
from parity_pipeline.sandbox.stripe_side.prices import meter_id
from parity_pipeline.sandbox.stripe_side.queries import read_query
from parity_pipeline.sandbox.stripe_side.shelf import Json

REPORT = "v1.billing.meter.error_report_triggered"
NO_METER = "v1.billing.meter.no_meter_found"
_SAMPLES = 5
_TYPES = frozenset({"types[]", *(f"types[{number}]" for number in range(20))})
_CREATED = {
    "created[gt]": lambda at, bound: at > bound,
    "created[gte]": lambda at, bound: at >= bound,
    "created[lt]": lambda at, bound: at < bound,
    "created[lte]": lambda at, bound: at <= bound,
}
_DEFAULT_LIMIT = 20


def error_reports(meters: Meters) -> list[Json]:
    """One report a day and kind, newest first, with `data`, which only a single retrieve shows."""
    by_day: dict[tuple[str, str, str], list[Rejected]] = defaultdict(list)
    for each in meters.rejected:
        kind, meter = (NO_METER, "") if each.meter is None else (REPORT, each.meter)
        by_day[each.event.received_at.date().isoformat(), kind, meter].append(each)
    return [_report(*key, found) for key, found in sorted(by_day.items(), reverse=True)]


def page(reports: list[Json], asked: QueryParams, path: str) -> Json:
    """One page of the reports asked for, without their data, and the addresses of its neighbours."""
    query = read_query(asked, {"limit", "page", "object_id", *_TYPES, *_CREATED})
    limit, first = query.limit(_DEFAULT_LIMIT), query.whole_number("page") or 0
    types = {value for name, value in asked.multi_items() if name in _TYPES}
    bounds = {name: _moment(query.params[name], name) for name in _CREATED if name in query.params}
    found = [
        report
        for report in reports
        if (not types or report["type"] in types)
        and query.params.get("object_id") in (None, report.get("related_object", {}).get("id"))
        and all(_CREATED[name](_moment(report["created"], name), bound) for name, bound in bounds.items())
    ]
    kept = [(name, value) for name, value in asked.multi_items() if name != "page"]

    def address(start: int) -> str:
        return f"{path}?{urlencode([*kept, ('page', start)])}"

    return {
        "data": [_without_data(each) for each in found[first : first + limit]],
        "next_page_url": address(first + limit) if len(found) > first + limit else None,
        "previous_page_url": address(max(0, first - limit)) if first else None,
    }


def _without_data(report: Json) -> Json:
    """The report as a list shows it."""
    return {key: value for key, value in report.items() if key != "data"}


def _moment(text: str, param: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901  # it has no zone, hence is refused below
    if moment.tzinfo is None:
        raise StripeError(400, f"Invalid timestamp: {text}", param=param)
    return moment


def _report(day: str, kind: str, name: str, found: list[Rejected]) -> Json:
    meter = meter_id(name)
    related = {"id": meter, "type": "billing.meter", "url": f"/v1/billing/meters/{meter}"}
    return {
        "id": f"evt_{day.replace('-', '')}_{name or 'no_meter'}",
        "object": "v2.core.event",
        "context": None,
        "created": _rfc3339(max(each.event.received_at for each in found)),
        "livemode": False,
        "reason": None,
        "type": kind,
        **({} if kind == NO_METER else {"related_object": related}),
        "data": {
            "developer_message_summary": f"{len(found)} invalid meter events",
            "validation_start": f"{day}T00:00:00.000Z",
            "validation_end": f"{day}T23:59:59.999Z",
            "reason": {"error_count": len(found), "error_types": _error_types(found)},
        },
    }


def _error_types(found: list[Rejected]) -> list[Json]:
    counts = Counter(each.code for each in found)
    return [
        {
            "code": code,
            "error_count": count,
            "sample_errors": [
                {"error_message": code, "request": {"identifier": each.event.event_id}}
                for each in found
                if each.code == code
            ][:_SAMPLES],
        }
        for code, count in counts.items()
    ]


def _rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
