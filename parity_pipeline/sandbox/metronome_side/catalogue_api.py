"""The endpoints about what is sold: metrics, products, rate cards, rates and credit types."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.facts import CURRENCIES
from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.catalogue import RATE_CARDS, RateCard
from parity_pipeline.sandbox.metronome_side.catalogue_json import (
    archived_metric_json,
    archived_product_json,
    credit_types_json,
    metric_json,
    products_json,
)
from parity_pipeline.sandbox.metronome_side.rates_json import (
    contract_rates,
    matches_any,
    rate_card_json,
    rate_card_rates,
)
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    body_of,
    flag,
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
        """GET /v1/billable-metrics; the archived one only when it is asked for."""
        return _paged(request, self._metrics(request))

    async def billable_metric(self, request: Request) -> Response:
        """GET /v1/billable-metrics/{billable_metric_id}; the archived one too."""
        wanted = request.path_params["billable_metric_id"]
        return _one([*self._live_metrics(), archived_metric_json(self._account.opened_at)], wanted)

    async def customer_metrics(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/billable-metrics: all of them, whatever the customer uses."""
        self._account.check_customer(request.path_params["customer_id"])
        return _paged(request, self._metrics(request))

    async def credit_types(self, request: Request) -> Response:
        """GET /v1/credit-types/list."""
        return _paged(request, credit_types_json(CURRENCIES))

    async def products(self, request: Request) -> Response:
        """POST /v1/contract-pricing/products/list; the archived one only when it is asked for."""
        wanted = (await body_of(request)).get("archive_filter", "NOT_ARCHIVED")
        if wanted not in ("ARCHIVED", "NOT_ARCHIVED", "ALL"):
            raise ApiError(400, "archive_filter must be ARCHIVED, NOT_ARCHIVED or ALL")
        every = self._products()
        return _paged(request, [each for each in every if wanted in ("ALL", _archive_state(each))])

    async def product(self, request: Request) -> Response:
        """POST /v1/contract-pricing/products/get."""
        return _one(self._products(), required_text(await body_of(request), "id"))

    async def rate_cards(self, request: Request) -> Response:
        """POST /v1/contract-pricing/rate-cards/list."""
        await body_of(request)
        return _paged(request, self._rate_cards())

    async def rate_card(self, request: Request) -> Response:
        """POST /v1/contract-pricing/rate-cards/get."""
        return _one(self._rate_cards(), required_text(await body_of(request), "id"))

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
        at = moment(body, "at") or self._account.now
        if not contract.covers(at):
            return _paged(request, [])
        rows = contract_rates(contract, self._account.opened_at, at)
        return _paged(request, [row for row in rows if matches_any(row, _selectors(body))])

    def _live_metrics(self) -> list[Json]:
        return [metric_json(metric) for metric in self._account.metrics.values()]

    def _metrics(self, request: Request) -> list[Json]:
        archived = flag(request.query_params, "include_archived")
        return [
            *self._live_metrics(),
            *([archived_metric_json(self._account.opened_at)] if archived else []),
        ]

    def _products(self) -> list[Json]:
        opened_at = self._account.opened_at
        return [*products_json(self._account.books.catalogue, opened_at), archived_product_json(opened_at)]

    def _rate_cards(self) -> list[Json]:
        in_dollars = self._account.readings.credit_rates_in_dollars
        return [
            rate_card_json(card, self._account.opened_at, rates_in_dollars=in_dollars)
            for card in RATE_CARDS.values()
        ]

    def _rate_card_rows(self, body: Json) -> list[Json]:
        cards: dict[str, RateCard] = {card.id: card for card in RATE_CARDS.values()}
        card = cards.get(required_text(body, "rate_card_id"))
        if card is None:
            raise ApiError(404, "Rate card not found")
        rows = rate_card_rates(self._account.books.catalogue, card, self._account.opened_at)
        return [row for row in rows if matches_any(row, _selectors(body))]


def _archive_state(row: Json) -> str:
    return "ARCHIVED" if row["archived_at"] else "NOT_ARCHIVED"


def _one(rows: Sequence[Json], wanted: str) -> Response:
    found = next((row for row in rows if row["id"] == wanted), None)
    if found is None:
        raise ApiError(404, "Not found")
    return reply({"data": found})


def _selectors(body: Json) -> list[dict[str, Any]]:
    return body.get("selectors") or []


def _paged(request: Request, rows: Sequence[Json]) -> Response:
    limit = limit_of(request.query_params, most=100)
    data, cursor = page_of(rows, cursor=request.query_params.get("next_page"), limit=limit)
    return reply({"data": data, "next_page": cursor})
