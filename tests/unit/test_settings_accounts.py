"""Several [accounts]: their keys, which share a Metronome environment, and what contradicts itself."""

from pathlib import Path

import pytest

from parity_pipeline.account_access import AccountAccess, shared_environments
from parity_pipeline.errors import UsageError
from parity_pipeline.settings import load_settings

KEYS = {
    "US_KEY": "rk_us",
    "EU_KEY": "rk_eu",
    "METRONOME_BEARER_TOKEN": "token",
    "OTHER_TOKEN": "other",
}
US = '[accounts.us]\nstripe_api_key_env = "US_KEY"\n'
EU = '[accounts.eu]\nstripe_api_key_env = "EU_KEY"\n'
OTHER = 'metronome_bearer_token_env = "OTHER_TOKEN"\n'


def accounts(folder: Path, text: str) -> tuple[AccountAccess, ...]:
    """The accounts of a configuration."""
    path = folder / "parity.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(KEYS, config=path).accounts


def sharing(folder: Path, text: str) -> dict[str, list[str]]:
    """The names of the accounts of each environment."""
    found = shared_environments(accounts(folder, text))
    return {name: [each.name for each in sharers] for name, sharers in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(US + EU, {"us.eu": ["us", "eu"]}, id="same token and address"),
        pytest.param(US + EU + OTHER, {"us": ["us"], "eu": ["eu"]}, id="other token"),
        pytest.param(
            f'{US}metronome_environment = "prod"\n{EU}metronome_environment = "prod"\n',
            {"prod": ["us", "eu"]},
            id="same name",
        ),
        pytest.param(
            f'{US}metronome_environment = "prod"\n{EU}metronome_environment = "two"\n{OTHER}',
            {"us": ["us"], "eu": ["eu"]},
            id="names of environments that nobody shares",
        ),
    ],
)
def test_accounts_share_an_environment(text: str, expected: dict[str, list[str]], tmp_path: Path) -> None:
    """By its name, else by token and address; one that nobody shares is landed under the account's name."""
    assert sharing(tmp_path, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '[accounts."../us"]\nstripe_api_key_env = "US_KEY"\n',
        f'{US}metronome_environment = "a/b"\n',
    ],
)
def test_a_name_that_is_no_folder(tmp_path: Path, text: str) -> None:
    """Landings are folders by these names, so a path is refused before anything is read."""
    with pytest.raises(UsageError, match="use letters, digits, dots, dashes and underscores"):
        accounts(tmp_path, text)


def test_an_account_of_one_environment_and_two_of_another(tmp_path: Path) -> None:
    """Sharing is by environment, not all or nothing."""
    third = f'[accounts.jp]\nstripe_context = "acct_jp"\nstripe_api_key_env = "EU_KEY"\n{OTHER}'
    assert sharing(tmp_path, US + EU + third) == {"us.eu": ["us", "eu"], "jp": ["jp"]}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('stripe_account_id = "acct_1"\n', "acct_1"),
        ('stripe_context = "acct_2"\n', "acct_2"),
        ('stripe_context = "org_1/acct_3"\n', "acct_3"),
        ('stripe_context = "org_1"\n', None),
        ("", None),
    ],
)
def test_an_account_knows_its_own_id(keys: str, expected: str | None, tmp_path: Path) -> None:
    """From its own key, or as the last part of a context."""
    (account,) = accounts(tmp_path, US + keys)
    assert account.stripe_account_id == expected


def test_one_organisation_key_reads_several_accounts(tmp_path: Path) -> None:
    """The same key is no contradiction when the contexts differ."""
    organisation = "".join(
        f'[accounts.{name}]\nstripe_api_key_env = "US_KEY"\nstripe_context = "acct_{name}"\n'
        for name in ("us", "eu")
    )
    assert [each.stripe_context for each in accounts(tmp_path, organisation)] == ["acct_us", "acct_eu"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (US + US.replace("us", "eu"), "accounts.us and accounts.eu have the same Stripe key and context"),
        (
            f'{US}metronome_environment = "prod"\n{EU}metronome_environment = "prod"\n{OTHER}',
            "accounts.us and accounts.eu have the same metronome_environment prod",
        ),
        (
            f'{US}metronome_environment = "prod"\n{EU}metronome_environment = "test"\n',
            "accounts.us and accounts.eu have the same Metronome token",
        ),
        (f'{US}metronome_environment = "prod"\n{EU}', "but not the same metronome_environment"),
        (
            f'{US}stripe_account_id = "acct_1"\n{EU}stripe_account_id = "acct_1"\n',
            "accounts.us and accounts.eu are both acct_1",
        ),
        (
            f'{US}stripe_account_id = "acct_1"\nstripe_context = "acct_2"\n',
            "accounts.us.stripe_account_id is acct_1, but its stripe_context is that of acct_2",
        ),
        (f"{US}{EU}[accounts.unassigned]\n", "accounts.unassigned: this name is taken"),
        (
            f'{US}metronome_environment = "jp"\n{EU}metronome_environment = "jp"\n'
            f'[accounts.jp]\nstripe_api_key_env = "EU_KEY"\nstripe_context = "acct_jp"\n{OTHER}',
            "Two Metronome environments would be called jp",
        ),
        (f'{US}[accounts.eu]\nstripe_api_key_env = "NO_KEY"\n', "NO_KEY is not set"),
    ],
)
def test_a_contradiction_is_one_line(text: str, told: str, tmp_path: Path) -> None:
    """Whoever wrote the settings learns which accounts to look at; exit code 2."""
    with pytest.raises(UsageError) as caught:
        accounts(tmp_path, text)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "rk_" not in str(caught.value)
