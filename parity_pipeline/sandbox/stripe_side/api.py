"""The pretend Stripe API: reads only, over the books. What Stripe would answer, refusals included."""

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import count
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parity_pipeline.sandbox.stripe_side import error_reports, summaries
from parity_pipeline.sandbox.stripe_side.books import Books, open_books
from parity_pipeline.sandbox.stripe_side.customer_json import balance_json
from parity_pipeline.sandbox.stripe_side.errors import StripeError, missing
from parity_pipeline.sandbox.stripe_side.expansion import Expander
from parity_pipeline.sandbox.stripe_side.invoice_json import list_json
from parity_pipeline.sandbox.stripe_side.listings import LISTINGS, WITH_CUSTOMER, Listing
from parity_pipeline.sandbox.stripe_side.queries import PAGING, Query, read_query
from parity_pipeline.sandbox.stripe_side.shelf import Shelf, TimeRange
from parity_pipeline.sandbox.world import PushedInvoice, World

Json = dict[str, Any]
_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_BALANCE_PARAMS = frozenset(
    {
        "customer",
        "filter[type]",
        "filter[credit_grant]",
        "filter[applicability_scope][price_type]",
    }
)
_V2_PARAMS = frozenset({"limit", "page", "object_id", "types[0]", "types[]"})


@dataclass
class StripeApi:
    """The answers. The books are opened at the first request, so a world may be edited until then."""

    world: World
    pushed: Sequence[PushedInvoice]
    refused: list[tuple[str, str]] = field(default_factory=list)

    @cached_property
    def books(self) -> Books:
        """Everything Stripe knows."""
        return open_books(self.world, self.pushed)

    @cached_property
    def expander(self) -> Expander:
        """The `expand` parameter over the books."""
        return Expander(self.books.objects, self.books.expand_only)

    @cached_property
    def reports(self) -> list[Json]:
        """The v2 events."""
        return error_reports.error_reports(self.books.meters)

    def listed(self, request: Request, *, listing: Listing) -> Json:
        """One page of a list."""
        allowed = {*PAGING, *listing.filters}
        allowed |= {"created"} if listing.has_created else set()
        allowed |= {"customer"} if listing.shelf in WITH_CUSTOMER else set()
        query = read_query(request.query_params, allowed)
        shelf = self.books.shelves.get(listing.shelf) or Shelf(())
        if "customer" in query.params:
            shelf = shelf.by_customer.get(query.params["customer"]) or Shelf(())
        chosen = {name: query.params[name] for name in listing.filters if name in query.params}
        filters = listing.filters

        def wanted(item: Json) -> bool:
            if listing.shelf == "subscriptions" and "status" not in chosen and item["status"] == "canceled":
                return False
            return all(filters[name](item, value) for name, value in chosen.items())

        data, has_more = shelf.page(
            limit=query.limit(),
            cursor=query.cursor(shelf.place, listing.kind),
            created=query.created(),
            wanted=wanted,
        )
        return self._page(listing.path, data, query, has_more=has_more)

    def retrieved(self, request: Request, *, listing: Listing) -> Json:
        """One object by its id."""
        query = read_query(request.query_params, ())
        object_id = request.path_params["id"]
        shelf = self.books.shelves.get(listing.shelf)
        if shelf is None or object_id not in shelf.place:
            raise missing(listing.kind, object_id)
        return self.expander.expand(self.books.objects[object_id], query.expand, in_list=False)

    def invoice_lines(self, request: Request) -> Json:
        """All lines of an invoice, a page at a time, in the invoice's order."""
        invoice = request.path_params["id"]
        if invoice not in self.books.lines:
            raise missing("invoice", invoice)
        return self._in_order(request, Shelf(self.books.lines[invoice]), "line item", PAGING)

    def subscription_items(self, request: Request) -> Json:
        """The items of one subscription."""
        found = self.books.objects.get(request.query_params.get("subscription", ""))
        if found is None or found["object"] != "subscription":
            raise StripeError(400, "Missing required param: subscription.", param="subscription")
        shelf = Shelf(found["items"]["data"])
        return self._in_order(request, shelf, "subscription item", {*PAGING, "subscription"})

    def balance_transactions(self, request: Request) -> Json:
        """The credit balance transactions of one customer."""
        query = read_query(request.query_params, {*PAGING, "customer", "credit_grant"})
        customer, grant = query.params.get("customer"), query.params.get("credit_grant")
        if customer is None:
            raise StripeError(400, "Missing required param: customer.", param="customer")
        shelf = self.books.movements.get(customer) or Shelf(())
        data, has_more = shelf.page(
            limit=query.limit(),
            cursor=query.cursor(shelf.place, "credit balance transaction"),
            created=TimeRange(),
            wanted=lambda item: grant in (None, item["credit_grant"]),
        )
        return self._page("/v1/billing/credit_balance_transactions", data, query, has_more=has_more)

    def balance_summary(self, request: Request) -> Json:
        """What is left of a customer's credit."""
        params = read_query(request.query_params, _BALANCE_PARAMS).params
        owner = params.get("customer", "")
        if owner not in self.books.accounts:
            raise missing("customer", owner, param="customer", status=400)
        if params.get("filter[type]") not in ("applicability_scope", "credit_grant"):
            raise StripeError(
                400, "Missing required param: filter.", code="parameter_missing", param="filter"
            )
        return balance_json(
            self.books.accounts[owner],
            self.books.customers[owner],
            self.world.company.as_of,
            grant_id=params.get("filter[credit_grant]"),
        )

    def event_summaries(self, request: Request) -> Json:
        """Meter event summaries of one customer."""
        query = read_query(request.query_params, summaries.PARAMS | PAGING)
        data, has_more = summaries.summaries(self.books, request.path_params["id"], query)
        return list_json(request.url.path, data, has_more=has_more)

    def v2_events(self, request: Request) -> Json:
        """Meter error reports by pages of v2's kind."""
        query = read_query(request.query_params, _V2_PARAMS)
        first = query.whole_number("page") or 0
        after = first + query.limit()
        found = [error_reports.without_data(each) for each in self.reports[first:after]]
        more = len(self.reports) > after
        address = f"{request.url.path}?limit={query.limit()}&page="
        return {
            "data": found,
            "next_page_url": f"{address}{after}" if more else None,
            "previous_page_url": f"{address}{max(0, first - query.limit())}" if first else None,
        }

    def v2_event(self, request: Request) -> Json:
        """One meter error report, with its data."""
        wanted = request.path_params["id"]
        for report in self.reports:
            if report["id"] == wanted:
                return report
        raise missing("event", wanted)

    def _in_order(
        self, request: Request, shelf: Shelf, kind: str, allowed: frozenset[str] | set[str]
    ) -> Json:
        query = read_query(request.query_params, allowed)
        data, has_more = shelf.page(
            limit=query.limit(),
            cursor=query.cursor(shelf.place, kind),
            created=TimeRange(),
            wanted=lambda _: True,
        )
        return self._page(request.url.path, data, query, has_more=has_more)

    def _page(self, url: str, data: list[Json], query: Query, *, has_more: bool) -> Json:
        if query.expand:
            data = [self.expander.expand(each, query.expand, in_list=True) for each in data]
        return list_json(url, data, has_more=has_more)


Answer = Callable[[Request], Json]


def stripe_app(world: World, *, api_key: str, pushed: Sequence[PushedInvoice] = ()) -> Starlette:
    """The pretend API as an ASGI app; `app.state.refused` lists the writes that it refused."""
    api = StripeApi(world, pushed)
    numbers = count(1)

    def route(path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            return _respond(request, answer, api=api, api_key=api_key, number=next(numbers))

        handler: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, handler, methods=_ALL_METHODS)

    plain: dict[str, Answer] = {
        "/v1/invoices/{id}/lines": api.invoice_lines,
        "/v1/subscription_items": api.subscription_items,
        "/v1/billing/credit_balance_transactions": api.balance_transactions,
        "/v1/billing/credit_balance_summary": api.balance_summary,
        "/v1/billing/meters/{id}/event_summaries": api.event_summaries,
        "/v2/core/events": api.v2_events,
        "/v2/core/events/{id}": api.v2_event,
    }
    routes = [route(path, answer) for path, answer in plain.items()]
    for listing in LISTINGS:
        routes.append(route(listing.path, partial(api.listed, listing=listing)))
        routes.append(route(f"{listing.path}/{{id}}", partial(api.retrieved, listing=listing)))
    routes.append(route("/{path:path}", _unknown))
    app = Starlette(routes=routes)
    app.state.refused = api.refused
    app.state.stripe = api
    return app


def _respond(request: Request, answer: Answer, *, api: StripeApi, api_key: str, number: int) -> Response:
    status = 200
    try:
        _check(request, api, api_key)
        body = answer(request)
    except StripeError as error:
        status, body = error.status, error.body
    headers = {"Request-Id": f"req_{number:08d}"}
    if version := request.headers.get("Stripe-Version"):
        headers["Stripe-Version"] = version
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def _check(request: Request, api: StripeApi, api_key: str) -> None:
    if request.method not in ("GET", "HEAD"):
        api.refused.append((request.method, request.url.path))
        raise StripeError(405, f"This sandbox is read only: {request.method} is refused.")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        given = base64.b64decode(given).decode(errors="replace").partition(":")[0]
    if not given:
        raise StripeError(401, "You did not provide an API key.")
    if given != api_key:
        raise StripeError(401, f"Invalid API Key provided: {given[:8]}****")


def _unknown(request: Request) -> Json:
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    raise StripeError(404, message)
