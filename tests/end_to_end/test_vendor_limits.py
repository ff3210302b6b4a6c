"""Pulls against a sandbox that enforces limits: nothing is lost, and few requests are refused."""

from pathlib import Path

from extractions import complete, digests, extract, requests, served
from sandbox_runs import world

LIMIT = 80
KNOWN = {
    "PARITY_LIMITS__STRIPE_PER_SECOND": "80",
    "PARITY_LIMITS__STRIPE_PER_ENDPOINT": "20",
    "PARITY_LIMITS__METRONOME_PER_SECOND": "80",
    "PARITY_LIMITS__METRONOME_PER_ENDPOINT": "20",
}


def test_known_and_unknown_limits(tmp_path: Path) -> None:
    """With known limits under 1 % are refused, with unknown ones it finds them; both land the same."""
    told = world(customers=12)
    with served(told, tmp_path / "free") as variables:
        free = complete(extract(variables, tmp_path / "free_home"))
    with served(told, tmp_path / "limited", requests_per_second=LIMIT) as variables:
        known = complete(extract({**variables, **KNOWN}, tmp_path / "known_home"))
        unknown = complete(extract(variables, tmp_path / "unknown_home"))
    assert digests(known) == digests(free)
    assert digests(unknown) == digests(free)
    refused = sum(each.throttled for each in known.requests)
    assert refused <= requests(known) / 100
    assert sum(each.throttled for each in unknown.requests) > 0
