"""From the settings to what the readers of sources need: keys, addresses, limits, and digests of all that.

No digest can be turned back into a key.
"""

from dataclasses import replace
from typing import Final

import msgspec

from parity_pipeline.account_access import AccountAccess
from parity_pipeline.mapping_files import Links
from parity_pipeline.run_request import RunRequest
from parity_pipeline.setting_sections import LimitsSection
from parity_pipeline.settings import Settings
from parity_pipeline.sources.journal import Purpose
from parity_pipeline.sources.limits import LimitChanges
from parity_pipeline.sources.metronome_api import MetronomeAccess
from parity_pipeline.sources.metronome_usage import MeterLink
from parity_pipeline.sources.pull import AccountToRead
from parity_pipeline.sources.stripe_api import StripeAccess, limits_of_stripe

_SECONDS_OF_SUMMARIES: Final = 4 * 3600
"""A daily run should end before people come to work, and well before its first pages are too old to go on."""


def account_names(settings: Settings) -> set[str]:
    """The accounts and environments of a run."""
    return {name for each in settings.accounts for name in (each.name, each.environment)}


def origins_of(settings: Settings) -> dict[str, str]:
    """Who is asked, by `source/account`.

    Answers of another key, address or program, or with other metadata kept, are not reused.
    """
    found = {}
    for each in accounts_to_read(settings):
        stripe, metronome = each.stripe, each.metronome
        key, token = stripe.api_key.get_secret_value(), metronome.token.get_secret_value()
        asked = (key, stripe.base_url, stripe.context, stripe.metadata_keys)
        found[f"stripe/{each.name}"] = Purpose.of(*asked).digest.hex()
        found.setdefault(f"metronome/{each.environment}", Purpose.of(token, metronome.base_url).digest.hex())
    return found


def purpose_of(settings: Settings, request: RunRequest, links: Links) -> Purpose:
    """What a pull with these settings is for: only another one for the same may use its pages."""
    accounts = accounts_to_read(settings, is_full=True)  # pages answer, however many are asked
    keys = [
        (each.stripe.api_key.get_secret_value(), each.metronome.token.get_secret_value()) for each in accounts
    ]
    return Purpose.of(request.window, accounts, keys, meter_links(links))


def accounts_to_read(settings: Settings, *, is_full: bool = False) -> list[AccountToRead]:
    """Every Stripe account with its environment, how fast both are asked, and how much unless in full."""
    keys = settings.metadata_keys
    found = [_to_read(each, settings.limits, metadata_keys=keys) for each in settings.accounts]
    return found if is_full else [_bounded(each, settings.limits.summaries_per_run) for each in found]


def _bounded(account: AccountToRead, summaries_per_run: int | None) -> AccountToRead:
    """The account with the most questions of a run: without a setting, what fits the hours it may take."""
    limits = limits_of_stripe(account.stripe)
    a_second = limits.per_endpoint or limits.per_second
    by_limit = max(2, int(a_second * _SECONDS_OF_SUMMARIES)) if a_second else None
    return replace(account, most_summaries=summaries_per_run or by_limit)


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
                limits.stripe_concurrent,
                limits.stripe_per_second,
                limits.stripe_per_endpoint,
                limits.patience_seconds,
            ),
            metadata_keys=metadata_keys,
        ),
        metronome=MetronomeAccess(
            token=account.metronome_bearer_token,
            base_url=account.metronome_base_url,
            token_variable=account.metronome_bearer_token_env,
            address_variable=account.metronome_base_url_env,
            limits=LimitChanges(
                limits.metronome_concurrent,
                limits.metronome_per_second,
                limits.metronome_per_endpoint,
                limits.patience_seconds,
            ),
        ),
    )


def meter_links(links: Links) -> list[MeterLink]:
    """The meters that the user linked."""
    return [
        MeterLink(
            event_name=each.event_name,
            billable_metric_id=each.billable_metric_id,
            group_keys=frozenset(msgspec.json.decode(each.pricing_group_values)),
        )
        for each in links.meters
    ]
