"""A second pull of the same days asks for less and lands the same, also when the data changed meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from extractions import complete, digests, extract, free_ports, requests, served, served_at
from sandbox_runs import AS_OF, Run, world

from parity_pipeline import pipeline
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest, landed_file
from parity_pipeline.run_request import make_request
from parity_pipeline.sandbox.facts import Refund
from parity_pipeline.sandbox.world import World
from parity_pipeline.settings import load_settings
from parity_pipeline.sources.journal import MAX_AGE
from parity_pipeline.sources.resources import metronome_resource

PARITY_TABLES = (
    "invoice_totals",
    "line_item_quantities",
    "credit_drawdowns",
    "contract_coverage",
    "event_ingestion",
    "group_key_coverage",
    "findings",
    "customer_status",
)


def _reused(manifest: Manifest) -> dict[str, int]:
    return {each.resource: each.reused for each in manifest.resources if each.reused}


def test_an_unchanged_world_costs_less(tmp_path: Path) -> None:
    """Equal digests; the reports of dropped events come from the first landing, which is named."""
    home = tmp_path / "home"
    with served(world(customers=15), tmp_path) as variables:
        first = complete(extract(variables, home))
        second = complete(extract(variables, home))
        full = complete(extract(variables, home, is_full=True))
    assert digests(second) == digests(first) == digests(full)
    assert set(_reused(second)) == {"meter_error_events", "meter_event_summaries"}
    assert {each.reused_from for each in second.resources} == {None, first.run_id}
    assert requests(full) == requests(first)
    assert requests(second) <= requests(first) - sum(_reused(second).values())  # a question has many pages
    assert sum(each.spared for each in second.requests) == sum(_reused(second).values())
    summaries = "GET /v1/billing/meters/{id}/event_summaries"
    asked = {each.endpoint: each.requests for each in second.requests}[summaries]
    questions = asked + _reused(second)["meter_event_summaries"]
    assert asked == max(10, questions // 20)  # a sample is asked all the same


def test_the_age_of_an_answer_is_handed_on(tmp_path: Path) -> None:
    """A third pull uses the answers of the first, and says since when they are known."""
    home = tmp_path / "home"
    with served(world(customers=6), tmp_path) as variables:
        pulls = [complete(extract(variables, home)) for _ in range(3)]
    ages = [
        {each.oldest_read_at for each in one.resources if each.resource == "meter_event_summaries"}
        for one in pulls
    ]
    assert ages[0] == ages[1] == ages[2]
    (known_since,) = ages[0]
    assert known_since is not None
    assert known_since <= pulls[0].started_at


def test_answers_of_yesterday_are_asked_again(tmp_path: Path) -> None:
    """The same questions half a day later, or about another day, are asked anew."""
    home = tmp_path / "home"
    with served(world(customers=6), tmp_path) as variables:
        first = complete(extract(variables, home))
        later = first.started_at + MAX_AGE + timedelta(minutes=1)
        half_a_day_later = complete(extract(variables, home, now=later))
        next_day = complete(extract(variables, home, as_of=AS_OF - timedelta(days=1)))
    assert digests(half_a_day_later) == digests(first)
    assert set(_reused(half_a_day_later)) == set(_reused(next_day)) == {"meter_error_events"}


@pytest.mark.parametrize(
    "faults",
    [
        ("events_late", "invoice_revised", "contract_late", "credit_amount"),
        ("events_missing", "contract_ended", "rate_mismatch", "discount_missing"),
        ("contract_overlap", "tier_mismatch", "events_extra", "threshold_billed"),
        ("group_value_case", "group_value_unrated"),
    ],
    ids="+".join,
)
def test_changed_data_is_seen(faults: tuple[str, ...], tmp_path: Path) -> None:
    """Late events, reissued invoices, contracts edited backwards, usage split anew: as by a full pull."""
    ports, home = free_ports(), tmp_path / "home"
    with served_at(world(customers=20), tmp_path / "before", ports) as variables:
        before = complete(extract(variables, home))
    with served_at(world(*faults, customers=20), tmp_path / "after", ports) as variables:
        after = complete(extract(variables, home))
        full = complete(extract(variables, tmp_path / "full"))
    assert digests(after) == digests(full) != digests(before)
    assert requests(after) < requests(full)


CHANGES = (
    "events_late",
    "events_extra",
    "invoice_revised",
    "contract_ended",
    "credit_amount",
    "rate_mismatch",
)


CREDIT_NOTES = "select coalesce(sum(count), 0) from control.exclusions where reason = 'stripe_credit_note'"


def _refunded(told: World) -> World:
    """The same, and everybody was given two units of money back for the month that ended last."""
    for key, each in told.stripe.customers.items():
        months = (AS_OF.year - each.started_at.year) * 12 + AS_OF.month - each.started_at.month
        ended = months - (each.started_at.day > AS_OF.day)
        told.stripe.customers[key] = replace(each, refund=Refund(ended, Decimal(2)))
    return told


def test_a_second_run_judges_as_a_full_one(tmp_path: Path) -> None:
    """After late events, credit notes, a reissued invoice, a contract edited backwards: rows and verdict."""
    ports = free_ports()
    with served_at(world(customers=20), tmp_path / "before", ports) as variables:
        before = _run(variables, tmp_path / "home")
        ((notes_before,),) = before.rows(CREDIT_NOTES)
    with served_at(_refunded(world(*CHANGES, customers=20)), tmp_path / "after", ports) as variables:
        second = _run(variables, tmp_path / "home")
        full = _run(variables, tmp_path / "full")
    assert before.result.verdict.decision == "GO"
    assert second.result.verdict == full.result.verdict
    assert second.result.verdict.decision == "NO_GO"
    for table in (*(f"parity.{each}" for each in PARITY_TABLES), "control.exclusions"):
        query = f"select * from {table} order by all"  # names of our own
        assert second.rows(query) == full.rows(query)
    assert second.rows(CREDIT_NOTES)[0][0] >= notes_before + 5
    reused = "select reused > 0, oldest_read_at is not null from control.completeness where resource = "
    assert second.rows(reused + "'meter_event_summaries'") == [(True, True)]
    assert full.rows(reused + "'meter_event_summaries'") == [(False, False)]


def _run(variables: dict[str, str], home: Path) -> Run:
    settings, now = load_settings(variables, home=home), datetime.now(UTC)
    request = make_request(now=now, as_of=AS_OF.isoformat(), configured_start=settings.parallel_run.start)
    outcome = pipeline.run(settings, request, clock=lambda: datetime.now(UTC), tell=lambda _: None)
    return Run(outcome.result, home)


def test_other_metadata_is_asked_anew(tmp_path: Path) -> None:
    """A cohort by a key that was not kept before is not answered by that landing; the same key is."""
    home = tmp_path / "home"

    def cohort(key: str, value: str) -> dict[str, str]:
        prefix = "PARITY_COHORTS__FIRST__STRIPE_METADATA__"
        return {**variables, f"{prefix}KEY": key, f"{prefix}VALUE": value}

    with served(world(customers=15), tmp_path) as variables:
        without = complete(extract(variables, home))
        first = complete(extract(cohort("launch", "early"), home))
        same_key = complete(extract(cohort("launch", "later"), home))
        full = complete(extract(cohort("launch", "early"), home, is_full=True))
    assert (without.metadata_keys, first.metadata_keys) == ((), ("launch",))
    assert _reused(first) == {}
    assert _reused(same_key)
    assert digests(first) == digests(same_key) == digests(full)
    changed = {now[1] for was, now in zip(digests(without), digests(first), strict=True) if was != now}
    assert changed == {"customers"}


def test_an_altered_landing_is_not_relied_on(tmp_path: Path) -> None:
    """When a landed file's digest is wrong, everything is asked again."""
    home = tmp_path / "home"
    with served(world(customers=6), tmp_path) as variables:
        first = complete(extract(variables, home))
        altered = landed_file(Home(home).landing(first.run_id), "default", metronome_resource("usage_groups"))
        altered.write_bytes(altered.read_bytes() + b"\0")
        second = complete(extract(variables, home))
    assert _reused(second) == {}
    assert digests(second) == digests(first)


def test_another_address_is_not_the_same_account(tmp_path: Path) -> None:
    """A landing that was read elsewhere answers nothing, whatever the account is called."""
    home = tmp_path / "home"
    for place in ("one", "two"):
        with served(world(customers=6), tmp_path / place) as variables:
            pulled = complete(extract(variables, home))
    assert _reused(pulled) == {}
