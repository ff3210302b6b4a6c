"""The endpoints about customers: links, contracts, balances and invoices."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.company import Customer
from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.billing import Invoice
from parity_pipeline.sandbox.metronome_side.contract_json import contract_json
from parity_pipeline.sandbox.metronome_side.contracts import Contract
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.customer_json import (
    archived_customer_json,
    balance_json,
    billing_configuration_json,
    customer_json,
)
from parity_pipeline.sandbox.metronome_side.invoice_json import invoice_json
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    body_of,
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
        if query.get("only_archived", "false").lower() == "true":
            rows, cursor = page_of(
                [archived_customer_json(self._account.opened_at)], cursor=query.get("next_page"), limit=limit
            )
            return reply({"data": rows, "next_page": cursor})
        wanted = {each for text in query.getlist("customer_ids") for each in text.split(",")}
        alias = query.get("ingest_alias")
        found = [
            customer
            for customer_id, customer in self._account.customers.items()
            if (not wanted or customer_id in wanted)
            and (alias is None or alias in self._customer_json(customer)["ingest_aliases"])
        ]
        page, cursor = page_of(found, cursor=query.get("next_page"), limit=limit)
        return reply({"data": [self._customer_json(each) for each in page], "next_page": cursor})

    async def customer(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}."""
        return reply({"data": self._customer_json(self._customer(request.path_params["customer_id"]))})

    async def billing_configurations(self, request: Request) -> Response:
        """POST /v1/getCustomerBillingProviderConfigurations; not paged."""
        customer = self._customer(required_text(await body_of(request), "customer_id"))
        is_shown = customer.link == "billing_provider" and self._is_linked(customer)
        return reply({"data": [billing_configuration_json(customer)] if is_shown else []})

    async def contracts(self, request: Request) -> Response:
        """POST /v2/contracts/list; the cursor is in the body, by the name `cursor`."""
        body = await body_of(request)
        customer_id = self._known(body)
        covering, starting = moment(body, "covering_date"), moment(body, "starting_at")
        if covering is not None and starting is not None:
            raise ApiError(400, "covering_date and starting_at cannot both be given")
        found = [
            contract
            for contract in self._account.contracts_of(customer_id)
            if (covering is None or contract.covers(covering))
            and (starting is None or contract.starts_at >= starting)
        ]
        page, cursor = page_of(found, cursor=body.get("cursor"), limit=limit_of(body, most=20))
        return reply({"data": [self._contract_json(each, body) for each in page], "cursor": cursor})

    async def balances(self, request: Request) -> Response:
        """POST /v1/contracts/customerBalances/list."""
        return await self._balances(request, "id", "include_contract_balances", ("PREPAID", "CREDIT"))

    async def commits(self, request: Request) -> Response:
        """POST /v1/contracts/customerCommits/list."""
        return await self._balances(request, "commit_id", "include_contract_commits", ("PREPAID",))

    async def credits(self, request: Request) -> Response:
        """POST /v1/contracts/customerCredits/list."""
        return await self._balances(request, "credit_id", "include_contract_credits", ("CREDIT",))

    async def invoices(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/invoices; voided ones too."""
        customer_id = request.path_params["customer_id"]
        self._customer(customer_id)
        query = request.query_params
        order = query.get("sort", "date_asc")
        if order not in ("date_asc", "date_desc"):
            raise ApiError(400, "sort must be date_asc or date_desc")
        is_wanted = _invoice_filter(query)
        found = [each for each in self._account.invoices_of(customer_id) if is_wanted(each)]
        if order == "date_desc":
            found.reverse()
        page, cursor = page_of(found, cursor=query.get("next_page"), limit=limit_of(query, most=100))
        skip = query.get("skip_zero_qty_line_items", "false").lower() == "true"
        return reply(
            {"data": [invoice_json(each, skip_zero_lines=skip) for each in page], "next_page": cursor}
        )

    async def invoice(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/invoices/{invoice_id}."""
        wanted = request.path_params["invoice_id"]
        for each in self._account.invoices_of(request.path_params["customer_id"]):
            if each.id == wanted:
                skip = request.query_params.get("skip_zero_qty_line_items", "false").lower() == "true"
                return reply({"data": invoice_json(each, skip_zero_lines=skip)})
        raise ApiError(404, "Invoice not found")

    async def _balances(
        self, request: Request, id_name: str, contract_flag: str, kinds: tuple[str, ...]
    ) -> Response:
        """A list of commits and credits; the cursor is in the body, by the name `next_page`."""
        body = await body_of(request)
        customer_id = self._known(body)
        is_wanted = _balance_filter(body, self._account.as_of)
        found = [
            balance
            for balance in self._account.balances_of(customer_id)
            if balance.kind in kinds
            and body.get(id_name) in (None, balance.id)
            and (balance.contract_id is None or body.get(contract_flag))
            and is_wanted(balance)
        ]
        page, cursor = page_of(found, cursor=body.get("next_page"), limit=limit_of(body, most=25))
        return reply({"data": [self._balance_json(each, body) for each in page], "next_page": cursor})

    def _contract_json(self, contract: Contract, body: Mapping[str, Any]) -> Json:
        commits = [
            self._balance_json(balance, body)
            for balance in self._account.balances_of(contract.customer_id)
            if balance.contract_id == contract.id
        ]
        return contract_json(contract, self._account.books.catalogue, commits)

    def _balance_json(self, balance: Balance, body: Mapping[str, Any]) -> Json:
        return balance_json(
            balance,
            as_of=self._account.as_of,
            include_balance=bool(body.get("include_balance")),
            include_ledgers=bool(body.get("include_ledgers")),
        )

    def _customer_json(self, customer: Customer) -> Json:
        return customer_json(customer, is_linked=self._is_linked(customer))

    def _is_linked(self, customer: Customer) -> bool:
        return customer.key not in self._account.quirks.unlinked_customers

    def _customer(self, customer_id: str) -> Customer:
        customer = self._account.customers.get(customer_id)
        if customer is None:
            raise ApiError(404, f"Customer {customer_id} not found")
        return customer

    def _known(self, body: Mapping[str, Any]) -> str:
        customer_id = required_text(body, "customer_id")
        self._customer(customer_id)
        return customer_id


def _invoice_filter(query: Mapping[str, str]) -> Callable[[Invoice], bool]:
    """Bounds are those of the period; an invoice without one is placed by its issue date."""
    starting, ending = moment(query, "starting_on"), moment(query, "ending_before")
    status, kind, contract_id = query.get("status"), query.get("type"), query.get("contract_id")

    def is_wanted(invoice: Invoice) -> bool:
        starts = invoice.period.start if invoice.period else invoice.issued_at
        ends = invoice.period.end if invoice.period else invoice.issued_at
        return (
            (starting is None or starts >= starting)
            and (ending is None or ends < ending)
            and status in (None, invoice.status)
            and kind in (None, invoice.type)
            and contract_id in (None, invoice.contract.id)
        )

    return is_wanted


def _balance_filter(body: Mapping[str, Any], as_of: datetime) -> Callable[[Balance], bool]:
    covering, starting = moment(body, "covering_date"), moment(body, "starting_at")
    before = moment(body, "effective_before")

    def is_wanted(balance: Balance) -> bool:
        return (
            (covering is None or balance.is_accessible(covering))
            and (starting is None or balance.ends_at > starting)
            and (before is None or balance.starts_at < before)
            and not (body.get("exclude_zero_balances") and balance.at(as_of) == 0)
            and body.get("access_type") in (None, "SPEND")
        )

    return is_wanted
