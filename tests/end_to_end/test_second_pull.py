"""A second pull of the same days asks for less and lands the same, also when the data changed meanwhile."""

from pathlib import Path

import pytest
from extractions import complete, digests, extract, free_ports, requests, served, served_at
from sandbox_runs import world

from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest, landed_file
from parity_pipeline.sources.resources import metronome_resource


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
    assert set(_reused(second)) == {"meter_error_events"}
    assert {each.reused_from for each in second.resources} == {None, first.run_id}
    assert requests(full) == requests(first)
    assert requests(second) <= requests(first) - sum(_reused(second).values())  # a question has many pages
    assert sum(each.spared for each in second.requests) == sum(_reused(second).values())


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
