"""The endpoints about invoices."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from parity_pipeline.sandbox.metronome_side.account import Account
from parity_pipeline.sandbox.metronome_side.breakdowns import broken_down, windows_between
from parity_pipeline.sandbox.metronome_side.invoice_json import invoice_json
from parity_pipeline.sandbox.metronome_side.invoices import Invoice
from parity_pipeline.sandbox.metronome_side.wire import (
    ApiError,
    Json,
    flag,
    limit_of,
    moment,
    page_of,
    reply,
    required_moment,
)

_STEPS = {"DAY": (timedelta(days=1), 35), "HOUR": (timedelta(hours=1), 24)}
"""The windows of a breakdown, and how many of them a page has."""


class InvoiceApi:
    """Answers questions about the invoices of one customer."""

    def __init__(self, account: Account) -> None:
        """`account` is asked only when a request comes in."""
        self._account = account

    async def invoices(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/invoices; voided ones too."""
        query = request.query_params
        order = query.get("sort", self._account.readings.default_order)
        if order not in ("date_asc", "date_desc"):
            raise ApiError(400, "sort must be date_asc or date_desc")
        is_wanted = self._filter(query)
        found = [each for each in self._of(request) if is_wanted(each)]
        if order == "date_desc":
            found.reverse()
        page, cursor = page_of(found, cursor=query.get("next_page"), limit=limit_of(query, most=100))
        return reply({"data": [self._row(each, query) for each in page], "next_page": cursor})

    async def invoice(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/invoices/{invoice_id}."""
        wanted = request.path_params["invoice_id"]
        for each in self._of(request):
            if each.id == wanted:
                return reply({"data": self._row(each, request.query_params)})
        raise ApiError(404, "Invoice not found")

    async def breakdowns(self, request: Request) -> Response:
        """GET /v1/customers/{customer_id}/invoices/breakdowns: a page is 35 days, or 24 hours by the hour."""
        query = request.query_params
        self._of(request)
        start, end = required_moment(query, "starting_on"), required_moment(query, "ending_before")
        step, most = _STEPS.get(query.get("window_size", "DAY").upper(), (None, 0))
        status = query.get("status")
        if step is None or status not in (None, "DRAFT", "FINALIZED"):
            raise ApiError(400, "window_size must be HOUR or DAY, status DRAFT or FINALIZED")
        windows = windows_between(start, end, step)
        page, cursor = page_of(windows, cursor=query.get("next_page"), limit=most)
        cuts = frozenset(bound for window in page for bound in (window.start, window.end))
        rows = [
            self._row(each.invoice, query)
            | {"breakdown_start_timestamp": each.window.start, "breakdown_end_timestamp": each.window.end}
            for invoice in self._account.broken_down(request.path_params["customer_id"], cuts)
            if status in (None, invoice.status)
            for each in broken_down(invoice, list(page))
        ]
        rows.sort(key=lambda row: (row["breakdown_start_timestamp"], row["id"]))
        return reply({"data": rows, "next_page": cursor})

    def _of(self, request: Request) -> tuple[Invoice, ...]:
        customer_id = request.path_params["customer_id"]
        self._account.check_customer(customer_id)
        return self._account.invoices_of(customer_id)

    def _row(self, invoice: Invoice, query: Mapping[str, str]) -> Json:
        return invoice_json(
            invoice,
            skip_zero_lines=flag(query, "skip_zero_qty_line_items"),
            line_types=self._account.readings.line_types,
        )

    def _filter(self, query: Mapping[str, str]) -> Callable[[Invoice], bool]:
        """Bounds are those of the period; an invoice without one passes them always, or never."""
        starting, ending = moment(query, "starting_on"), moment(query, "ending_before")
        has_bounds = starting is not None or ending is not None
        passes_without = self._account.readings.scheduled_pass_period_filter or not has_bounds
        status, kind, contract_id = query.get("status"), query.get("type"), query.get("contract_id")

        def is_wanted(invoice: Invoice) -> bool:
            period = invoice.period
            is_inside = (
                passes_without
                if period is None
                else (
                    (starting is None or period.start >= starting) and (ending is None or period.end < ending)
                )
            )
            return (
                is_inside
                and status in (None, invoice.status)
                and kind in (None, invoice.type)
                and contract_id in (None, invoice.contract.id)
            )

        return is_wanted
