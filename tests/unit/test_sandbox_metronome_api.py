"""The pretend Metronome over HTTP: access, rate limits, paging, archived things and refusals."""

from datetime import UTC, datetime

import pytest
from metronome_caller import TOKEN, Caller, Json, all_rows, plain_keys

from parity_pipeline.sandbox.ids import metronome_customer
from parity_pipeline.sandbox.metronome_side.admission import RateLimit
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.world import World, build_world

AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
ABSENT = "00059"


@pytest.fixture(scope="module")
def world() -> World:
    """Sixty customers, one of them not in Metronome, and one who is claimed twice."""
    world = build_world(seed=5, as_of=AS_OF, customers=60)
    world.metronome_quirks.absent_customers.add(ABSENT)
    world.metronome_quirks.claimed_twice.add(plain_keys(world)[0])
    return world


@pytest.fixture(scope="module")
def client(world: World) -> Caller:
    """Speaks to the API with the right token."""
    return Caller(metronome_app(world, token=TOKEN))


@pytest.mark.parametrize("header", [None, "Bearer wrong", TOKEN])
def test_only_the_right_token_is_let_in(world: World, header: str | None) -> None:
    """Without it every path answers 401 with a message."""
    response = Caller(metronome_app(world, token=TOKEN), header).get("/v1/customers")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/ingest"), ("POST", "/v2/contracts/edit"), ("POST", "/v1/customers"), ("DELETE", "/v1/x")],
)
def test_writes_are_recorded_and_refused(world: World, method: str, path: str) -> None:
    """Nothing can be changed, and a test can see who tried."""
    app = metronome_app(world, token=TOKEN)
    response = Caller(app).request(method, path, body={})
    assert response.status_code == 405
    assert app.state.refused == [f"{method} {path}"]


def test_reads_that_are_not_offered_are_not_found(client: Caller) -> None:
    """They are 404 with a message, and no write."""
    for response in (client.get("/v1/customFields"), client.post("/v1/packages/list", {})):
        assert (response.status_code, response.json()) == (404, {"message": "Not found"})


def test_customers_come_in_pages(client: Caller) -> None:
    """59 of 60 customers and one that claims another's, 25 at a time; the last page has no cursor."""
    pages: list[int] = []

    def ask(following: Json) -> Json:
        answer: Json = client.got("/v1/customers", limit=25, **following)
        pages.append(len(answer["data"]))
        return answer

    rows = all_rows(ask)
    assert pages == [25, 25, 10]
    assert len({row["id"] for row in rows}) == 60
    assert metronome_customer(ABSENT) not in {row["id"] for row in rows}


def test_archived_customers_are_asked_for_apart(client: Caller) -> None:
    """The archived one is only in the second pass."""
    (archived,) = client.got("/v1/customers", only_archived="true")["data"]
    assert archived["archived_at"]
    assert archived["id"] not in {row["id"] for row in client.got("/v1/customers")["data"]}


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
def test_limits_have_bounds(client: Caller, limit: str) -> None:
    """Outside of 1 to 100 the answer is 400."""
    response = client.get("/v1/customers", limit=limit)
    assert (response.status_code, list(response.json())) == (400, ["message"])


def test_a_cursor_that_was_not_given_out_is_refused(client: Caller) -> None:
    """Made-up cursors are 400, not the first page."""
    assert client.get("/v1/customers", next_page="abc").status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/contracts/list", {"customer_id": "nobody"}),
        (
            "/v1/contracts/getContractRateSchedule",
            {"customer_id": metronome_customer("00002")} | {"contract_id": "none"},
        ),
        ("/v1/contract-pricing/rate-cards/getRates", {"rate_card_id": "none", "at": "2026-06-01T00:00:00Z"}),
    ],
)
def test_unknown_things_are_not_found(client: Caller, path: str, body: Json) -> None:
    """An unknown customer, contract or rate card is 404 with a message."""
    response = client.post(path, body)
    assert (response.status_code, list(response.json())) == (404, ["message"])


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}"])
def test_bad_bodies_are_refused(client: Caller, content: bytes) -> None:
    """What is no JSON, no object, or lacks the customer is 400."""
    assert client.request("POST", "/v2/contracts/list", content=content).status_code == 400


def test_archived_metrics_and_products_are_hidden(client: Caller) -> None:
    """Metrics show theirs with a flag, products with a filter; by its id either is found."""
    metrics = client.got("/v1/billable-metrics", include_archived="true")["data"]
    (metric,) = [row for row in metrics if row.get("archived_at")]
    assert metric not in client.got("/v1/billable-metrics")["data"]
    assert client.got(f"/v1/billable-metrics/{metric['id']}")["data"] == metric
    path = "/v1/contract-pricing/products"
    (product,) = client.posted(f"{path}/list", {"archive_filter": "ARCHIVED"})["data"]
    assert product not in client.posted(f"{path}/list", {})["data"]
    assert product in client.posted(f"{path}/list", {"archive_filter": "ALL"})["data"]
    assert client.posted(f"{path}/get", {"id": product["id"]})["data"] == product


def test_every_answer_has_a_request_id(client: Caller) -> None:
    """Two answers have two; a refusal has one as well."""
    answers = [client.get("/v1/customers"), client.get("/v1/customers", limit=0)]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 2


def test_too_many_requests_are_refused(world: World) -> None:
    """At two a second, the third of one instant is 429; a second later it is answered."""
    clock = [10.0]
    limited = RateLimit(metronome_app(world, token=TOKEN), per_second=2, clock=lambda: clock[0])
    client = Caller(limited)
    answers = [client.get("/v1/credit-types/list") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["X-Metronome-Rate-Limit-Type"] == "client"
    clock[0] = 11.0
    assert client.get("/v1/credit-types/list").status_code == 200


def test_the_limit_is_set_with_the_app(world: World) -> None:
    """With none allowed a second, everything is 429 once the token is right."""
    app = metronome_app(world, token=TOKEN, requests_per_second=0)
    assert Caller(app).get("/v1/customers").status_code == 429
    assert Caller(app, "Bearer wrong").get("/v1/customers").status_code == 401
