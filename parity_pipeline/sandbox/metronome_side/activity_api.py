"""The lesser endpoints: events by their id, the audit log, alerts, named schedules and services."""

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.ids import metronome_id
from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.catalogue_json import CREATOR, credit_type_json
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    body_of,
    cursor_after,
    limit_of,
    moment,
    offset_of,
    reply,
    required_text,
)

LOW_BALANCE = metronome_id("alert", "low-balance")
"""The id of the only alert."""


class ActivityApi:
    """Answers questions about what happened."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def audit_log(self, request: Request) -> Response:
        """GET /v1/auditLogs: who entered the rate cards. There always is a next page, if an empty one."""
        query = request.query_params
        limit, offset = limit_of(query, most=100), offset_of(query.get("next_page"))
        start, end = moment(query, "starting_on"), moment(query, "ending_before")
        at = self._account.opened_at
        is_inside = (start is None or at >= start) and (end is None or at < end)
        rows: list[Json] = [
            {
                "id": metronome_id("audit", "rate-card"),
                "timestamp": at,
                "actor": {"id": metronome_id("actor", CREATOR), "name": CREATOR},
                "request": {"id": metronome_id("request", "rate-card")},
                "resource_type": "rate_card",
                "action": "create",
                "status": "success",
                "description": "Rates were entered",
            }
        ]
        page = rows[offset : offset + limit] if is_inside else []
        following = offset + len(page)
        return reply({"data": page, "next_page": cursor_after(following, total=following + 1)})

    async def alerts(self, request: Request) -> Response:
        """POST /v1/customer-alerts/list: one alert, which nobody has set off."""
        body = await body_of(request)
        self._account.check_customer(required_text(body, "customer_id"))
        asked = [str(each).upper() for each in body.get("alert_statuses") or ("ENABLED",)]
        return reply({"data": [self._alert()] if "ENABLED" in asked else [], "next_page": None})

    async def alert(self, request: Request) -> Response:
        """POST /v1/customer-alerts/get."""
        body = await body_of(request)
        self._account.check_customer(required_text(body, "customer_id"))
        if required_text(body, "alert_id") != LOW_BALANCE:
            raise ApiError(404, "Alert not found")
        return reply({"data": self._alert()})

    async def named_schedule(self, request: Request) -> Response:
        """The named schedules of customers, contracts and rate cards: none is kept here."""
        required_text(await body_of(request), "schedule_name")
        return reply({"data": []})

    async def named_schedules(self, request: Request) -> Response:
        """POST /v1/contracts/listNamedSchedules: none is kept here."""
        self._account.check_customer(required_text(await body_of(request), "customer_id"))
        return reply({"data": [], "next_page": None})

    async def services(self, request: Request) -> Response:
        """GET /v1/services: the addresses that Metronome calls from."""
        del request
        row = {"name": "webhooks", "usage": "makes_connections_from", "ips": ["192.0.2.1"]}
        return reply({"services": [row]})

    def _alert(self) -> Json:
        return {
            "customer_status": "ok",
            "alert": {
                "id": LOW_BALANCE,
                "name": "Prepaid balance is low",
                "type": "low_remaining_commit_balance_reached",
                "status": "enabled",
                "threshold": 0,
                "updated_at": self._account.opened_at,
                "credit_type": credit_type_json(credit_type("usd")),
            },
        }
