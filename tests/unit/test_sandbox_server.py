"""Both pretend APIs as servers: what a run needs to know about them, and answers spoilt on purpose."""

import csv
import tomllib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import running_sandbox
from parity_pipeline.sandbox.world import build_world

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)


def _ask(
    folder: Path, disruptions: Sequence[Disruption], path: str = "/v1/customers", times: int = 1
) -> list[httpx.Response]:
    """Ask the pretend Stripe a few times."""
    world = build_world(seed=7, as_of=AS_OF, customers=12)
    with running_sandbox(world, folder=folder, disruptions=disruptions) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.stripe_key}"}
        return [httpx.get(sandbox.stripe_url + path, headers=headers) for _ in range(times)]


def test_a_run_gets_its_variables_and_both_servers_answer(tmp_path: Path) -> None:
    """Everything that a run reads from its environment."""
    world = build_world(seed=7, as_of=AS_OF, customers=12)
    with running_sandbox(world, folder=tmp_path) as sandbox:
        variables = sandbox.variables()
        stripe = httpx.get(
            variables["STRIPE_API_BASE"] + "/v1/customers",
            headers={"Authorization": f"Bearer {variables['STRIPE_API_KEY']}"},
        )
        metronome = httpx.get(
            variables["METRONOME_BASE_URL"] + "/v1/customers",
            headers={"Authorization": f"Bearer {variables['METRONOME_BEARER_TOKEN']}"},
        )
    assert (stripe.status_code, metronome.status_code) == (200, 200)
    assert variables["STRIPE_API_KEY"].startswith("rk_test_")
    assert sandbox.as_of == AS_OF


def test_the_configuration_names_what_no_default_finds(tmp_path: Path) -> None:
    """The start of the parallel run, meters that share a metric, and prices with products of their own."""
    with running_sandbox(build_world(seed=7, as_of=AS_OF), folder=tmp_path) as sandbox:
        written = tomllib.loads(sandbox.config_path.read_text(encoding="utf-8"))
    assert written == {
        "parallel_run": {"start": date(2026, 9, 1)},
        "mapping": {"meters": "meters.csv", "prices": "prices.csv"},
    }
    with (tmp_path / "meters.csv").open(encoding="utf-8") as file:
        meters = list(csv.DictReader(file))
    assert [(row["event_name"], row["pricing_group_values"]) for row in meters] == [
        ("gpu_seconds_a100", '{"gpu": "a100"}'),
        ("gpu_seconds_h100", '{"gpu": "h100"}'),
    ]
    with (tmp_path / "prices.csv").open(encoding="utf-8") as file:
        prices = list(csv.DictReader(file))
    minutes = [row for row in prices if row["stripe_price_id"] == "price_minutes_usd"]
    assert len({row["product_id"] for row in minutes}) == 2
    assert {row["pricing_group_values"] for row in minutes} == {""}


def test_the_servers_are_gone_afterwards(tmp_path: Path) -> None:
    """Nothing listens once the block has ended."""
    with running_sandbox(build_world(seed=7, as_of=AS_OF, customers=3), folder=tmp_path) as sandbox:
        address = sandbox.stripe_url
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_a_status_comes_as_often_as_told(tmp_path: Path) -> None:
    """Two answers of 429 with a time to wait, then the real one."""
    busy = Disruption("/v1/customers", "status", status=429, times=2, retry_after=3)
    answers = _ask(tmp_path, [busy], times=3)
    assert [each.status_code for each in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"


def test_other_paths_are_left_alone(tmp_path: Path) -> None:
    """A key without a scope is refused for one kind of object only."""
    refusal = Disruption("/v1/prices", "status", status=403)
    assert _ask(tmp_path, [refusal])[0].status_code == 200
    assert _ask(tmp_path, [refusal], path="/v1/prices")[0].status_code == 403


def test_a_malformed_answer_is_no_json(tmp_path: Path) -> None:
    """Status 200 and a body that cannot be read."""
    (answer,) = _ask(tmp_path, [Disruption("/v1/customers", "malformed")])
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"line \d+"):
        answer.json()


@pytest.mark.parametrize("kind", ["truncated", "disconnect"])
def test_a_broken_answer_ends_the_connection(tmp_path: Path, kind: str) -> None:
    """The client sees that bytes are missing."""
    broken = Disruption("/v1/customers", "truncated" if kind == "truncated" else "disconnect")
    with pytest.raises(httpx.RemoteProtocolError):
        _ask(tmp_path, [broken])


def test_a_field_can_be_missing(tmp_path: Path) -> None:
    """From every object of the page, or from the page."""
    (without_id,) = _ask(tmp_path, [Disruption("/v1/customers", "missing_field", field="id")])
    (without_more,) = _ask(tmp_path, [Disruption("/v1/customers", "missing_field", field="has_more")])
    assert all("id" not in each for each in without_id.json()["data"])
    assert "has_more" not in without_more.json()


def test_a_list_can_be_empty(tmp_path: Path) -> None:
    """A page without objects that claims to be the last."""
    (answer,) = _ask(tmp_path, [Disruption("/v1/customers", "empty")])
    assert (answer.json()["data"], answer.json()["has_more"]) == ([], False)


def test_two_accounts_have_a_server_and_a_section_each(tmp_path: Path) -> None:
    """Each account's server knows its own customers; the configuration names the variables of both."""
    world = build_world(seed=7, as_of=AS_OF, customers=20, accounts=2)
    with running_sandbox(world, folder=tmp_path) as sandbox:
        variables = sandbox.variables()
        written = tomllib.loads(sandbox.config_path.read_text(encoding="utf-8"))["accounts"]
        found = {
            account: {
                each["id"].removeprefix("cus_")
                for each in httpx.get(
                    variables[section["stripe_api_base_env"]] + "/v1/customers?limit=100",
                    headers={"Authorization": f"Bearer {variables[section['stripe_api_key_env']]}"},
                ).json()["data"]
            }
            for account, section in written.items()
        }
    told = world.company.customers.values()
    assert found == {
        account: {each.key for each in told if each.account == account} for account in ("us", "eu")
    }
    assert all(found.values())
    assert written["eu"]["stripe_account_id"] == "acct_eu"
