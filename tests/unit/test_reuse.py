"""What of an earlier landing a reader relies on: final invoices' lines, rates of unchanged contracts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, ScriptedVendor, read_metronome, read_stripe

from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sources.answered import Answered
from parity_pipeline.sources.metronome import MetronomeLists
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_rates import MetronomeRates
from parity_pipeline.sources.resources import Resource
from parity_pipeline.sources.sink import Lander
from parity_pipeline.sources.stripe import StripeLists
from parity_pipeline.sources.stripe_api import StripeApi

FINAL = datetime(2026, 5, 3, 12, tzinfo=UTC)


@dataclass
class Before:
    """The landing of the pull before, still open for reading."""

    writer: LandingWriter
    window: Window = field(default=WINDOW)
    doubtful: frozenset[str] = frozenset()

    def lines(self, resource: Resource, account: str) -> Iterator[bytes]:
        """What it landed."""
        return self.writer.lines(resource, account)

    def answers(self, resource: Resource, account: str) -> Iterator[Answered]:
        """It remembers no questions."""
        return iter(())


def _twice(folder: Path, pull: Callable[[Lander], None]) -> list[LandingWriter]:
    first = LandingWriter(folder / "one", "one", WINDOW)
    pull(Lander(first, "default"))
    second = LandingWriter(folder / "two", "two", WINDOW)
    pull(Lander(second, "default", earlier=Before(first)))
    return [first, second]


@pytest.mark.parametrize(("before", "asked_again"), [("open", 0), ("draft", 1)])
def test_lines_of_final_invoices_are_not_asked_twice(before: str, asked_again: int, tmp_path: Path) -> None:
    """An invoice with more than ten lines that was final then is not asked for its lines; a draft is."""
    asked: list[str] = []

    def pull(lander: Lander) -> None:
        is_second = lander.earlier is not None

        def answer(request: Asked) -> Any:
            if request.path == "/v1/invoices":
                return {"data": [_invoice("open" if is_second else before)], "has_more": False}
            asked.append(f"{is_second} {request.path}")
            return {"data": [_line()], "has_more": False}

        lists: list[StripeLists] = []

        async def work(api: StripeApi) -> None:
            lists.append(StripeLists(api, lander, WINDOW))
            await lists[0].invoices()

        read_stripe(ScriptedVendor(answer), work)
        (fact,) = lists[0].facts.lines
        assert (fact.customer, fact.price, fact.start) == ("cus_1", "price_1", 10)

    _twice(tmp_path, pull)
    assert asked == ["False /v1/invoices/in_1/lines"] + ["True /v1/invoices/in_1/lines"] * asked_again
    lines = [path.read_bytes() for path in sorted(tmp_path.glob("*/default/stripe/invoice_lines.jsonl.gz"))]
    assert lines[0] == lines[1]


@pytest.mark.parametrize(
    ("contract", "price", "asked_again"),
    [
        ({}, 5, 0),
        ({"ending_before": "2026-04-20T00:00:00Z"}, 5, 1),
        ({"overrides": [{"id": "o1", "starting_at": "2026-03-01T00:00:00Z"}]}, 5, 1),
        ({}, 6, 1),
    ],
    ids=["unchanged", "edited backwards", "override added", "other rate on the card"],
)
def test_rates_of_unchanged_contracts_are_not_asked_twice(
    contract: dict[str, Any],
    price: int,
    asked_again: int,
    tmp_path: Path,
) -> None:
    """A contract without overrides that is as it was, on a card that is too, keeps its rates."""
    asked: list[bool] = []

    def pull(lander: Lander) -> None:
        is_second = lander.earlier is not None

        def answer(request: Asked) -> Any:
            if request.path == "/v2/contracts/list":
                return {"data": [_contract(contract if is_second else {})]}
            if request.path.endswith("getRateSchedule"):
                return {"data": [_rate(price if is_second else 5)], "next_page": None}
            asked.append(is_second)
            return {"data": [_rate(price if is_second else 5)], "next_page": None}

        async def work(api: MetronomeApi) -> None:
            lists = MetronomeLists(api, lander, WINDOW)
            lists.facts.customers.add("c1")
            await lists.contracts()
            await MetronomeRates(api, lander, WINDOW).read(lists.facts)

        read_metronome(ScriptedVendor(answer), work)

    _twice(tmp_path, pull)
    assert asked == [False] + [True] * asked_again


def _invoice(status: str) -> dict[str, Any]:
    return {
        "id": "in_1",
        "status": status,
        "currency": "usd",
        "customer": "cus_1",
        "created": 1,
        "period_start": 1,
        "period_end": 2,
        "total": 3,
        "lines": {"data": [], "has_more": True},
    }


def _line() -> dict[str, Any]:
    return {
        "id": "il_1",
        "currency": "usd",
        "amount": 3,
        "period": {"start": 10, "end": 20},
        "pricing": {"price_details": {"price": "price_1"}},
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {"subscription_item": "si_1"},
        },
        "metadata": {"client_id": "x"},
    }


def _contract(changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "k1",
        "customer_id": "c1",
        "starting_at": "2026-03-01T00:00:00Z",
        "rate_card_id": "r1",
        **changes,
    }


def _rate(price: int) -> dict[str, Any]:
    return {
        "product_id": "p1",
        "entitled": True,
        "starting_at": "2026-01-01T00:00:00Z",
        "rate": {"rate_type": "FLAT", "price": price},
        "list_rate": {"rate_type": "FLAT", "price": price},
    }
