"""The endpoints about customers: who they are, how they are linked, and their contracts."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.facts import Customer
from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.balance_api import balance_row
from parity_pipeline.sandbox.metronome_side.contract_json import contract_json
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.customer_json import (
    ARCHIVED_CUSTOMER,
    aliases_of,
    archived_customer_json,
    billing_configuration_json,
    customer_json,
    delivery_json,
    twin_json,
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
    required_text,
)


class CustomerApi:
    """Answers questions about customers."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def customers(self, request: Request) -> Response:
        """GET /v1/customers: the active ones, or only the archived one."""
        query = request.query_params
        limit = limit_of(query, most=100)
        if flag(query, "only_archived"):
            archived = [archived_customer_json(self._account.opened_at)]
            rows, cursor = page_of(archived, cursor=query.get("next_page"), limit=limit)
            return reply({"data": rows, "next_page": cursor})
        places, found = self._account.places, self._account.ids
        if query.getlist("customer_ids"):
            asked = {each for text in query.getlist("customer_ids") for each in text.split(",")}
            found = sorted((each for each in asked if each in places), key=places.__getitem__)
        if "ingest_alias" in query:
            owner = self._owners.get(query["ingest_alias"])
            found = [each for each in found if each == owner]
        page, cursor = page_of(found, cursor=query.get("next_page"), limit=limit)
        return reply({"data": [self._row(each) for each in page], "next_page": cursor})

    async def customer(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}; the archived one too."""
        customer_id = request.path_params["customer_id"]
        self._account.check_customer(customer_id)
        return reply({"data": self._row(customer_id)})

    async def billing_configurations(self, request: Request) -> Response:
        """POST /v1/getCustomerBillingProviderConfigurations; not paged."""
        customer = self._customer(await body_of(request))
        is_shown = customer is not None and customer.link == "billing_provider" and self._is_linked(customer)
        return reply({"data": [billing_configuration_json(customer)] if customer and is_shown else []})

    async def billing_providers(self, request: Request) -> Response:
        """POST /v1/listConfiguredBillingProviders: one for each Stripe account."""
        await body_of(request)
        rows = [delivery_json(account) for account in self._account.stripe_accounts]
        return reply({"data": rows, "next_page": None})

    async def contracts(self, request: Request) -> Response:
        """POST /v2/contracts/list; the cursor is in the body, by the name `cursor`."""
        body = await body_of(request)
        self._customer(body)
        covering, starting = moment(body, "covering_date"), moment(body, "starting_at")
        if covering is not None and starting is not None:
            raise ApiError(400, "covering_date and starting_at cannot both be given")
        found = [
            contract
            for contract in self._account.contracts_of(body["customer_id"])
            if (covering is None or contract.covers(covering))
            and (starting is None or contract.starts_at >= starting)
        ]
        page, cursor = page_of(found, cursor=body.get("cursor"), limit=limit_of(body, most=20))
        return reply({"data": [self._contract_row(each, body) for each in page], "cursor": cursor})

    async def contract(self, request: Request) -> Response:
        """POST /v2/contracts/get."""
        body = await body_of(request)
        self._customer(body)
        wanted = required_text(body, "contract_id")
        for contract in self._account.contracts_of(body["customer_id"]):
            if contract.id == wanted:
                return reply({"data": self._contract_row(contract, body)})
        raise ApiError(404, "Contract not found")

    def _contract_row(self, contract: Contract, body: Mapping[str, Any]) -> Json:
        commits = [
            balance_row(self._account, balance, body)
            for balance in self._account.balances_of(contract.customer_id)
            if balance.contract_id == contract.id
        ]
        return contract_json(contract, commits, self._account.now)

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {
            alias: customer_id
            for customer_id, customer in self._account.customers.items()
            for alias in aliases_of(customer, is_linked=self._is_linked(customer))
        }

    def _row(self, customer_id: str) -> Json:
        if customer_id == ARCHIVED_CUSTOMER:
            return archived_customer_json(self._account.opened_at)
        if customer_id in self._account.twins:
            return twin_json(self._account.twins[customer_id])
        customer = self._account.customers[customer_id]
        return customer_json(customer, is_linked=self._is_linked(customer))

    def _is_linked(self, customer: Customer) -> bool:
        return customer.key not in self._account.quirks.unlinked_customers

    def _customer(self, body: Mapping[str, Any]) -> Customer | None:
        """The customer that a body names; None for one that has nothing of its own."""
        customer_id = required_text(body, "customer_id")
        self._account.check_customer(customer_id)
        return self._account.customers.get(customer_id)
