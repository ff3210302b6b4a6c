"""Walking through Stripe's listings by its own SDK: cursors, loops, refusals, exact values."""

from decimal import Decimal
from typing import Any

import pytest
from scripted_vendors import Asked, ScriptedVendor, read_stripe

from parity_pipeline.errors import ExtractionError, NotFoundError, OutageError, ParityError, UsageError
from parity_pipeline.sources.stripe_api import StripeApi
from parity_pipeline.sources.stripe_records import Customer, MeterEventSummary


def _customers(*ids: str) -> list[dict[str, Any]]:
    return [{"id": each, "created": 1, "email": "a@b.example"} for each in ids]


def _walk(vendor: ScriptedVendor, *, max_pages: int = 50) -> list[str]:
    found: list[str] = []

    async def work(api: StripeApi) -> None:
        async for page in api.pages("/v1/customers", Customer, expand=["data.x"], created={"gte": 5}):
            found.extend(customer.id for customer in page.records)

    read_stripe(vendor, work, max_pages=max_pages)
    return found


def _failure(said: Any, *, max_pages: int = 50) -> ParityError:
    with pytest.raises(ParityError) as caught:
        _walk(ScriptedVendor(lambda _: said), max_pages=max_pages)
    assert "\n" not in str(caught.value)
    return caught.value


def test_pages_follow_the_last_id() -> None:
    """The next page starts after the last id, with the same filters."""

    def answer(asked: Asked) -> Any:
        if "starting_after" not in asked.query:
            return {"data": _customers("cus_1", "cus_2"), "has_more": True}
        return {"data": _customers("cus_3"), "has_more": False}

    vendor = ScriptedVendor(answer)
    assert _walk(vendor) == ["cus_1", "cus_2", "cus_3"]
    filters = {"limit": "100", "created[gte]": "5", "expand[0]": "data.x"}
    assert [asked.query for asked in vendor.asked] == [filters, filters | {"starting_after": "cus_2"}]


def test_an_endless_listing_is_stopped() -> None:
    """A listing that always has more ends in an error, not in a full disk."""
    pages = iter(range(1000))
    vendor = ScriptedVendor(lambda _: {"data": _customers(f"cus_{next(pages)}"), "has_more": True})
    with pytest.raises(ExtractionError, match=r"GET /v1/customers: more than 7 pages"):
        _walk(vendor, max_pages=7)
    assert len(vendor.asked) == 7


def test_a_page_that_comes_twice() -> None:
    """A cursor that leads back is an error, not a duplicate."""
    error = _failure({"data": _customers("cus_1"), "has_more": True})
    assert "cus_1 came twice" in str(error)


def test_a_last_page_with_known_ids() -> None:
    """A last page that repeats an id is an error too."""
    pages = [
        {"data": _customers("cus_1", "cus_2"), "has_more": True},
        {"data": _customers("cus_3", "cus_1"), "has_more": False},
    ]
    vendor = ScriptedVendor(lambda _: pages.pop(0))
    with pytest.raises(ExtractionError, match="cus_1 came twice"):
        _walk(vendor)


def test_an_object_twice_on_the_only_page() -> None:
    """What stands on one page twice is not everything once."""
    error = _failure({"data": _customers("cus_1", "cus_1"), "has_more": False})
    assert "cus_1 came twice" in str(error)


def test_live_objects_beside_test_objects() -> None:
    """No key sees both modes: one of the answers is another environment's."""
    test, live = (
        {"data": [{**_customers(name)[0], "livemode": mode}], "has_more": not mode}
        for name, mode in (("cus_1", False), ("cus_2", True))
    )
    pages = [test, live]
    with pytest.raises(
        ExtractionError, match=r"live objects and .* with test objects; check STRIPE_API_BASE"
    ):
        _walk(ScriptedVendor(lambda _: pages.pop(0)))


def test_an_empty_page_that_has_more() -> None:
    """An empty page that promises more would silently end the listing."""
    assert "an empty page says that there are more" in str(_failure({"data": [], "has_more": True}))


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"data": []}, "has_more"),
        ({"has_more": False}, "data"),
        ({"data": [{"created": 1}], "has_more": False}, r"$.data[0]"),
        ({"data": [{"id": "cus_1", "created": "x"}], "has_more": False}, r"$.data[0].created"),
        ([], "object"),
        (b'{"data": [{"id": "cus', "not valid JSON"),
        (b"<html>", "not valid JSON"),
        (b"", "not valid JSON"),
    ],
)
def test_an_answer_of_another_shape(said: Any, named: str) -> None:
    """A missing field, a wrong type or broken JSON is one line that names endpoint and path."""
    error = _failure(said)
    assert error.exit_code == 3
    assert named in str(error)
    assert "stripe GET /v1/customers" in str(error)


@pytest.mark.parametrize(
    ("status", "kind", "exit_code", "named"),
    [
        (401, UsageError, 2, "STRIPE_API_KEY"),
        (403, UsageError, 2, "lacks rak_customer_read"),
        (404, NotFoundError, 3, "not found"),
        (400, ExtractionError, 3, "refused (400)"),
        (429, OutageError, 3, "too many requests"),
        (500, OutageError, 3, "kept failing (500)"),
    ],
)
def test_a_refusal(status: int, kind: type[ParityError], exit_code: int, named: str) -> None:
    """Each refusal says what to do, and holds no key."""
    said = {"error": {"type": "x", "message": "key rk_test_abc123 lacks rak_customer_read"}}
    error = _failure((status, said))
    assert type(error) is kind
    assert error.exit_code == exit_code
    assert named in str(error)
    assert "abc123" not in str(error)


def test_a_refusal_that_is_no_json() -> None:
    """A proxy's error page is an error line like any other."""
    error = _failure((502, b"<html>bad gateway</html>"))
    assert "kept failing (502)" in str(error)


def test_an_empty_success_is_no_success() -> None:
    """A 204 where a listing was asked for is an error."""
    with pytest.raises(ParityError):
        _walk(ScriptedVendor(lambda _: (202, {"data": [], "has_more": False})))


def test_numbers_are_exact() -> None:
    """A value that no float holds arrives digit by digit."""
    body = (
        b'{"has_more":false,"data":[{"id":"mtrusg_1","meter":"mtr_1","start_time":1,"end_time":2,'
        b'"aggregated_value":1234567890123456.123456789012}]}'
    )
    found: list[MeterEventSummary] = []

    async def work(api: StripeApi) -> None:
        async for page in api.pages("/v1/billing/meters/mtr_1/event_summaries", MeterEventSummary):
            found.extend(page.records)

    read_stripe(ScriptedVendor(lambda _: body), work)
    assert found[0].aggregated_value == Decimal("1234567890123456.123456789012")


def test_a_cursor_that_is_gone_is_no_missing_listing() -> None:
    """A listing that was there and loses its cursor is an error, never "not offered"."""
    gone = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such id"}}

    def answer(asked: Asked) -> Any:
        return (400, gone) if "starting_after" in asked.query else {"data": _customers("a"), "has_more": True}

    with pytest.raises(ExtractionError, match="No such id") as caught:
        _walk(ScriptedVendor(answer))
    assert type(caught.value) is ExtractionError
