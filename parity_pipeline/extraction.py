"""One pull: from the settings to a sealed landing, going on where a pull that was killed stopped.

What is asked of the vendors is decided in sources; who may run at all in home_lock.py.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from parity_pipeline import warehouse
from parity_pipeline.earlier_landing import EarlierLanding
from parity_pipeline.errors import LandingError, OutageError, ParityError, UsageError
from parity_pipeline.home import DATABASE, Home
from parity_pipeline.landing import Manifest, newest_complete, read_manifest
from parity_pipeline.landing_writer import Background, LandingWriter
from parity_pipeline.mapping_files import Links
from parity_pipeline.progress import Tell, seconds_between, status
from parity_pipeline.retention import size_of
from parity_pipeline.run_request import RunRequest
from parity_pipeline.settings import Settings
from parity_pipeline.sources.doctor import Examination, examine
from parity_pipeline.sources.journal import MAX_AGE, Journal, Purpose
from parity_pipeline.sources.limits import Limits
from parity_pipeline.sources.metronome_api import limits_of_metronome
from parity_pipeline.sources.plan import Likeness, Planned, as_before, in_turns, seconds_needed
from parity_pipeline.sources.probe import first_plan
from parity_pipeline.sources.pull import pull_everything
from parity_pipeline.sources.resources import Source
from parity_pipeline.sources.stripe_api import limits_of_stripe
from parity_pipeline.vendor_access import (
    account_names,
    accounts_to_read,
    meter_links,
    origins_of,
    purpose_of,
)

Clock = Callable[[], datetime]
_LEAST_BYTES: Final = 1_000_000_000


@dataclass(frozen=True)
class Pull:
    """What was landed; an error when the pull did not get to its end."""

    manifest: Manifest | None
    error: str | None = None


@dataclass(frozen=True)
class VendorPlan:
    """What a pull will ask of one account or environment, how fast, and how long that takes."""

    name: str
    source: Source
    limits: Limits
    planned: tuple[Planned, ...]

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(each.requests for each in self.planned)

    @property
    def daily_requests(self) -> int:
        """Those of a run on another day."""
        return sum(each.requests if each.daily is None else each.daily for each in self.planned)

    @property
    def seconds(self) -> float:
        """How long they take at the limits."""
        return seconds_needed(self.planned, self.limits)


def plan(
    settings: Settings, request: RunRequest, links: Links, home: Home, *, clock: Clock
) -> list[VendorPlan]:
    """What the next pull will ask, and keep it for that pull. The caller holds the home folder."""
    purpose = purpose_of(settings, request, links)
    planned = _as_before(settings, request, home, now=clock())
    if planned is None:
        with closing(Journal(home.journal, purpose, now=clock())) as journal:
            first = asyncio.run(first_plan(accounts_to_read(settings), request.window, journal))
        planned = in_turns(first, _most_summaries(settings, request))
    if not request.is_full:
        home.plan.write_bytes(msgspec.json.encode(_KeptPlan(purpose.digest.hex(), tuple(planned))))
    return _vendors(settings, planned)


def land(
    settings: Settings, request: RunRequest, links: Links, home: Home, *, clock: Clock, tell: Tell
) -> Pull:
    """Land what both vendors say. Wrong credentials are raised; any other failure is an incomplete pull.

    The caller holds the home folder. What an outage or a killed process left is not asked for again.
    """
    home.drop_unsealed_landings()
    folder = home.landing(request.run_id)
    purpose = purpose_of(settings, request, links)
    earlier = _earlier(settings, request, home)
    background = Background(
        planned=_as_before(settings, request, home, now=clock()) or _kept_plan(home.plan, purpose),
        origins=origins_of(settings),
        reused_from=earlier.run_id if earlier else None,
        metadata_keys=settings.metadata_keys,
    )
    journal = Journal(home.journal, purpose, now=clock())
    for warning in low_disk(home):
        tell(warning)
    if journal.pages:
        tell(f"go on after {journal.pages} pages that were read before")
    writer = LandingWriter(folder, request.run_id, request.window, now=clock, background=background)
    try:
        pulling = pull_everything(
            accounts_to_read(settings, is_full=request.is_full),
            request.window,
            writer,
            meter_links=meter_links(links),
            on_progress=tell,
            journal=journal,
            earlier=earlier,
        )
        asyncio.run(_watched(pulling, journal, background.planned, tell))
        manifest = read_manifest(folder)
    except UsageError:
        raise
    except (OutageError, LandingError) as error:
        return Pull(_manifest_if_any(folder), error=str(error))
    except ParityError as error:
        journal.drop()  # what was said does not fit together, so it is asked anew
        return Pull(_manifest_if_any(folder), error=str(error))
    finally:
        journal.close()
    journal.drop()
    return Pull(manifest)


def examine_keys(settings: Settings, *, now: datetime) -> Examination:
    """Ask every endpoint that a run needs once."""
    return asyncio.run(examine(accounts_to_read(settings), now=now))


def places(settings: Settings, home: Home) -> list[str]:
    """How fast each vendor may be asked, and how much room there is for what they say."""
    lines = [f"{each.source} {each.name}: {_speed(each.limits)}" for each in _vendors(settings, ())]
    return [*lines, f"{home.free_bytes / 1e9:.1f} GB are free for {home.folder}", *low_disk(home)]


def low_disk(home: Home) -> list[str]:
    """A warning where there is little room: less than a gigabyte, or than four times the last landing."""
    newest = next(iter(home.landings()), None)
    needed = max(_LEAST_BYTES, 4 * size_of(newest) if newest else 0)
    if home.free_bytes >= needed:
        return []
    return [f"Warning: a run may need {needed / 1e9:.1f} GB, and {home.free_bytes / 1e9:.1f} GB are free"]


def _speed(limits: Limits) -> str:
    a_second = f"{limits.per_second:g} a second" if limits.per_second else "no published rate"
    endpoint = f", {limits.per_endpoint:g} an endpoint" if limits.per_endpoint else ""
    return f"{a_second}{endpoint}, {limits.concurrent} at once"


def _vendors(settings: Settings, planned: Sequence[Planned]) -> list[VendorPlan]:
    vendors: list[tuple[str, Source, Limits]] = [
        (each.name, "stripe", limits_of_stripe(each.stripe)) for each in accounts_to_read(settings)
    ]
    environments = {each.environment: each.metronome for each in reversed(accounts_to_read(settings))}
    vendors += [(name, "metronome", limits_of_metronome(access)) for name, access in environments.items()]
    return [VendorPlan(name, source, limits, _of(planned, name, source)) for name, source, limits in vendors]


async def _watched(
    pulling: Coroutine[Any, Any, None], journal: Journal, planned: Sequence[Planned], tell: Tell
) -> None:
    """Pull, and tell now and then how far it is."""
    began, expected = time.monotonic(), sum(each.requests for each in planned)

    async def watch() -> None:
        while True:
            await asyncio.sleep(seconds_between(tell))
            seconds = time.monotonic() - began
            tell(status(answered=journal.answered, planned=expected, seconds=seconds))

    watching = asyncio.create_task(watch())
    try:
        await pulling
    finally:
        watching.cancel()


@dataclass(frozen=True)
class _KeptPlan:
    purpose: str
    planned: tuple[Planned, ...]


def _as_before(settings: Settings, request: RunRequest, home: Home, *, now: datetime) -> list[Planned] | None:
    """The plan that an earlier landing gives."""
    found = newest_complete(home.landings(), account_names(settings), as_of=request.window.as_of)
    if found is None:
        return None
    _, manifest = found
    likeness = Likeness(
        is_usable=not request.is_full and manifest.origins == origins_of(settings),
        is_recent=manifest.window == request.window and abs(now - manifest.started_at) <= MAX_AGE,
        turns={each.account: each.rotation.unanswered for each in manifest.resources if each.rotation},
    )
    planned = as_before(manifest.requests, manifest.run_id, likeness)
    return in_turns(planned, _most_summaries(settings, request))


def _most_summaries(settings: Settings, request: RunRequest) -> dict[str, int | None]:
    """How many questions about event summaries the run may ask each account."""
    accounts = accounts_to_read(settings, is_full=request.is_full)
    return {each.name: each.most_summaries for each in accounts}


def _earlier(settings: Settings, request: RunRequest, home: Home) -> EarlierLanding | None:
    """The landing that need not be asked for again; one that was altered is not relied on."""
    if request.is_full:
        return None
    found = newest_complete(home.landings(), account_names(settings), as_of=request.window.as_of)
    try:
        return EarlierLanding(found[0], origins_of(settings), _differing(home)) if found else None
    except LandingError:
        return None


def _differing(home: Home) -> frozenset[str]:
    """The Stripe customers that were not in parity when last published: somebody may be mending them."""
    file = home.published / DATABASE
    if not file.is_file():
        return frozenset()
    query = "select stripe_customer_id from parity.customer_status where status = 'not_in_parity'"
    try:
        with warehouse.connect(file, read_only=True) as connection:
            _, rows = warehouse.answer(connection, query)
    except warehouse.DatabaseError:
        return frozenset()
    return frozenset(str(customer) for (customer,) in rows if customer)


def _kept_plan(file: Path, purpose: Purpose) -> Sequence[Planned]:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_KeptPlan)
    except (OSError, msgspec.DecodeError):
        return ()
    return kept.planned if kept.purpose == purpose.digest.hex() else ()


def _of(planned: Sequence[Planned], name: str, source: Source) -> tuple[Planned, ...]:
    return tuple(each for each in planned if (each.account, each.source) == (name, source))


def _manifest_if_any(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ParityError:
        return None
