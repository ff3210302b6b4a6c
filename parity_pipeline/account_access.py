"""The Stripe accounts of a run with their keys, and which of them share a Metronome environment.

Where the settings come from is settings.py's; what is read with them is decided in sources.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, SecretStr

from parity_pipeline.errors import UsageError
from parity_pipeline.setting_sections import Account

DEFAULT_ACCOUNT: Final = "default"
UNASSIGNED: Final = "unassigned"
"""The account of Metronome customers that belong to none of the accounts that share their environment."""
_ACCOUNT_ID: Final = "acct_"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class AccountAccess(BaseModel):
    """One Stripe account with its keys, and those of the Metronome environment it is compared with."""

    model_config = ConfigDict(frozen=True)

    name: str
    stripe_api_key: SecretStr
    stripe_api_key_env: str
    stripe_api_base: str | None
    stripe_api_base_env: str
    stripe_context: str | None
    stripe_account_id: str | None
    """`acct_…`, where the settings tell it."""
    metronome_bearer_token: SecretStr
    metronome_bearer_token_env: str
    metronome_base_url: str | None
    metronome_base_url_env: str
    environment: str
    """What the environment's landing is called: the account's name, unless accounts share it."""


def account_accesses(
    sections: Mapping[str, Account], environment: Mapping[str, str]
) -> tuple[AccountAccess, ...]:
    """Every account in the order of the settings; raise UsageError where these contradict each other."""
    if UNASSIGNED in sections:
        raise UsageError(f"accounts.{UNASSIGNED}: this name is taken; choose another one.")
    for name, section in sections.items():
        _refuse_path(f"accounts.{name}", name)
        _refuse_path(f"accounts.{name}.metronome_environment", section.metronome_environment or name)
    named = sections or {DEFAULT_ACCOUNT: Account()}
    accounts = [_access(name, section, environment) for name, section in named.items()]
    _refuse_twice(accounts)
    _refuse_other_environments(accounts, named)
    return tuple(_with_environment(accounts, named))


def is_folder_name(name: str) -> bool:
    """Whether an account or an environment can be called so: its landing is a folder of this name."""
    return _NAME.fullmatch(name) is not None


def shared_environments(accounts: Sequence[AccountAccess]) -> dict[str, tuple[AccountAccess, ...]]:
    """The accounts of each Metronome environment, in the order of the settings."""
    found: dict[str, tuple[AccountAccess, ...]] = {}
    for each in accounts:
        found[each.environment] = (*found.get(each.environment, ()), each)
    return found


def _access(name: str, section: Account, environment: Mapping[str, str]) -> AccountAccess:
    return AccountAccess(
        name=name,
        stripe_api_key=_secret(environment, section.stripe_api_key_env),
        stripe_api_key_env=section.stripe_api_key_env,
        stripe_api_base=_address(environment, section.stripe_api_base_env),
        stripe_api_base_env=section.stripe_api_base_env,
        stripe_context=section.stripe_context,
        stripe_account_id=_account_id(name, section),
        metronome_bearer_token=_secret(environment, section.metronome_bearer_token_env),
        metronome_bearer_token_env=section.metronome_bearer_token_env,
        metronome_base_url=_address(environment, section.metronome_base_url_env),
        metronome_base_url_env=section.metronome_base_url_env,
        environment=name,
    )


def _account_id(name: str, section: Account) -> str | None:
    """The account's own id, as told or as the last part of its context."""
    last = (section.stripe_context or "").rpartition("/")[2]
    from_context = last if last.startswith(_ACCOUNT_ID) else None
    told = section.stripe_account_id
    if told and from_context and told != from_context:
        raise UsageError(
            f"accounts.{name}.stripe_account_id is {told}, but its stripe_context is that of {from_context}."
        )
    return told or from_context


def _refuse_path(key: str, name: str) -> None:
    if not is_folder_name(name):
        raise UsageError(f"{key} is called {name!r}; use letters, digits, dots, dashes and underscores.")


def _refuse_twice(accounts: Sequence[AccountAccess]) -> None:
    """One Stripe account under two names would be compared twice."""
    seen: dict[object, str] = {}
    for each in accounts:
        key = (each.stripe_api_key.get_secret_value(), each.stripe_api_base, each.stripe_context)
        if key in seen:
            raise UsageError(
                f"accounts.{seen[key]} and accounts.{each.name} have the same Stripe key and context; "
                "give each its own stripe_api_key_env or stripe_context."
            )
        seen[key] = each.name
        if each.stripe_account_id is None:
            continue
        if each.stripe_account_id in seen:
            raise UsageError(
                f"accounts.{seen[each.stripe_account_id]} and accounts.{each.name} are both "
                f"{each.stripe_account_id}."
            )
        seen[each.stripe_account_id] = each.name


def _refuse_other_environments(accounts: Sequence[AccountAccess], sections: Mapping[str, Account]) -> None:
    """One environment must not be read under two names, nor two under one."""
    by_name: dict[str, AccountAccess] = {}
    by_key: dict[tuple[str, str | None], AccountAccess] = {}
    for each in accounts:
        name = sections[each.name].metronome_environment
        other = by_name.setdefault(name, each) if name else each
        if _metronome_key(other) != _metronome_key(each):
            raise UsageError(
                f"accounts.{other.name} and accounts.{each.name} have the same metronome_environment {name}, "
                "but another Metronome token or address."
            )
        other = by_key.setdefault(_metronome_key(each), each)
        if sections[other.name].metronome_environment != name:
            raise UsageError(
                f"accounts.{other.name} and accounts.{each.name} have the same Metronome token, but not the "
                "same metronome_environment."
            )


def _with_environment(
    accounts: Sequence[AccountAccess], sections: Mapping[str, Account]
) -> list[AccountAccess]:
    sharers: dict[tuple[str, str | None], list[str]] = {}
    for each in accounts:
        sharers.setdefault(_metronome_key(each), []).append(each.name)
    names = {
        key: names[0] if len(names) == 1 else sections[names[0]].metronome_environment or ".".join(names)
        for key, names in sharers.items()
    }
    for name, count in Counter(names.values()).items():
        if count > 1:
            raise UsageError(f"Two Metronome environments would be called {name}; rename an account.")
    return [each.model_copy(update={"environment": names[_metronome_key(each)]}) for each in accounts]


def _metronome_key(account: AccountAccess) -> tuple[str, str | None]:
    return account.metronome_bearer_token.get_secret_value(), account.metronome_base_url


def _secret(environment: Mapping[str, str], name: str) -> SecretStr:
    value = environment.get(name, "").strip()
    if not value:
        raise UsageError(f"{name} is not set; export it, or try `parity demo`, which needs no keys.")
    return SecretStr(value)


def _address(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name, "").strip()
    if value and not value.startswith(("https://", "http://")):
        raise UsageError(f"{name} must be an http(s) address (it is {value}).")
    return value or None
