"""The pull of several Stripe accounts: each read for itself, a shared Metronome environment once."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from parity_pipeline.errors import ExtractionError, ParityError, UsageError
from parity_pipeline.landing import Manifest, read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.sources.metronome_api import MetronomeAccess
from parity_pipeline.sources.pull import AccountToRead, pull_everything
from parity_pipeline.sources.resources import METRONOME_RESOURCES, STRIPE_RESOURCES
from parity_pipeline.sources.stripe_api import StripeAccess

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
WINDOW = Window(datetime(2026, 9, 1, tzinfo=UTC), AS_OF)
NAMES = ("us", "eu")


@pytest.fixture(scope="module")
def world() -> World:
    """A small clean world of two accounts."""
    return build_world(seed=7, as_of=AS_OF, customers=12, accounts=2)


@pytest.fixture(scope="module")
def accounts(world: World) -> Iterator[list[AccountToRead]]:
    """Both accounts, served, with the environment that they share."""
    apps = [(stripe_app(world, api_key=f"rk_test_{name}", account=name), 0) for name in NAMES]
    with served_together(*apps, (metronome_app(world, token="token"), 0)) as addresses:
        metronome = MetronomeAccess(SecretStr("token"), addresses[-1])
        yield [
            AccountToRead(
                name=name,
                environment="both",
                stripe=StripeAccess(
                    SecretStr(f"rk_test_{name}"),
                    address,
                    context=ids.stripe_account(name),
                    key_variable=f"KEY_{name}",
                ),
                metronome=metronome,
            )
            for name, address in zip(NAMES, addresses, strict=False)
        ]


def _pull(accounts: Sequence[AccountToRead], folder: Path, told: list[str] | None = None) -> Manifest:
    asyncio.run(
        pull_everything(
            accounts,
            WINDOW,
            LandingWriter(folder / "run", "run", WINDOW),
            on_progress=told.append if told is not None else None,
        )
    )
    return read_manifest(folder / "run")


def _failure(accounts: Sequence[AccountToRead], folder: Path) -> ParityError:
    with pytest.raises(ParityError) as caught:
        _pull(accounts, folder)
    return caught.value


def test_a_shared_environment_is_read_once(
    world: World, accounts: list[AccountToRead], tmp_path: Path
) -> None:
    """Stripe is landed under each account's name, Metronome once under its own; so are the requests."""
    told: list[str] = []
    manifest = _pull(accounts, tmp_path, told)
    assert manifest.complete
    assert manifest.accounts == ("both", "eu", "us")
    landed = [(each.account, each.source) for each in manifest.resources]
    assert landed.count(("both", "metronome")) == len(METRONOME_RESOURCES)
    assert [landed.count((name, "stripe")) for name in NAMES] == [len(STRIPE_RESOURCES)] * 2
    assert len(landed) == len(METRONOME_RESOURCES) + 2 * len(STRIPE_RESOURCES)
    assert {(each.account, each.source) for each in manifest.requests} == set(landed)
    rows = {
        (each.account, each.source): each.rows for each in manifest.resources if each.resource == "customers"
    }
    of_each = [each.account for each in world.company.customers.values()]
    assert [rows[name, "stripe"] for name in NAMES] == [of_each.count(name) for name in NAMES]
    assert f"eu: stripe/customers: {of_each.count('eu')} rows" in told


def test_the_same_environment_apart_is_read_twice(accounts: list[AccountToRead], tmp_path: Path) -> None:
    """Only accounts that name the same environment share it."""
    apart = [replace(each, environment=each.name) for each in accounts]
    manifest = _pull(apart, tmp_path)
    assert manifest.accounts == ("eu", "us")
    assert len(manifest.resources) == 2 * (len(METRONOME_RESOURCES) + len(STRIPE_RESOURCES))


def test_the_context_is_sent(accounts: list[AccountToRead], tmp_path: Path) -> None:
    """Another account's context is refused by the vendor; the line names the account and its variable."""
    us, eu = accounts
    wrong = replace(eu, stripe=replace(eu.stripe, context=ids.stripe_account("us")))
    failure = _failure([us, wrong], tmp_path)
    assert isinstance(failure, UsageError)
    assert str(failure).startswith("eu: stripe GET /v")
    assert "403" in str(failure)
    assert "KEY_eu" in str(failure)


def test_one_account_that_cannot_be_read_makes_the_landing_incomplete(
    accounts: list[AccountToRead], tmp_path: Path
) -> None:
    """What was read of the other stays, and proves nothing."""
    us, eu = accounts
    shared = replace(eu.metronome, token=SecretStr("wrong"), token_variable="OTHER_TOKEN")
    failure = _failure([us, replace(eu, environment="eu", metronome=shared)], tmp_path)
    assert str(failure).startswith("eu: metronome ")
    assert "OTHER_TOKEN" in str(failure)
    manifest = read_manifest(tmp_path / "run")
    assert not manifest.complete
    assert manifest.error == str(failure)


def test_a_stripe_that_does_not_answer_is_named(accounts: list[AccountToRead], tmp_path: Path) -> None:
    """With several accounts every error says whose it is."""
    us, eu = accounts
    nowhere = replace(eu, stripe=replace(eu.stripe, base_url=f"{eu.stripe.base_url}/nowhere"))
    failure = _failure([us, nowhere], tmp_path)
    assert isinstance(failure, ExtractionError)
    assert str(failure).startswith("eu: stripe GET /v")
