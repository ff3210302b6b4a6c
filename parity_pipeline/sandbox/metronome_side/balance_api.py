"""The endpoints about commits and credits. Their cursors are in the body, by the name `next_page`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.balance_json import balance_json, held_at, ledger_json
from parity_pipeline.sandbox.metronome_side.credits import Balance
from parity_pipeline.sandbox.metronome_side.units import credit_type
from parity_pipeline.sandbox.metronome_side.wire import (
    Json,
    body_of,
    limit_of,
    moment,
    page_of,
    plain,
    reply,
    required_text,
)

_COMMITS = ("PREPAID", "POSTPAID")
_FILTER_NAMES = {"PREPAID": "PREPAID_COMMIT", "POSTPAID": "POSTPAID_COMMIT", "CREDIT": "CREDIT"}


class BalanceApi:
    """Answers questions about commits and credits."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def balances(self, request: Request) -> Response:
        """POST /v1/contracts/customerBalances/list."""
        return await self._list(request, "id", "include_contract_balances", (*_COMMITS, "CREDIT"))

    async def commits(self, request: Request) -> Response:
        """POST /v1/contracts/customerCommits/list."""
        return await self._list(request, "commit_id", "include_contract_commits", _COMMITS)

    async def credits(self, request: Request) -> Response:
        """POST /v1/contracts/customerCredits/list."""
        return await self._list(request, "credit_id", "include_contract_credits", ("CREDIT",))

    async def net_balance(self, request: Request) -> Response:
        """POST /v1/contracts/customerBalances/getNetBalance: of one credit type, dollars by default."""
        body = await body_of(request)
        wanted = body.get("credit_type_id") or credit_type("usd").id
        with_drafts = body.get("invoice_inclusion_mode", "FINALIZED_AND_DRAFT") != "FINALIZED"
        found = self._found(body)
        invoices = self._account.invoices_of(body["customer_id"])
        drafts = {each.id for each in invoices if each.status == "DRAFT"}
        total = Decimal(0)
        for balance in found:
            is_wanted = credit_type(balance.currency).id == wanted and _passes(balance, body.get("filters"))
            if is_wanted and balance.is_accessible(self._account.now):
                drawn = (entry.amount for entry in balance.ledger if entry.invoice_id in drafts)
                total += balance.remaining - (0 if with_drafts else sum(drawn))
        return reply({"data": {"balance": plain(total), "credit_type_id": wanted}})

    def _found(self, body: Mapping[str, Any]) -> tuple[Balance, ...]:
        customer_id = required_text(body, "customer_id")
        self._account.check_customer(customer_id)
        return self._account.balances_of(customer_id)

    async def _list(
        self, request: Request, id_name: str, contract_flag: str, kinds: tuple[str, ...]
    ) -> Response:
        body = await body_of(request)
        is_wanted = _balance_filter(body, self._account.now)
        found = [
            balance
            for balance in self._found(body)
            if balance.kind in kinds
            and body.get(id_name) in (None, balance.id)
            and (balance.contract_id is None or body.get(contract_flag))
            and is_wanted(balance)
        ]
        page, cursor = page_of(found, cursor=body.get("next_page"), limit=limit_of(body, most=25))
        return reply({"data": [balance_row(self._account, each, body) for each in page], "next_page": cursor})


def balance_row(account: Account, balance: Balance, body: Mapping[str, Any]) -> Json:
    """A commit or credit, with its balance and ledger when they are asked for."""
    shown = balance_json(balance)
    if body.get("include_balance"):
        shown |= held_at(balance, account.now)
    if body.get("include_ledgers"):
        shown["ledger"] = ledger_json(balance, positive_deductions=account.readings.deductions == "positive")
    return shown


def _passes(balance: Balance, filters: list[Mapping[str, Any]] | None) -> bool:
    """Whether one of the filters of a net balance lets a commit or credit through."""
    return not filters or any(
        _FILTER_NAMES[balance.kind] in (each.get("balance_types") or _FILTER_NAMES.values())
        and balance.id in (each.get("ids") or (balance.id,))
        and not each.get("custom_fields")
        for each in filters
    )


def _balance_filter(body: Mapping[str, Any], now: datetime) -> Callable[[Balance], bool]:
    covering, starting = moment(body, "covering_date"), moment(body, "starting_at")
    before = moment(body, "effective_before")

    def is_wanted(balance: Balance) -> bool:
        return (
            (covering is None or balance.is_accessible(covering))
            and (starting is None or balance.ends_at > starting)
            and (before is None or balance.starts_at < before)
            and not (body.get("exclude_zero_balances") and balance.at(now) == 0)
            and body.get("access_type") in (None, "SPEND")
        )

    return is_wanted
