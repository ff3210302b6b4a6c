"""At which instants a contract's rates are asked for."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from scripted_vendors import WINDOW, Asked, MemorySink, ScriptedVendor, lander, read_metronome

from parity_pipeline.errors import ExtractionError
from parity_pipeline.sources.metronome import MetronomeFacts
from parity_pipeline.sources.metronome_api import MetronomeApi
from parity_pipeline.sources.metronome_rates import MetronomeRates, rate_instants
from parity_pipeline.sources.metronome_records import Contract, Override
from parity_pipeline.sources.notes import Notes


def _at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def _contract(starting_at: datetime, **more: Any) -> Contract:
    return Contract(
        **({"id": "k1", "customer_id": "c1", "rate_card_id": "r1"} | more), starting_at=starting_at
    )


def test_a_contract_is_asked_at_its_start() -> None:
    """Without changes the start of the window is enough for an older contract."""
    assert rate_instants(_contract(_at(1, 1)), {}, WINDOW) == {_at(3, 1)}


def test_a_contract_that_starts_inside_the_window() -> None:
    """A younger contract is asked at its own start."""
    assert rate_instants(_contract(_at(4, 1, 6)), {}, WINDOW) == {_at(4, 1, 6)}


def test_bounds_of_rates_and_overrides_inside_the_contract() -> None:
    """Every bound strictly inside the contract and the window is asked once."""
    override = Override(id="o1", starting_at=_at(3, 10), ending_before=_at(4, 1))
    contract = _contract(_at(3, 5), ending_before=_at(5, 1), overrides=[override])
    bounds = {
        "r1": {_at(1, 1), _at(3, 5), _at(4, 1), _at(4, 20), _at(5, 1), _at(5, 3, 12)},
        "r2": {_at(3, 7)},
    }
    assert rate_instants(contract, bounds, WINDOW) == {_at(3, 5), _at(3, 10), _at(4, 1), _at(4, 20)}


@pytest.mark.parametrize(
    "contract",
    [
        _contract(_at(1, 1), archived_at=_at(2, 1)),
        _contract(_at(1, 1), rate_card_id=None),
        _contract(_at(1, 1), ending_before=_at(3, 1)),
        _contract(_at(5, 3, 12)),
    ],
)
def test_contracts_without_rates_in_the_window(contract: Contract) -> None:
    """Archived contracts, those without a rate card and those outside the window are not asked."""
    assert rate_instants(contract, {}, WINDOW) == set()


def _rate(start: str) -> dict[str, Any]:
    rate = {"rate_type": "FLAT", "price": 1.25}
    return {"product_id": "p1", "entitled": True, "rate": rate, "list_rate": rate, "starting_at": start}


def _read(vendor: ScriptedVendor, *, rate_cards: Sequence[str] = ("r1", "r2")) -> MemorySink:
    sink = MemorySink()
    facts = MetronomeFacts(Notes())
    facts.customers.add("c1")
    facts.rate_cards += rate_cards
    facts.contracts.add(_contract(_at(1, 1)))

    async def work(api: MetronomeApi) -> None:
        await MetronomeRates(api, lander(sink), WINDOW).read(facts)

    read_metronome(vendor, work)
    return sink


def test_rates_on_the_wire() -> None:
    """The rate card's schedule of the window tells at which further instants the contract is asked."""

    def answer(asked: Asked) -> Any:
        if asked.path.endswith("getRateSchedule") and asked.body["rate_card_id"] == "r1":
            if "next_page" in asked.query:
                return {"data": [_rate("2026-04-01T00:00:00Z")]}
            return {"data": [_rate("2025-01-01T00:00:00Z")], "next_page": "two"}
        return {"data": [_rate("2025-01-01T00:00:00Z")] if "at" in asked.body else []}

    vendor = ScriptedVendor(answer)
    sink = _read(vendor)
    assert sorted(sink.contexts["contract_rates"]) == [
        ("c1", "k1", "2026-03-01T00:00:00Z"),
        ("c1", "k1", "2026-04-01T00:00:00Z"),
    ]
    assert sink.contexts["rate_card_rates"] == [("r1",), ("r1",)]
    schedule = next(asked for asked in vendor.asked if asked.path.endswith("getRateSchedule"))
    assert schedule.body["starting_at"] == "2026-03-01T00:00:00.000Z"
    assert schedule.body["ending_before"] == "2026-05-03T12:00:00.000Z"


def test_schedules_may_not_be_offered() -> None:
    """Without rate card schedules the contracts are still asked."""

    def answer(asked: Asked) -> Any:
        return {"data": []} if "at" in asked.body else (404, {"message": "no"})

    sink = _read(ScriptedVendor(answer))
    assert (sink.notes["rate_card_rates"] or "").startswith("not offered")
    assert sink.notes["contract_rates"] is None


@pytest.mark.parametrize(("status", "found"), [(200, [("r1",)]), (404, [])])
def test_a_contract_on_a_rate_card_that_is_not_listed(status: int, found: list[tuple[str, ...]]) -> None:
    """Its schedule is asked for all the same; an archived card may answer or not."""

    def answer(asked: Asked) -> Any:
        if asked.body.get("rate_card_id") == "r1":
            return status, {"data": [_rate("2026-04-01T00:00:00Z")], "message": "no"}
        return {"data": []}

    sink = _read(ScriptedVendor(answer), rate_cards=("r2",))
    assert sink.contexts["rate_card_rates"] == found
    assert sink.notes["rate_card_rates"] is None


def test_one_missing_schedule_is_an_error() -> None:
    """A schedule that is missing while another is there is an error."""

    def answer(asked: Asked) -> Any:
        return (404, {"message": "no"}) if asked.body.get("rate_card_id") == "r2" else {"data": []}

    with pytest.raises(ExtractionError, match="rate card r2"):
        _read(ScriptedVendor(answer))
