"""The pretend Stripe API: reads only, over the books. What Stripe would answer, refusals included."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.stripe_side import error_reports, summaries
from parity_pipeline.sandbox.stripe_side.admission import Admission, RateLimit
from parity_pipeline.sandbox.stripe_side.books import Books, open_books
from parity_pipeline.sandbox.stripe_side.credit_json import balance_json
from parity_pipeline.sandbox.stripe_side.errors import StripeError, lacking, missing
from parity_pipeline.sandbox.stripe_side.expansion import Expander
from parity_pipeline.sandbox.stripe_side.invoice_json import line_json, list_json
from parity_pipeline.sandbox.stripe_side.listings import LISTINGS, Listing
from parity_pipeline.sandbox.stripe_side.queries import PAGING, Query, read_query
from parity_pipeline.sandbox.stripe_side.shelf import Json, TimeRange, in_order
from parity_pipeline.sandbox.stripe_side.subscription_json import items_json
from parity_pipeline.sandbox.world import PushedInvoice, World

_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_BALANCE_PARAMS = frozenset(
    {
        "customer",
        "filter[type]",
        "filter[credit_grant]",
        "filter[applicability_scope][price_type]",
    }
)


@dataclass
class StripeApi:
    """The answers. The books are opened at the first request, so a world may be edited until then."""

    world: World
    pushed: Sequence[PushedInvoice]
    account: str | None = None

    @cached_property
    def books(self) -> Books:
        """Everything Stripe knows."""
        return open_books(self.world, self.pushed, self.account)

    @cached_property
    def expander(self) -> Expander:
        """The `expand` parameter over the books."""
        return Expander(self.books.find, self.books.sold.expand_only)

    @cached_property
    def reports(self) -> list[Json]:
        """The v2 events."""
        return error_reports.error_reports(self.books.meters)

    def listed(self, request: Request, *, listing: Listing) -> Json:
        """One page of a list."""
        created = {"created"} if listing.has_created else set()
        query = read_query(request.query_params, {*PAGING, *listing.filters, *created})
        wanted = {name: query.params[name] for name in listing.filters if name in query.params}
        listing.check(wanted)
        shelf = self.books.shelves.get(listing.shelf) or in_order(())
        data, has_more = shelf.page(
            limit=query.limit(),
            cursor=query.cursor(shelf.place, listing.kind),
            created=query.created(),
            wanted={**listing.unasked, **wanted},
            filters=listing.filters,
        )
        return self._page(listing.path, data, query, has_more=has_more)

    def retrieved(self, request: Request, *, listing: Listing) -> Json:
        """One object by its id."""
        query = read_query(request.query_params, ())
        object_id = request.path_params["id"]
        shelf = self.books.shelves.get(listing.shelf)
        found = shelf.get(object_id) if shelf else None
        if found is None:
            raise missing(listing.kind, object_id)
        return self.expander.expand(found, query.expand, in_list=False)

    def invoice_lines(self, request: Request) -> Json:
        """All lines of an invoice, a page at a time, in the invoice's order."""
        object_id = request.path_params["id"]
        invoice = self.books.shelves["invoices"].source(object_id)
        if invoice is None:
            raise missing("invoice", object_id)
        readings = self.world.readings.stripe
        lines = [line_json(line, invoice, readings) for line in invoice.lines]
        return self._in_order(request, lines, "line item", PAGING)

    def credit_note_lines(self, request: Request) -> Json:
        """All lines of a credit note."""
        object_id = request.path_params["id"]
        note = self.books.shelves["credit_notes"].get(object_id)
        if note is None:
            raise missing("credit note", object_id)
        return self._in_order(request, note["lines"]["data"], "line item", PAGING)

    def subscription_items(self, request: Request) -> Json:
        """The items of one subscription."""
        wanted = request.query_params.get("subscription")
        if wanted is None:
            raise lacking("subscription")
        subscription = self.books.shelves["subscriptions"].source(wanted)
        if subscription is None:
            raise missing("subscription", wanted, param="subscription", status=400)
        items = items_json(self.books.sold.prices, subscription)
        return self._in_order(request, items, "subscription item", {*PAGING, "subscription"})

    def balance_summary(self, request: Request) -> Json:
        """What is left of a customer's credit."""
        params = read_query(request.query_params, _BALANCE_PARAMS).params
        owner = params.get("customer", "")
        account = self.books.accounts.get(owner)
        if account is None:
            raise missing("customer", owner, param="customer", status=400)
        if params.get("filter[type]") not in ("applicability_scope", "credit_grant"):
            raise lacking("filter")
        grant_id = params.get("filter[credit_grant]")
        return balance_json(account, owner, self.world.now, grant_id=grant_id)

    def event_summaries(self, request: Request) -> Json:
        """Meter event summaries of one customer."""
        query = read_query(request.query_params, summaries.PARAMS | PAGING)
        data, has_more = summaries.summaries(self.books, request.path_params["id"], query)
        return list_json(request.url.path, data, has_more=has_more)

    def v2_events(self, request: Request) -> Json:
        """Meter error reports by pages of v2's kind."""
        return error_reports.page(self.reports, request.query_params, request.url.path)

    def v2_event(self, request: Request) -> Json:
        """One meter error report, with its data."""
        wanted = request.path_params["id"]
        for report in self.reports:
            if report["id"] == wanted:
                return report
        raise missing("event", wanted)

    def _in_order(
        self, request: Request, items: list[Json], kind: str, allowed: frozenset[str] | set[str]
    ) -> Json:
        query, shelf = read_query(request.query_params, allowed), in_order(items)
        data, has_more = shelf.page(
            limit=query.limit(),
            cursor=query.cursor(shelf.place, kind),
            created=TimeRange(),
            wanted={},
            filters={},
        )
        return self._page(request.url.path, data, query, has_more=has_more)

    def _page(self, url: str, data: list[Json], query: Query, *, has_more: bool) -> Json:
        if query.expand:
            data = [self.expander.expand(each, query.expand, in_list=True) for each in data]
        return list_json(url, data, has_more=has_more)


Answer = Callable[[Request], Json]


def stripe_app(
    world: World,
    *,
    api_key: str,
    pushed: Sequence[PushedInvoice] = (),
    account: str | None = None,
    requests_per_second: int | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The pretend API as an ASGI app; `app.state.refused` lists the writes that it refused.

    It serves the customers of one account, or of all. More requests in a second than it allows are refused.
    """
    api = StripeApi(world, pushed, account)
    limit = RateLimit(requests_per_second, clock)
    admission = Admission(api_key, ids.stripe_account(account or "default"), limit)
    numbers = count(1)

    def route(path: str, answer: Answer) -> Route:
        async def endpoint(request: Request) -> Response:
            return _respond(request, answer, admission, endpoint=path, number=next(numbers))

        handler: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, handler, methods=_ALL_METHODS)

    routes = [route(path, answer) for path, answer in _answers(api).items()]
    app = Starlette(routes=[*routes, route("/{path:path}", _unknown)])
    app.state.refused = admission.refused
    app.state.stripe = api
    return app


def _answers(api: StripeApi) -> dict[str, Answer]:
    """Every endpoint by its path."""
    answers: dict[str, Answer] = {
        "/v1/invoices/{id}/lines": api.invoice_lines,
        "/v1/credit_notes/{id}/lines": api.credit_note_lines,
        "/v1/subscription_items": api.subscription_items,
        "/v1/billing/credit_balance_summary": api.balance_summary,
        "/v1/billing/meters/{id}/event_summaries": api.event_summaries,
        "/v2/core/events": api.v2_events,
        "/v2/core/events/{id}": api.v2_event,
    }
    for listing in LISTINGS:
        answers[listing.path] = partial(api.listed, listing=listing)
        answers[f"{listing.path}/{{id}}"] = partial(api.retrieved, listing=listing)
    return answers


def _respond(
    request: Request, answer: Answer, admission: Admission, *, endpoint: str, number: int
) -> Response:
    status, headers = 200, {"Request-Id": f"req_{number:08d}"}
    try:
        admission.check(request, endpoint)
        body = answer(request)
    except StripeError as error:
        status, body = error.status, error.body
        headers |= error.headers
    if version := request.headers.get("Stripe-Version"):
        headers["Stripe-Version"] = version
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")


def _unknown(request: Request) -> Json:
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    raise StripeError(404, message)
