"""The pretend Metronome's customers over HTTP: links to Stripe, contracts, balances and invoices."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from metronome_caller import TOKEN, Caller, Json, all_rows, keys_of, plain_keys, prepaid_key

from parity_pipeline.sandbox.ids import metronome_customer, metronome_id
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.world import World, build_world

AS_OF = datetime(2026, 7, 20, tzinfo=UTC)
JUNE: Json = {"starting_on": "2026-06-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00Z"}


@pytest.fixture(scope="module")
def world() -> World:
    """A company in two Stripe accounts in which one customer has two contracts, and one is claimed twice."""
    world = build_world(seed=5, as_of=AS_OF, customers=60, accounts=2)
    quirks, plain = world.metronome_quirks, plain_keys(world)
    quirks.second_contract.add(prepaid_key(world))
    quirks.auto_recharge.add(plain[0])
    quirks.claimed_twice.add(plain[1])
    quirks.unlinked_customers.add(plain[2])
    quirks.spend_threshold.add(plain[3])
    rich = world.metronome.customers[prepaid_key(world)]
    (pack,) = rich.credits
    world.metronome.customers[rich.key] = replace(rich, credits=(replace(pack, amount=pack.amount * 1000),))
    return world


@pytest.fixture(scope="module")
def client(world: World) -> Caller:
    """Speaks to the API with the right token."""
    return Caller(metronome_app(world, token=TOKEN))


def test_each_customer_is_linked_in_one_way(client: Caller, world: World) -> None:
    """By configuration, custom field or alias; the unlinked one in none."""

    def links(key: str) -> tuple[list[str], Json, list[str]]:
        (row,) = client.got("/v1/customers", customer_ids=metronome_customer(key))["data"]
        return _stripe_ids(client, key), row["custom_fields"], row["ingest_aliases"][1:]

    by_field = keys_of(world, lambda each: each.link == "custom_field")[0]
    by_alias = keys_of(world, lambda each: each.link == "ingest_alias")[0]
    linked, unlinked = plain_keys(world)[0], plain_keys(world)[2]
    assert links(linked) == ([f"cus_{linked}"], {}, [])
    assert links(by_field) == ([], {"stripe_customer_id": f"cus_{by_field}"}, [])
    assert links(by_alias) == ([], {}, [f"cus_{by_alias}"])
    assert links(unlinked) == ([], {}, [])
    (found,) = client.got("/v1/customers", ingest_alias=f"cus_{by_alias}")["data"]
    assert found["id"] == metronome_customer(by_alias)


def _stripe_ids(client: Caller, key: str) -> list[str]:
    path = "/v1/getCustomerBillingProviderConfigurations"
    rows = client.posted(path, {"customer_id": metronome_customer(key)})["data"]
    return [each["configuration"]["stripe_customer_id"] for each in rows]


def test_a_configuration_names_the_stripe_account(client: Caller, world: World) -> None:
    """Euros go to the European account, dollars to the American; both are configured."""
    path = "/v1/getCustomerBillingProviderConfigurations"
    for currency, account in (("eur", "acct_eu"), ("usd", "acct_us")):
        keys = keys_of(world, lambda each, c=currency: (each.currency, each.link) == (c, "billing_provider"))
        (row,) = client.posted(path, {"customer_id": metronome_customer(keys[0])})["data"]
        assert row["delivery_method_configuration"]["stripe_account_id"] == account
    rows = client.posted("/v1/listConfiguredBillingProviders", {})["data"]
    assert [row["delivery_method_configuration"]["stripe_account_id"] for row in rows] == [
        "acct_us",
        "acct_eu",
    ]


def test_a_customer_can_be_claimed_twice(client: Caller, world: World) -> None:
    """The second one names the same Stripe customer in its custom field and has nothing else."""
    claimed = plain_keys(world)[1]
    rows = all_rows(lambda following: client.got("/v1/customers", **following))
    (twin,) = [row for row in rows if row["custom_fields"].get("stripe_customer_id") == f"cus_{claimed}"]
    assert twin["id"] != metronome_customer(claimed)
    assert _stripe_ids(client, claimed) == [f"cus_{claimed}"]
    assert client.posted("/v2/contracts/list", {"customer_id": twin["id"]})["data"] == []
    assert client.got(f"/v1/customers/{twin['id']}/invoices")["data"] == []
    usage = JUNE | {"window_size": "NONE", "customer_ids": [twin["id"]]}
    assert client.posted("/v1/usage", usage)["data"] == []


def test_contracts_page_by_a_cursor_in_the_body(client: Caller, world: World) -> None:
    """Two contracts, one at a time; a limit above 20 is refused."""
    key = prepaid_key(world)
    body = {"customer_id": metronome_customer(key)}

    rows = all_rows(
        lambda following: client.posted("/v2/contracts/list", body | {"limit": 1} | following), "cursor"
    )
    ids = [metronome_id("contract", key), metronome_id("contract", key, "second")]
    assert [row["id"] for row in rows] == ids
    assert client.post("/v2/contracts/list", body | {"limit": 21}).status_code == 400
    assert client.posted("/v2/contracts/get", body | {"contract_id": ids[1]}) == {"data": rows[1]}


def test_contracts_can_be_asked_for_by_date(client: Caller, world: World) -> None:
    """None covers a day before the first event; both start on or after it."""
    path, body = "/v2/contracts/list", {"customer_id": metronome_customer(prepaid_key(world))}
    assert client.posted(path, body | {"covering_date": "2026-01-01T00:00:00Z"})["data"] == []
    assert len(client.posted(path, body | {"starting_at": "2026-04-01T00:00:00Z"})["data"]) == 2
    both = body | {"covering_date": JUNE["starting_on"], "starting_at": JUNE["starting_on"]}
    assert client.post(path, both).status_code == 400


def test_thresholds_show_on_the_contract(client: Caller, world: World) -> None:
    """Recharge is set up for customers with a prepaid commit, and switched on only by the quirk."""
    recharge, spend = "prepaid_balance_threshold_configuration", "spend_threshold_configuration"
    for key, name, is_enabled in (
        (prepaid_key(world), recharge, False),
        (plain_keys(world)[0], recharge, True),
        (plain_keys(world)[3], spend, True),
    ):
        contract = client.posted("/v2/contracts/list", {"customer_id": metronome_customer(key)})["data"][0]
        assert contract[name]["is_enabled"] is is_enabled
        assert {recharge, spend} & contract.keys() == {name}


def test_contract_balances_must_be_asked_for(client: Caller, world: World) -> None:
    """The commit of a contract is missing from the balances without the flag."""
    path, body = (
        "/v1/contracts/customerBalances/list",
        {"customer_id": metronome_customer(prepaid_key(world))},
    )
    assert client.posted(path, body)["data"] == []
    (commit,) = client.posted(path, body | {"include_contract_balances": True})["data"]
    assert (commit["type"], "ledger" in commit, "balance" in commit) == ("PREPAID", False, False)
    flags = {"include_contract_balances": True, "include_ledgers": True, "include_balance": True}
    (commit,) = client.posted(path, body | flags)["data"]
    assert commit["ledger"][0]["type"] == "PREPAID_COMMIT_SEGMENT_START"
    assert client.post(path, body | {"limit": 26}).status_code == 400


def test_invoices_are_filtered_by_their_periods(client: Caller, world: World) -> None:
    """`starting_on` includes a period that starts on it, `ending_before` leaves out one that ends on it."""
    path = f"/v1/customers/{metronome_customer(plain_keys(world)[0])}/invoices"

    def starts(**query: str | int) -> list[str]:
        return [row["start_timestamp"] for row in client.got(path, type="USAGE", **query)["data"]]

    april, may, june, july = (f"2026-{month:02d}-01T00:00:00Z" for month in (4, 5, 6, 7))
    assert starts() == [april, may, june, july]
    assert starts(starting_on=june) == [june, july]
    assert starts(ending_before=july) == [april, may]
    assert starts(sort="date_desc") == [july, june, may, april]
    assert starts(status="DRAFT") == [july]
    assert client.get(path, sort="newest").status_code == 400


def test_one_invoice_can_be_fetched(client: Caller, world: World) -> None:
    """It equals the one in the list, lines and all; an unknown one is 404."""
    path = f"/v1/customers/{metronome_customer(plain_keys(world)[0])}/invoices"
    first = client.got(path, limit=1)["data"][0]
    assert client.got(f"{path}/{first['id']}") == {"data": first}
    assert client.get(f"{path}/{metronome_id('invoice', 'none')}").status_code == 404


def test_lines_of_nothing_can_be_left_out(client: Caller, world: World) -> None:
    """Unused products and subscriptions of nothing disappear on request; without it there are some."""
    shown: dict[str, list[Decimal]] = {"false": [], "true": []}
    for key in keys_of(world, lambda each: "messages" in each.charges):
        for skip, found in shown.items():
            path = f"/v1/customers/{metronome_customer(key)}/invoices"
            rows = client.got(path, skip_zero_qty_line_items=skip)["data"]
            found += [line["quantity"] for row in rows for line in row["line_items"] if "quantity" in line]
    assert 0 in shown["false"]
    assert shown["true"] == [quantity for quantity in shown["false"] if quantity]


def test_totals_are_exact(client: Caller, world: World) -> None:
    """Every total is, digit by digit, the sum of its lines in its currency, without postpaid draws."""
    seen = 0
    for key in keys_of(world, lambda _: True):
        for row in client.got(f"/v1/customers/{metronome_customer(key)}/invoices")["data"]:
            seen += 1
            assert Decimal(row["total"]) == sum(
                Decimal(line["total"])
                for line in row["line_items"]
                if line["credit_type"] == row["credit_type"]
                and line.get("applied_commit_or_credit", {}).get("type") != "POSTPAID"
            )
    assert seen > 200


def test_a_breakdown_adds_up_to_its_invoice(client: Caller, world: World) -> None:
    """The days of June are 30 and sum to June's invoice, credits and conversion included.

    Left out are customers with two contracts, and those whose days can take usage back.
    """
    drawn = keys_of(
        world, lambda each: (each.credits or each.billed_in_credits) and "storage_gb" not in each.charges
    )
    drawn = [key for key in drawn if key != prepaid_key(world)]
    for key in drawn:
        path = f"/v1/customers/{metronome_customer(key)}/invoices"
        days = client.got(f"{path}/breakdowns", **JUNE)["data"]
        (invoice,) = [
            row
            for row in client.got(path, starting_on="2026-06-01T00:00:00Z", type="USAGE")["data"]
            if row["start_timestamp"] == "2026-06-01T00:00:00Z" and row["status"] != "VOID"
        ]
        assert len(days) == 30
        assert sum(day["total"] for day in days) == invoice["total"]
    assert drawn


def test_a_breakdown_comes_in_pages_of_35_days(client: Caller, world: World) -> None:
    """61 days of two invoices are 35 and 26 rows; by the hour a page has 24; other windows are 400."""
    path = f"/v1/customers/{metronome_customer(plain_keys(world)[0])}/invoices/breakdowns"
    span: Json = {"starting_on": "2026-05-01T00:00:00Z", "ending_before": "2026-07-01T00:00:00Z"}
    first = client.got(path, **span)
    assert (len(first["data"]), first["next_page"] is None) == (35, False)
    second = client.got(path, **span, next_page=first["next_page"])
    assert (len(second["data"]), second["next_page"]) == (26, None)
    assert len(client.got(path, **span, window_size="hour")["data"]) == 24
    assert client.get(path, **span, window_size="WEEK").status_code == 400
    assert client.get(path, starting_on=span["starting_on"]).status_code == 400


def test_the_net_balance_leaves_drafts_out_when_asked(client: Caller, world: World) -> None:
    """Without drafts the running month's deduction is not taken off yet; postpaid commits are none here."""
    body: Json = {"customer_id": metronome_customer(prepaid_key(world))}
    flags = {"include_contract_balances": True, "include_balance": True, "include_ledgers": True}
    (commit,) = client.posted("/v1/contracts/customerBalances/list", body | flags)["data"]
    body["credit_type_id"] = commit["access_schedule"]["credit_type"]["id"]
    path = "/v1/contracts/customerBalances/getNetBalance"

    def balance(**more: object) -> Decimal:
        answer = client.posted(path, body | more)["data"]["balance"]
        return Decimal(answer)

    assert balance() == commit["balance"] > 0
    assert balance(invoice_inclusion_mode="FINALIZED") == commit["balance"] - commit["ledger"][-1]["amount"]
    assert balance(filters=[{"balance_types": ["POSTPAID_COMMIT"]}]) == 0
    assert balance(filters=[{"ids": [commit["id"]]}]) == commit["balance"]
