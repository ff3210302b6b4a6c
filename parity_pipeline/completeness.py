"""The control tables about the pull: what was read in full, of whom, and what it cost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from parity_pipeline.account_access import AccountAccess, shared_environments
from parity_pipeline.landing import LandedResource, Manifest
from parity_pipeline.sources.answered import Rotation
from parity_pipeline.sources.resources import RESOURCES, Source
from parity_pipeline.warehouse import InputTable, input_table

NOT_READ: Final = "not read"
_ALL_AT_ONCE: Final = Rotation(
    questions=0, most_a_run=0, customers=0, never_read=0, unanswered=0, runs_left=0
)


def completeness_table(accounts: Sequence[AccountAccess], manifest: Manifest | None) -> InputTable:
    """One row per resource of every account and environment: one that was not landed is not complete."""
    landed = {(each.account, each.source, each.resource): each for each in _landed(manifest)}
    names = _accounts_by_name(accounts)
    return input_table(
        "One row per resource that a run reads, with how far it got.",
        {
            "account": ("VARCHAR", "the Stripe account; those that share a Metronome environment by commas"),
            "source": ("VARCHAR", "stripe or metronome"),
            "resource": ("VARCHAR", "what was listed"),
            "requests": ("BIGINT", "requests that brought it"),
            "pages": ("BIGINT", "pages that were read"),
            "rows": ("BIGINT", "records that were landed"),
            "watermark": (
                "TIMESTAMP",
                "UTC instant up to which it was asked for; NULL when not read in full",
            ),
            "is_required": ("BOOLEAN", "whether the vendor must offer it"),
            "complete": ("BOOLEAN", "whether it was read to its end"),
            "note": ("VARCHAR", "what is special about it"),
            "reused": ("BIGINT", "questions whose answers come from an earlier landing"),
            "reused_from": ("VARCHAR", "the run of that landing; NULL when nothing was reused"),
            "oldest_read_at": (
                "TIMESTAMP",
                "UTC instant since which the oldest answer is known; NULL where nothing old is reused",
            ),
            "put_off": ("BIGINT", "customers that were not asked in this run, because customers take turns"),
            "never_read": ("BIGINT", "of those, customers of whom too little was ever read"),
            "runs_left": ("BIGINT", "about how many more runs it takes until there are none of those"),
            "landed_as": ("VARCHAR", "the account or environment under whose name it is landed"),
        },
        [
            _completeness_row(
                (named, each.source, each.name),
                landed.get((name, each.source, each.name)),
                is_required=each.required,
                landed_as=name,
            )
            for each in RESOURCES
            for (source, name), named in names.items()
            if source == each.source
        ],
    )


def _completeness_row(
    key: tuple[str, str, str], landed: LandedResource | None, *, is_required: bool, landed_as: str
) -> tuple[object, ...]:
    if landed is None:
        return (*key, 0, 0, 0, None, is_required, False, NOT_READ, 0, None, None, 0, 0, 0, landed_as)
    turns = landed.rotation or _ALL_AT_ONCE
    return (
        *key,
        landed.requests,
        landed.pages,
        landed.rows,
        _naive(landed.watermark),
        is_required,
        landed.complete and not turns.never_read,
        landed.note,
        landed.reused,
        landed.reused_from,
        _naive(landed.oldest_read_at if landed.reused else None),
        turns.customers,
        turns.never_read,
        turns.runs_left,
        landed_as,
    )


def _naive(instant: datetime | None) -> datetime | None:
    return instant.replace(tzinfo=None) if instant else None


def _landed(manifest: Manifest | None) -> Sequence[LandedResource]:
    return manifest.resources if manifest else ()


def _accounts_by_name(accounts: Sequence[AccountAccess]) -> dict[tuple[Source, str], str]:
    """What is landed under which name: the accounts it is about, joined by commas."""
    stripe: dict[tuple[Source, str], str] = {("stripe", each.name): each.name for each in accounts}
    return stripe | {
        ("metronome", environment): ",".join(each.name for each in sharers)
        for environment, sharers in shared_environments(accounts).items()
    }


def requests_table(accounts: Sequence[AccountAccess], manifest: Manifest | None) -> InputTable:
    """What every endpoint cost."""
    names = _accounts_by_name(accounts)
    return input_table(
        "One row per account and endpoint with what it cost to ask it.",
        {
            "account": ("VARCHAR", "the Stripe account; those that share a Metronome environment by commas"),
            "source": ("VARCHAR", "stripe or metronome"),
            "endpoint": ("VARCHAR", "path of the endpoint, ids replaced"),
            "planned": ("BIGINT", "requests foreseen before the pull; NULL when there was no plan"),
            "requests": ("BIGINT", "requests, repeated ones included"),
            "resumed": ("BIGINT", "questions answered by a pull of the same kind that was cut short"),
            "spared": ("BIGINT", "questions answered by an earlier landing"),
            "retries": ("BIGINT", "requests that repeated another"),
            "throttled": ("BIGINT", "answers with status 429"),
            "bytes": ("BIGINT", "bytes of the answers"),
            "waited_seconds": ("DECIMAL(18, 6)", "seconds spent waiting for a slot or before a retry"),
        },
        [
            (
                names.get((each.source, each.account), each.account),
                each.source,
                each.endpoint,
                each.planned,
                each.requests,
                each.resumed,
                each.spared,
                each.retries,
                each.throttled,
                each.bytes,
                each.waited_seconds,
            )
            for each in (manifest.requests if manifest else ())
        ],
    )


def usage_ages_table() -> InputTable:
    """Whose usage was not asked in this run; a landing fills it, for there may be very many."""
    return input_table(
        "One row per account and customer whose usage Stripe was not asked for in this run, since customers "
        "take turns; of all others it was read in this run.",
        {
            "account": ("VARCHAR", "the Stripe account"),
            "stripe_customer_id": ("VARCHAR", "Stripe's customer id"),
            "known_until": (
                "TIMESTAMP",
                "UTC; end of the days that Stripe was asked about last; NULL when too little was ever read",
            ),
            "read_at": ("TIMESTAMP", "UTC instant since which that is known; NULL likewise"),
            "put_off_at": ("TIMESTAMP", "UTC instant of this run's reading"),
        },
        [],
    )
