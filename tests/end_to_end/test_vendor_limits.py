"""Pulls against a sandbox that enforces limits: nothing is lost, and few requests are refused."""

from pathlib import Path

from extractions import complete, digests, extract, requests, served
from sandbox_runs import world

from parity_pipeline.sandbox.disruptions import Disruption

LIMIT = 80
KNOWN = {
    "PARITY_LIMITS__STRIPE_PER_SECOND": "80",
    "PARITY_LIMITS__STRIPE_PER_ENDPOINT": "20",
    "PARITY_LIMITS__METRONOME_PER_SECOND": "80",
    "PARITY_LIMITS__METRONOME_PER_ENDPOINT": "20",
}


def test_known_and_unknown_limits(tmp_path: Path) -> None:
    """With known limits few are refused even on a busy machine, unknown ones are found; all land the same."""
    told = world(customers=12)
    with served(told, tmp_path / "free") as variables:
        free = complete(extract(variables, tmp_path / "free_home"))
    with served(told, tmp_path / "limited", requests_per_second=LIMIT) as variables:
        known = complete(extract({**variables, **KNOWN}, tmp_path / "known_home"))
        unknown = complete(extract(variables, tmp_path / "unknown_home"))
    assert digests(known) == digests(free)
    assert digests(unknown) == digests(free)
    refused = sum(each.throttled for each in known.requests)
    assert refused <= requests(known) / 20
    assert sum(each.throttled for each in unknown.requests) > 0


def test_trouble_lands_the_same(tmp_path: Path) -> None:
    """Of all answers 5 % are 429, 5 % are 503, 1 % break off, some are slow: the landing is the calm one."""
    trouble = (
        Disruption("", "status", status=429, share=0.05, retry_after=0),
        Disruption("", "status", status=503, share=0.05, retry_after=0),
        Disruption("", "disconnect", share=0.01),
        Disruption("", "slow", seconds=0.05, share=0.05),
        Disruption("/v2/contracts", "status", status=500, lasting=1.0),
    )
    told = world(customers=6)
    with served(told, tmp_path / "calm") as variables:
        calm = complete(extract(variables, tmp_path / "calm_home"))
    with served(told, tmp_path / "rough", trouble) as variables:
        rough = complete(extract(variables, tmp_path / "rough_home"))
    assert digests(rough) == digests(calm)
    retries = sum(each.retries for each in rough.requests)
    assert retries >= requests(calm) / 20
    assert requests(rough) - retries == requests(calm)
