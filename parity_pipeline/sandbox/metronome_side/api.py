"""The pretend Metronome as a web application: who may ask, what is answered, what is refused.

It answers reads from what Metronome was told. A write is recorded in `app.state.refused` and refused.
"""

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.activity_api import ActivityApi
from parity_pipeline.sandbox.metronome_side.admission import RateLimit, TokenCheck
from parity_pipeline.sandbox.metronome_side.balance_api import BalanceApi
from parity_pipeline.sandbox.metronome_side.catalogue_api import CatalogueApi
from parity_pipeline.sandbox.metronome_side.customer_api import CustomerApi
from parity_pipeline.sandbox.metronome_side.invoice_api import InvoiceApi
from parity_pipeline.sandbox.metronome_side.usage_api import UsageApi
from parity_pipeline.sandbox.metronome_side.wire import ApiError, reply
from parity_pipeline.sandbox.world import World

Handler = Callable[[Request], Awaitable[Response]]

_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def metronome_app(world: World, *, token: str, requests_per_second: int | None = None) -> Starlette:
    """The API over a world, whose books are opened when the first question needs them.

    Above `requests_per_second` it answers 429; None sets no limit.
    """
    limits = [] if requests_per_second is None else [Middleware(RateLimit, per_second=requests_per_second)]
    app = Starlette(
        routes=_routes(Account(world)),
        middleware=[Middleware(TokenCheck, token=token), *limits],
        exception_handlers={ApiError: _error},
    )
    app.state.refused = []
    return app


def _routes(account: Account) -> list[Route]:
    catalogue, customers, usage = CatalogueApi(account), CustomerApi(account), UsageApi(account)
    balances, invoices, activity = BalanceApi(account), InvoiceApi(account), ActivityApi(account)
    reads: list[tuple[str, str, Handler]] = [
        ("GET", "/v1/customers", customers.customers),
        ("GET", "/v1/customers/{customer_id}", customers.customer),
        ("GET", "/v1/customers/{customer_id}/billable-metrics", catalogue.customer_metrics),
        ("GET", "/v1/customers/{customer_id}/invoices", invoices.invoices),
        ("GET", "/v1/customers/{customer_id}/invoices/breakdowns", invoices.breakdowns),
        ("GET", "/v1/customers/{customer_id}/invoices/{invoice_id}", invoices.invoice),
        ("POST", "/v1/getCustomerBillingProviderConfigurations", customers.billing_configurations),
        ("POST", "/v1/listConfiguredBillingProviders", customers.billing_providers),
        ("POST", "/v2/contracts/list", customers.contracts),
        ("POST", "/v2/contracts/get", customers.contract),
        ("POST", "/v1/contracts/customerBalances/list", balances.balances),
        ("POST", "/v1/contracts/customerBalances/getNetBalance", balances.net_balance),
        ("POST", "/v1/contracts/customerCommits/list", balances.commits),
        ("POST", "/v1/contracts/customerCredits/list", balances.credits),
        ("GET", "/v1/billable-metrics", catalogue.billable_metrics),
        ("GET", "/v1/billable-metrics/{billable_metric_id}", catalogue.billable_metric),
        ("GET", "/v1/credit-types/list", catalogue.credit_types),
        ("POST", "/v1/contract-pricing/products/list", catalogue.products),
        ("POST", "/v1/contract-pricing/products/get", catalogue.product),
        ("POST", "/v1/contract-pricing/rate-cards/list", catalogue.rate_cards),
        ("POST", "/v1/contract-pricing/rate-cards/get", catalogue.rate_card),
        ("POST", "/v1/contract-pricing/rate-cards/getRates", catalogue.rates_at),
        ("POST", "/v1/contract-pricing/rate-cards/getRateSchedule", catalogue.rate_schedule),
        ("POST", "/v1/contracts/getContractRateSchedule", catalogue.contract_rates),
        ("POST", "/v1/customers/getNamedSchedule", activity.named_schedule),
        ("POST", "/v1/contracts/getNamedSchedule", activity.named_schedule),
        ("POST", "/v1/contract-pricing/rate-cards/getNamedSchedule", activity.named_schedule),
        ("POST", "/v1/contracts/listNamedSchedules", activity.named_schedules),
        ("POST", "/v1/customer-alerts/list", activity.alerts),
        ("POST", "/v1/customer-alerts/get", activity.alert),
        ("GET", "/v1/auditLogs", activity.audit_log),
        ("GET", "/v1/services", activity.services),
        ("POST", "/v1/events/search", usage.search),
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
