"""The official SDK against the pretend Metronome over HTTP: typed calls, its own pagers and error classes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice

import metronome
import pytest
from metronome import Metronome
from metronome_caller import TOKEN, keys_of, plain_keys, prepaid_key

from parity_pipeline.sandbox.ids import metronome_customer, metronome_metric, metronome_product
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.metronome_side.catalogue import rate_card_id
from parity_pipeline.sandbox.serving import served
from parity_pipeline.sandbox.world import World, build_world

JUNE, JULY = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    """A company of sixty; one customer has two contracts."""
    world = build_world(seed=5, as_of=datetime(2026, 7, 20, tzinfo=UTC))
    world.metronome_quirks.second_contract.add(prepaid_key(world))
    return world


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[Metronome]:
    """The official client, with no retries."""
    with served(metronome_app(world, token=TOKEN)) as url:
        yield Metronome(bearer_token=TOKEN, base_url=url, max_retries=0)


@pytest.fixture(scope="module")
def customer_id(world: World) -> str:
    """The customer with two contracts and a commit."""
    return metronome_customer(prepaid_key(world))


def test_it_walks_the_catalogue(client: Metronome, world: World) -> None:
    """7 metrics, 4 credit types, 12 products, 6 rate cards; one metric and one product are archived."""
    gpu = metronome_metric(world.company.charges["gpu_a100"])
    assert len(list(client.v1.billable_metrics.list(limit=2))) == 7
    assert len(list(client.v1.billable_metrics.list(limit=2, include_archived=True))) == 8
    assert client.v1.billable_metrics.retrieve(billable_metric_id=gpu).data.group_keys == [["gpu"]]
    assert len(list(client.v1.pricing_units.list(limit=1))) == 4
    assert len(list(client.v1.contracts.products.list(limit=2, archive_filter="ALL"))) == 12
    tokens = metronome_product(world.company.charges["tokens"])
    assert client.v1.contracts.products.retrieve(id=tokens).data.current.name == "Tokens"
    cards = [card.id for card in client.v1.contracts.rate_cards.list(limit=4)]
    assert len(cards) == 6
    assert client.v1.contracts.rate_cards.retrieve(id=cards[1]).data.credit_type_conversions


def test_it_walks_the_rates(client: Metronome, customer_id: str) -> None:
    """13 rates a card; a schedule has no pager of its own, so its cursor is followed by hand."""
    card = rate_card_id("usd")
    rates = list(client.v1.contracts.rate_cards.rates.list(rate_card_id=card, at=JUNE, limit=5))
    assert len(rates) == 13
    schedule = client.v1.contracts.rate_cards.retrieve_rate_schedule(
        rate_card_id=card, starting_at=JUNE, limit=10
    )
    assert (len(schedule.data), schedule.next_page is None) == (10, False)
    rest = client.v1.contracts.rate_cards.retrieve_rate_schedule(
        rate_card_id=card, starting_at=JUNE, limit=10, next_page=schedule.next_page or ""
    )
    assert (len(rest.data), rest.next_page) == (3, None)
    for contract in client.v2.contracts.list(customer_id=customer_id):
        agreed = client.v1.contracts.retrieve_rate_schedule(
            customer_id=customer_id, contract_id=contract.id, at=JUNE
        )
        assert all(row.entitled for row in agreed.data)


def test_it_walks_the_customers(client: Metronome, world: World) -> None:
    """Sixty active ones and an archived one; each can be fetched, with its links."""
    ids = [customer.id for customer in client.v1.customers.list(limit=25)]
    assert len(set(ids)) == 60
    assert len(list(client.v1.customers.list(only_archived=True))) == 1
    configured = 0
    for each in ids:
        assert client.v1.customers.retrieve(customer_id=each).data.id == each
        configured += len(client.v1.customers.retrieve_billing_configurations(customer_id=each).data)
    assert configured == len(keys_of(world, lambda each: each.link == "billing_provider"))
    assert len(list(client.v1.customers.list_billable_metrics(customer_id=ids[0], limit=4))) == 7
    assert len(client.v1.settings.billing_providers.list().data) == 1


def test_it_walks_contracts_and_balances(client: Metronome, customer_id: str) -> None:
    """Two contracts and one commit, whichever way they are asked for."""
    contracts = list(client.v2.contracts.list(customer_id=customer_id, limit=1))
    assert len(contracts) == 2
    found = client.v2.contracts.retrieve(customer_id=customer_id, contract_id=contracts[1].id)
    assert found.data.id == contracts[1].id
    balances = client.v1.contracts.list_balances(
        customer_id=customer_id, include_contract_balances=True, limit=1, include_ledgers=True
    )
    (balance,) = balances
    commits = client.v1.customers.commits.list(customer_id=customer_id, include_contract_commits=True)
    assert [commit.id for commit in commits] == [balance.id]
    assert list(client.v1.customers.credits.list(customer_id=customer_id)) == []
    assert client.v1.contracts.get_net_balance(customer_id=customer_id).data.balance >= 0


def test_it_walks_every_invoice(client: Metronome, world: World) -> None:
    """Page by page, all customers' invoices are there, each equal to the one fetched by its id."""
    for key in world.company.customers:
        customer_id = metronome_customer(key)
        invoices = list(client.v1.customers.invoices.list(customer_id=customer_id, limit=2, sort="date_desc"))
        assert [each.issued_at for each in invoices] == sorted(
            (each.issued_at for each in invoices), key=lambda at: at or JUNE, reverse=True
        )
        for each in invoices[:1]:
            one = client.v1.customers.invoices.retrieve(customer_id=customer_id, invoice_id=each.id)
            assert one.data == each


def test_it_walks_breakdowns(client: Metronome, world: World) -> None:
    """60 days of a customer billed by calendar month: 31 of May and 29 of June, over two pages."""
    customer_id = metronome_customer(plain_keys(world)[0])
    days = client.v1.customers.invoices.list_breakdowns(
        customer_id=customer_id,
        starting_on=datetime(2026, 5, 1, tzinfo=UTC),
        ending_before=datetime(2026, 6, 30, tzinfo=UTC),
    )
    assert len({day.breakdown_start_timestamp for day in days}) == 60


def test_it_walks_usage(client: Metronome, world: World) -> None:
    """Usage of everyone, of one customer by group, and events by their id."""
    used = {(event.customer, event.event_name) for event in world.metronome.events}
    known = {pair for pair in used if pair[0] != "nobody" and pair[1] != "unknown_thing"}
    rows = list(client.v1.usage.list(starting_on=JUNE, ending_before=JULY, window_size="NONE"))
    assert len(rows) == len(known)
    key = keys_of(world, lambda each: "gpu_a100" in each.charges and not each.ended_at)[0]
    groups = client.v1.usage.list_with_groups(
        starting_on=JUNE,
        ending_before=JULY,
        window_size="DAY",
        customer_id=metronome_customer(key),
        billable_metric_id=metronome_metric(world.company.charges["gpu_a100"]),
        group_key=["gpu"],
        limit=50,
    )
    assert len(list(groups)) == 60
    assert len(client.v1.usage.search(transaction_ids=["evt-stray-1"])) == 1


def test_it_walks_the_rest(client: Metronome, customer_id: str) -> None:
    """Alerts, services and named schedules; the audit log never says that it is over."""
    (alert,) = client.v1.customers.alerts.list(customer_id=customer_id)
    found = client.v1.customers.alerts.retrieve(customer_id=customer_id, alert_id=alert.alert.id)
    assert found.data.alert.id == alert.alert.id
    assert len(client.v1.services.list().services) == 1
    pages = islice(client.v1.audit_logs.list().iter_pages(), 3)
    assert [(len(page.data), page.next_page is None) for page in pages] == [(1, False), *[(0, False)] * 2]
    schedules = client.v1.customers.named_schedules
    assert schedules.retrieve(customer_id=customer_id, schedule_name="discounts").data == []


def test_refusals_are_its_own_errors(client: Metronome) -> None:
    """A refused question comes back as the SDK's class for its status."""
    with pytest.raises(metronome.NotFoundError):
        client.v1.customers.retrieve(customer_id="nobody")
    with pytest.raises(metronome.BadRequestError):
        list(client.v1.customers.list(limit=1000))
    with pytest.raises(metronome.APIStatusError, match="405"):
        client.v1.usage.ingest(usage=[])
