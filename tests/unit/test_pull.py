"""The whole pull against the sandbox over HTTP: complete, repeatable, and honest when it breaks off."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from parity_pipeline.errors import ExtractionError, ParityError, UsageError
from parity_pipeline.landing import Manifest, read_manifest
from parity_pipeline.landing_writer import LandingWriter
from parity_pipeline.periods import Window
from parity_pipeline.sandbox.disruptions import Disruption
from parity_pipeline.sandbox.server import RunningSandbox, running_sandbox
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.sources.metronome_api import MetronomeAccess
from parity_pipeline.sources.pull import AccountToRead, pull_everything
from parity_pipeline.sources.resources import RESOURCES
from parity_pipeline.sources.stripe_api import StripeAccess

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
WINDOW = Window(datetime(2026, 9, 1, tzinfo=UTC), AS_OF)


@pytest.fixture(scope="module")
def world() -> World:
    """A small clean world."""
    return build_world(seed=7, as_of=AS_OF, customers=12)


def _account(sandbox: RunningSandbox, *, key: str | None = None) -> AccountToRead:
    return AccountToRead(
        name="default",
        environment="default",
        stripe=StripeAccess(SecretStr(key or sandbox.stripe_key), sandbox.stripe_url),
        metronome=MetronomeAccess(SecretStr(sandbox.metronome_token), sandbox.metronome_url),
    )


def _pull(
    world: World,
    folder: Path,
    *disruptions: Disruption,
    key: str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Manifest:
    with running_sandbox(world, folder=folder, disruptions=disruptions) as sandbox:
        asyncio.run(
            pull_everything(
                [_account(sandbox, key=key)],
                WINDOW,
                LandingWriter(folder / "run", "run", WINDOW),
                on_progress=on_progress,
            )
        )
    return read_manifest(folder / "run")


def test_two_pulls_of_one_world_are_equal(world: World, tmp_path: Path) -> None:
    """Everything is read in full, and the same facts give the same digests."""
    told: list[str] = []
    first = _pull(world, tmp_path / "one", on_progress=told.append)
    second = _pull(world, tmp_path / "two")
    assert first.complete
    assert {(landed.source, landed.resource) for landed in first.resources} == {
        (resource.source, resource.name) for resource in RESOURCES
    }
    assert [landed.sha256 for landed in first.resources] == [landed.sha256 for landed in second.resources]
    assert len(told) == len(RESOURCES)
    assert "stripe/customers: 12 rows" in told


def test_passing_trouble_changes_nothing(world: World, tmp_path: Path) -> None:
    """Throttling, a failure and a lost connection are overcome; the ledger remembers them."""
    calm = _pull(world, tmp_path / "calm")
    rough = _pull(
        world,
        tmp_path / "rough",
        Disruption("/v1/invoices", "status", status=429, times=2, retry_after=0),
        Disruption("/v1/usage", "status", status=503, times=1, retry_after=0),
        Disruption("/v2/contracts/list", "disconnect", times=1),
        Disruption("/v1/prices", "truncated", times=1),
    )
    assert [landed.sha256 for landed in rough.resources] == [landed.sha256 for landed in calm.resources]
    counts = {count.endpoint: count for count in rough.requests}
    assert (counts["GET /v1/invoices"].retries, counts["GET /v1/invoices"].throttled) == (2, 2)
    assert counts["GET /v1/prices"].retries == 1


@pytest.mark.parametrize(
    ("disruption", "kind", "named"),
    [
        (Disruption("/v1/invoices", "malformed"), ExtractionError, "stripe GET /v1/invoices"),
        (Disruption("/v1/billing/credit_grants", "status", status=403), UsageError, "credit_grants"),
        (Disruption("/v1/billing/credit_grants", "status", status=404), ExtractionError, "not found"),
        (Disruption("/v1/customers", "missing_field", field="id"), ExtractionError, "`id`"),
        (Disruption("customerBalances", "status", status=401), UsageError, "METRONOME_BEARER_TOKEN"),
        (Disruption("/v1/usage/groups", "malformed"), ExtractionError, "metronome POST /v1/usage/groups"),
    ],
    ids=lambda value: value.where if isinstance(value, Disruption) else None,
)
def test_a_broken_page_leaves_an_incomplete_landing(
    disruption: Disruption, kind: type[ParityError], named: str, world: World, tmp_path: Path
) -> None:
    """The first failure is raised as one line; what was landed stays, marked incomplete."""
    with pytest.raises(kind) as caught:
        _pull(world, tmp_path, disruption)
    manifest = read_manifest(tmp_path / "run")
    assert named in str(caught.value)
    assert manifest.error == str(caught.value)
    assert not manifest.complete
    assert manifest.requests


def test_a_wrong_key(world: World, tmp_path: Path) -> None:
    """A key that Stripe refuses is a matter of configuration, and is not repeated."""
    with pytest.raises(UsageError, match="STRIPE_API_KEY") as caught:
        _pull(world, tmp_path, key="rk_test_wrong")
    assert "rk_test_wrong" not in str(caught.value)


def test_an_interrupted_pull(world: World, tmp_path: Path) -> None:
    """A pull that is stopped from outside leaves an incomplete landing that says so."""

    async def stopped() -> None:
        with running_sandbox(world, folder=tmp_path) as sandbox:
            pulling = pull_everything(
                [_account(sandbox)],
                WINDOW,
                LandingWriter(tmp_path / "run", "run", WINDOW),
            )
            await asyncio.wait_for(pulling, timeout=0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(stopped())
    manifest = read_manifest(tmp_path / "run")
    assert (manifest.complete, manifest.error) == (False, "unexpected: CancelledError")


def test_optional_listings_may_be_absent(world: World, tmp_path: Path) -> None:
    """A vendor that does not offer an optional listing gives a complete landing with a note."""
    absent = [Disruption(path, "status", status=404) for path in ("/v1/coupons", "/v1/credit-types/list")]
    manifest = _pull(world, tmp_path, *absent)
    notes = {landed.resource: landed.note for landed in manifest.resources if landed.note}
    assert manifest.complete
    assert (notes["coupons"] or "").startswith("not offered: stripe GET /v1/coupons")
    assert (notes["credit_types"] or "").startswith("not offered: metronome GET /v1/credit-types/list")


def test_an_address_that_is_none(tmp_path: Path) -> None:
    """A base URL that is no address is refused before anything is sent."""
    with pytest.raises(UsageError, match="METRONOME_BASE_URL"):
        asyncio.run(
            pull_everything(
                [
                    AccountToRead(
                        "default",
                        "default",
                        StripeAccess(SecretStr("rk_test_x"), "http://127.0.0.1:1"),
                        MetronomeAccess(SecretStr("t"), "metronome"),
                    )
                ],
                WINDOW,
                LandingWriter(tmp_path / "run", "run", WINDOW),
            )
        )
