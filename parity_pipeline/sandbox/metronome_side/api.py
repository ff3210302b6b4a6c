"""The pretend Metronome as a web application: who may ask, what is answered, what is refused.

It answers reads from what Metronome was told. A write is recorded in `app.state.refused` and refused.
"""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.catalogue_api import CatalogueApi
from parity_pipeline.sandbox.metronome_side.customer_api import CustomerApi
from parity_pipeline.sandbox.metronome_side.usage_api import UsageApi
from parity_pipeline.sandbox.metronome_side.wire import ApiError, reply
from parity_pipeline.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class _TokenCheck:
    """Lets a request through only with the right bearer token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 401 or pass the request on."""
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != self._expected:
            await reply({"message": "Unauthorized"}, status=401)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def metronome_app(world: World, *, token: str) -> Starlette:
    """The API over a world, whose books are kept when the first question needs them."""
    account = Account(world)
    app = Starlette(
        routes=_routes(account),
        middleware=[Middleware(_TokenCheck, token=token)],
        exception_handlers={ApiError: _error},
    )
    app.state.refused = []
    return app


def _routes(account: Account) -> list[Route]:
    catalogue, customers, usage = CatalogueApi(account), CustomerApi(account), UsageApi(account)
    reads: list[tuple[str, str, Handler]] = [
        ("GET", "/v1/customers", customers.customers),
        ("GET", "/v1/customers/{customer_id}", customers.customer),
        ("GET", "/v1/customers/{customer_id}/invoices", customers.invoices),
        ("GET", "/v1/customers/{customer_id}/invoices/{invoice_id}", customers.invoice),
        ("POST", "/v1/getCustomerBillingProviderConfigurations", customers.billing_configurations),
        ("POST", "/v2/contracts/list", customers.contracts),
        ("POST", "/v1/contracts/customerBalances/list", customers.balances),
        ("POST", "/v1/contracts/customerCommits/list", customers.commits),
        ("POST", "/v1/contracts/customerCredits/list", customers.credits),
        ("GET", "/v1/billable-metrics", catalogue.billable_metrics),
        ("GET", "/v1/credit-types/list", catalogue.credit_types),
        ("POST", "/v1/contract-pricing/products/list", catalogue.products),
        ("POST", "/v1/contract-pricing/rate-cards/list", catalogue.rate_cards),
        ("POST", "/v1/contract-pricing/rate-cards/getRates", catalogue.rates_at),
        ("POST", "/v1/contract-pricing/rate-cards/getRateSchedule", catalogue.rate_schedule),
        ("POST", "/v1/contracts/getContractRateSchedule", catalogue.contract_rates),
        ("POST", "/v1/usage", usage.usage),
        ("POST", "/v1/usage/groups", usage.groups),
    ]
    return [
        *(Route(path, handler, methods=[method]) for method, path, handler in reads),
        Route("/{path:path}", _anything_else, methods=_ALL_METHODS),
    ]


async def _error(_: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return reply({"message": error.message}, status=error.status)


async def _anything_else(request: Request) -> Response:
    """A write is refused; a read that the sandbox does not offer is not found."""
    last = request.url.path.rstrip("/").rpartition("/")[2]
    if request.method == "GET" or last.startswith(("list", "get", "search")):
        return reply({"message": "Not found"}, status=404)
    request.app.state.refused.append(f"{request.method} {request.url.path}")
    return reply({"message": "The sandbox can only be read"}, status=405)
