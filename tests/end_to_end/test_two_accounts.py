"""Two Stripe accounts and the Metronome environment that they share, in one run over HTTP."""

from pathlib import Path

import pytest
from sandbox_runs import AS_OF, NOW, SEED, Run

from parity_pipeline import pipeline
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox import ids
from parity_pipeline.sandbox.metronome_side.api import metronome_app
from parity_pipeline.sandbox.server import write_configuration
from parity_pipeline.sandbox.serving import served_together
from parity_pipeline.sandbox.stripe_side.api import stripe_app
from parity_pipeline.sandbox.world import World, build_world
from parity_pipeline.settings import load_settings

ACCOUNTS = ("us", "eu")
CHECKS = ("invoice_totals", "line_item_quantities", "contract_coverage", "event_ingestion")


def _world() -> World:
    """Sixty customers, a quarter of them in eu."""
    return build_world(seed=SEED, as_of=AS_OF, customers=60, accounts=2)


def _run(world: World, folder: Path) -> Run:
    """A run against two pretend Stripes, the second by its context, and one pretend Metronome."""
    apps = [(stripe_app(world, api_key=f"rk_test_{name}", account=name), 0) for name in ACCOUNTS]
    config = write_configuration(world, folder / "config")
    context = {"eu": f'stripe_context = "{ids.stripe_account("eu")}"\n', "us": ""}
    with config.open("a", encoding="utf-8") as file:
        for name in ACCOUNTS:
            file.write(
                f'\n[accounts.{name}]\nstripe_api_key_env = "KEY_{name}"\n'
                f'stripe_api_base_env = "BASE_{name}"\n{context[name]}'
            )
    with served_together(*apps, (metronome_app(world, token="token"), 0)) as addresses:
        environment = {
            "KEY_us": "rk_test_us",
            "KEY_eu": "rk_test_eu",
            "BASE_us": addresses[0],
            "BASE_eu": addresses[1],
            "METRONOME_BEARER_TOKEN": "token",
            "METRONOME_BASE_URL": addresses[2],
        }
        settings = load_settings(environment, config=config, home=folder / "home")
        request = make_request(now=NOW, as_of=AS_OF.isoformat(), configured_start=settings.parallel_run.start)
        outcome = pipeline.run(settings, request, clock=lambda: NOW, tell=lambda _: None)
    return Run(outcome.result, folder / "home")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on the clean world of two accounts."""
    return _run(_world(), tmp_path_factory.mktemp("clean"))


def test_two_clean_accounts_are_go(clean: Run) -> None:
    """Both are compared in every check; no Metronome customer is left over."""
    assert clean.result.verdict.reasons == ()
    assert clean.result.verdict.decision == "GO"
    for check in CHECKS:
        assert clean.rows(f"select distinct account from parity.{check} order by account") == [
            ("eu",),
            ("us",),
        ]


def test_a_customer_stands_under_its_own_account(clean: Run) -> None:
    """No Stripe customer is in two accounts, and none is compared under the other's name."""
    told = sorted(
        (each.account, ids.stripe_customer(each.key)) for each in _world().company.customers.values()
    )
    found = clean.rows("select account, stripe_customer_id from control.customer_map where status = 'linked'")
    assert sorted(found) == told


def test_a_shared_environment_is_read_once(clean: Run) -> None:
    """Completeness has one row a Metronome resource for both accounts, and one a Stripe resource for each."""
    query = "select distinct source, account from control.completeness order by source, account"
    assert clean.rows(query) == [("metronome", "us,eu"), ("stripe", "eu"), ("stripe", "us")]
    landed = sorted(path.name for path in next((clean.home / "landing").iterdir()).iterdir())
    assert landed == ["eu", "manifest.json", "us", "us.eu"]


def test_a_fault_in_one_account_is_not_outvoted(tmp_path: Path) -> None:
    """Every fourth event of eu's customers is lost: NO_GO, all of it under eu, and us is as it was."""
    world = _world()
    of_eu = {key for key, each in world.company.customers.items() if each.account == "eu"}
    events = world.metronome.events
    lost = [each for each in events if each.customer in of_eu][::4]
    lost_ids = {each.event_id for each in lost}
    events[:] = [each for each in events if each.event_id not in lost_ids]
    run = _run(world, tmp_path)
    assert run.result.verdict.decision == "NO_GO"
    assert all("of eu" in each or ": eu: " in each for each in run.result.verdict.reasons)
    assert run.rows("select distinct account from parity.findings") == [("eu",)]
    failed = run.rows("select account, check_name from parity.check_unit_cycles where not is_within")
    assert {account for account, _ in failed} == {"eu"}
    assert {"event_ingestion", "invoice_totals", "line_item_quantities"} <= {check for _, check in failed}
    assert run.rows(
        "select distinct status from parity.customer_status where account = 'us' order by all"
    ) == [
        ("in_parity",),
        ("pending",),
    ]
