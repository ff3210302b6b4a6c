"""The endpoints about what is sold: metrics, products, rate cards, rates and credit types."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.company import CURRENCIES
from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.metronome_side.catalogue_json import (
    contract_rates,
    credit_types,
    matches_any,
    metric_json,
    products_json,
    rate_card_json,
    rate_card_rates,
)
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    body_of,
    limit_of,
    moment,
    page_of,
    reply,
    required_moment,
    required_text,
)


class CatalogueApi:
    """Answers questions about the catalogue. All cursors are in the query."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def billable_metrics(self, request: Request) -> Response:
        """GET /v1/billable-metrics; none is archived."""
        return _paged(request, [metric_json(metric) for metric in self._account.metrics.values()])

    async def credit_types(self, request: Request) -> Response:
        """GET /v1/credit-types/list."""
        return _paged(request, credit_types(CURRENCIES))

    async def products(self, request: Request) -> Response:
        """POST /v1/contract-pricing/products/list; none is archived."""
        wanted = (await body_of(request)).get("archive_filter", "NOT_ARCHIVED")
        if wanted not in ("ARCHIVED", "NOT_ARCHIVED", "ALL"):
            raise ApiError(400, "archive_filter must be ARCHIVED, NOT_ARCHIVED or ALL")
        rows = products_json(self._account.books.catalogue, self._account.opened_at)
        return _paged(request, [] if wanted == "ARCHIVED" else rows)

    async def rate_cards(self, request: Request) -> Response:
        """POST /v1/contract-pricing/rate-cards/list."""
        await body_of(request)
        return _paged(request, [rate_card_json(each, self._account.opened_at) for each in CURRENCIES])

    async def rates_at(self, request: Request) -> Response:
        """POST /v1/contract-pricing/rate-cards/getRates: the rates in force at an instant."""
        body = await body_of(request)
        at = required_moment(body, "at")
        rows = self._rate_card_rows(body)
        return _paged(request, rows if at >= self._account.opened_at else [])

    async def rate_schedule(self, request: Request) -> Response:
        """POST /v1/contract-pricing/rate-cards/getRateSchedule: the segments that reach into a range."""
        body = await body_of(request)
        required_moment(body, "starting_at")
        end = moment(body, "ending_before")
        rows = self._rate_card_rows(body)
        return _paged(request, rows if end is None or end > self._account.opened_at else [])

    async def contract_rates(self, request: Request) -> Response:
        """POST /v1/contracts/getContractRateSchedule: what a contract is entitled to at an instant."""
        body = await body_of(request)
        customer_id, contract_id = required_text(body, "customer_id"), required_text(body, "contract_id")
        found = (each for each in self._account.contracts_of(customer_id) if each.id == contract_id)
        contract = next(found, None)
        if contract is None:
            raise ApiError(404, "Contract not found")
        at = moment(body, "at") or self._account.as_of
        if not contract.covers(at):
            return _paged(request, [])
        rows = contract_rates(self._account.books.catalogue, contract, self._account.opened_at)
        return _paged(request, [row for row in rows if matches_any(row, _selectors(body))])

    def _rate_card_rows(self, body: Json) -> list[Json]:
        cards = {rate_card_id(currency): currency for currency in CURRENCIES}
        currency = cards.get(required_text(body, "rate_card_id"))
        if currency is None:
            raise ApiError(404, "Rate card not found")
        rows = rate_card_rates(self._account.books.catalogue, currency, self._account.opened_at)
        return [row for row in rows if matches_any(row, _selectors(body))]


def _selectors(body: Json) -> list[dict[str, Any]]:
    return body.get("selectors") or []


def _paged(request: Request, rows: Sequence[Json]) -> Response:
    limit = limit_of(request.query_params, most=100)
    data, cursor = page_of(rows, cursor=request.query_params.get("next_page"), limit=limit)
    return reply({"data": data, "next_page": cursor})
