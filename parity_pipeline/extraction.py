"""One pull: from the settings to a sealed landing, going on where a pull that was killed stopped.

What is asked of the vendors is decided in sources; who may run at all in home_lock.py.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from parity_pipeline.account_access import AccountAccess
from parity_pipeline.earlier_landing import EarlierLanding
from parity_pipeline.errors import LandingError, OutageError, ParityError, UsageError
from parity_pipeline.home import Home
from parity_pipeline.landing import Manifest, newest_complete, read_manifest
from parity_pipeline.landing_writer import Background, LandingWriter
from parity_pipeline.mapping_files import Links
from parity_pipeline.progress import Tell, seconds_between, status
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import LimitsSection
from parity_pipeline.settings import Settings
from parity_pipeline.sources.doctor import Examination, examine
from parity_pipeline.sources.journal import Journal, Purpose
from parity_pipeline.sources.limits import LimitChanges, Limits
from parity_pipeline.sources.metronome_api import MetronomeAccess, limits_of_metronome
from parity_pipeline.sources.metronome_usage import MeterLink
from parity_pipeline.sources.plan import SPARED, Planned, as_before, seconds_needed
from parity_pipeline.sources.probe import first_plan
from parity_pipeline.sources.pull import AccountToRead, pull_everything
from parity_pipeline.sources.resources import Source
from parity_pipeline.sources.stripe_api import StripeAccess, limits_of_stripe

Clock = Callable[[], datetime]


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
    def seconds(self) -> float:
        """How long they take at the limits."""
        return seconds_needed(self.planned, self.limits)


def plan(
    settings: Settings, request: RunRequest, links: Links, home: Home, *, clock: Clock
) -> list[VendorPlan]:
    """What the next pull will ask, and keep it for that pull. The caller holds the home folder."""
    purpose = _purpose(settings, request, links)
    planned = _as_before(settings, request, home)
    if planned is None:
        with closing(Journal(home.journal, purpose, now=clock())) as journal:
            planned = asyncio.run(first_plan(_accounts(settings), request.window, journal))
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
    purpose = _purpose(settings, request, links)
    earlier = _earlier(settings, request, home)
    background = Background(
        planned=_as_before(settings, request, home) or _kept_plan(home.plan, purpose),
        origins=_origins(settings),
        reused_from=earlier.run_id if earlier else None,
        metadata_keys=settings.metadata_keys,
    )
    journal = Journal(home.journal, purpose, now=clock())
    if journal.pages:
        tell(f"go on after {journal.pages} pages that were read before")
    writer = LandingWriter(folder, request.run_id, request.window, now=clock, background=background)
    try:
        pulling = pull_everything(
            _accounts(settings),
            request.window,
            writer,
            meter_links=_meter_links(links),
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
    return asyncio.run(examine(_accounts(settings), now=now))


def places(settings: Settings, home: Home) -> list[str]:
    """How fast each vendor may be asked, and how much room there is for what they say."""
    lines = [f"{each.source} {each.name}: {_speed(each.limits)}" for each in _vendors(settings, ())]
    folder = next(each for each in (home.folder, *home.folder.resolve().parents) if each.exists())
    return [*lines, f"{shutil.disk_usage(folder).free / 1e9:.1f} GB are free for {home.folder}"]


def _speed(limits: Limits) -> str:
    a_second = f"{limits.per_second:g} a second" if limits.per_second else "no published rate"
    endpoint = f", {limits.per_endpoint:g} an endpoint" if limits.per_endpoint else ""
    return f"{a_second}{endpoint}, {limits.concurrent} at once"


def _vendors(settings: Settings, planned: Sequence[Planned]) -> list[VendorPlan]:
    vendors: list[tuple[str, Source, Limits]] = [
        (each.name, "stripe", limits_of_stripe(each.stripe)) for each in _accounts(settings)
    ]
    environments = {each.environment: each.metronome for each in reversed(_accounts(settings))}
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


def _as_before(settings: Settings, request: RunRequest, home: Home) -> list[Planned] | None:
    """The plan that an earlier landing gives."""
    found = newest_complete(home.landings(), _names(settings))
    if found is None:
        return None
    _, manifest = found
    is_like = not request.is_full and manifest.origins == _origins(settings)
    spared = SPARED if is_like else frozenset[str]()
    return as_before(manifest.requests, manifest.run_id, spared)


def _earlier(settings: Settings, request: RunRequest, home: Home) -> EarlierLanding | None:
    """The landing that need not be asked for again; one that was altered is not relied on."""
    found = None if request.is_full else newest_complete(home.landings(), _names(settings))
    try:
        return EarlierLanding(found[0], _origins(settings)) if found else None
    except LandingError:
        return None


def _names(settings: Settings) -> set[str]:
    return {name for each in settings.accounts for name in (each.name, each.environment)}


def _origins(settings: Settings) -> dict[str, str]:
    """Who is asked, by `source/account`.

    Answers of another key, address or program, or with other metadata kept, are not reused.
    """
    found = {}
    for each in _accounts(settings):
        stripe, metronome = each.stripe, each.metronome
        key, token = stripe.api_key.get_secret_value(), metronome.token.get_secret_value()
        asked = (key, stripe.base_url, stripe.context, stripe.metadata_keys)
        found[f"stripe/{each.name}"] = Purpose.of(*asked).digest.hex()
        found.setdefault(f"metronome/{each.environment}", Purpose.of(token, metronome.base_url).digest.hex())
    return found


def _kept_plan(file: Path, purpose: Purpose) -> Sequence[Planned]:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=_KeptPlan)
    except (OSError, msgspec.DecodeError):
        return ()
    return kept.planned if kept.purpose == purpose.digest.hex() else ()


def _of(planned: Sequence[Planned], name: str, source: Source) -> tuple[Planned, ...]:
    return tuple(each for each in planned if (each.account, each.source) == (name, source))


def _purpose(settings: Settings, request: RunRequest, links: Links) -> Purpose:
    accounts = _accounts(settings)
    keys = [
        (each.stripe.api_key.get_secret_value(), each.metronome.token.get_secret_value()) for each in accounts
    ]
    return Purpose.of(request.window, accounts, keys, _meter_links(links))


def _accounts(settings: Settings) -> list[AccountToRead]:
    keys = settings.metadata_keys
    return [_to_read(each, settings.limits, metadata_keys=keys) for each in settings.accounts]


def _to_read(
    account: AccountAccess, limits: LimitsSection, *, metadata_keys: tuple[str, ...]
) -> AccountToRead:
    return AccountToRead(
        name=account.name,
        environment=account.environment,
        stripe=StripeAccess(
            api_key=account.stripe_api_key,
            base_url=account.stripe_api_base,
            context=account.stripe_context,
            key_variable=account.stripe_api_key_env,
            address_variable=account.stripe_api_base_env,
            limits=LimitChanges(
                limits.stripe_concurrent, limits.stripe_per_second, limits.stripe_per_endpoint
            ),
            metadata_keys=metadata_keys,
        ),
        metronome=MetronomeAccess(
            token=account.metronome_bearer_token,
            base_url=account.metronome_base_url,
            token_variable=account.metronome_bearer_token_env,
            address_variable=account.metronome_base_url_env,
            limits=LimitChanges(
                limits.metronome_concurrent, limits.metronome_per_second, limits.metronome_per_endpoint
            ),
        ),
    )


def _meter_links(links: Links) -> list[MeterLink]:
    return [
        MeterLink(
            event_name=each.event_name,
            billable_metric_id=each.billable_metric_id,
            group_keys=frozenset(msgspec.json.decode(each.pricing_group_values)),
        )
        for each in links.meters
    ]


def _manifest_if_any(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except ParityError:
        return None
