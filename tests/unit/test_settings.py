"""What parity.toml and the environment may say, and the one line told about a mistake."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from parity_pipeline.errors import UsageError
from parity_pipeline.setting_sections import CHECKS
from parity_pipeline.settings import home_folder, load_gate, load_schedule, load_settings

KEYS = {"STRIPE_API_KEY": "rk_test_x", "METRONOME_BEARER_TOKEN": "token-x"}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An empty configuration file."""
    path = tmp_path / "parity.toml"
    path.write_text("", encoding="utf-8")
    return path


def written(path: Path, text: str) -> Path:
    """The file with this content."""
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path, text: str, **environment: str) -> str:
    """The line told about a configuration that is refused with exit code 2."""
    with pytest.raises(UsageError) as caught:
        load_settings({**KEYS, **environment}, config=written(path, text))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_four_variables_are_enough(config: Path) -> None:
    """Keys and addresses alone make a run with every default."""
    settings = load_settings(
        {**KEYS, "STRIPE_API_BASE": "http://127.0.0.1:1", "METRONOME_BASE_URL": "http://127.0.0.1:2"},
        config=config,
    )
    (account,) = settings.accounts
    assert (account.name, account.environment) == ("default", "default")
    assert settings.home == Path(".parity")
    assert account.stripe_api_base == "http://127.0.0.1:1"
    assert account.metronome_base_url == "http://127.0.0.1:2"
    assert settings.parallel_run.start is None
    assert settings.parallel_run.scope == "usage"
    assert settings.gate.max_age_hours == 36
    assert [settings.thresholds.of(check).variance_ratio for check in CHECKS] == [Decimal("0.01")] * 6


def test_secrets_are_not_shown(config: Path) -> None:
    """Printing the settings prints no key."""
    assert "rk_test_x" not in repr(load_settings(KEYS, config=config))
    assert "token-x" not in repr(load_settings(KEYS, config=config))


def test_the_example_is_the_defaults(config: Path) -> None:
    """parity.example.toml is valid and says what holds without it."""
    plain = load_settings(KEYS, config=config)
    example = load_settings(KEYS, config=ROOT / "parity.example.toml")
    ignored = {"config_path"}
    assert example.model_dump(exclude=ignored) == plain.model_dump(exclude=ignored)
    assert load_schedule({}, config=ROOT / "parity.example.toml") == load_schedule({}, config=config)


def test_a_check_overrides_only_what_it_names(config: Path) -> None:
    """[thresholds.<check>] changes one check and one key."""
    text = "[thresholds]\nwarn_ratio = 0.002\n[thresholds.event_ingestion]\nvariance_ratio = 0.001\n"
    thresholds = load_settings(KEYS, config=written(config, text)).thresholds
    assert thresholds.of("event_ingestion").variance_ratio == Decimal("0.001")
    assert thresholds.of("event_ingestion").warn_ratio == Decimal("0.002")
    assert thresholds.of("invoice_totals").variance_ratio == Decimal("0.01")


def test_the_environment_overrides_the_file(config: Path) -> None:
    """A variable wins over the same key of the file and leaves its neighbours."""
    text = "[gate]\nrequired_cycles = 2\nmax_age_hours = 12\n[parallel_run]\nstart = 2026-01-01\n"
    settings = load_settings(
        {
            **KEYS,
            "PARITY_GATE__REQUIRED_CYCLES": "3",
            "PARITY_THRESHOLDS__INVOICE_TOTALS__CUSTOMER_SHARE": "0.95",
        },
        config=written(config, text),
    )
    assert settings.gate.required_cycles == 3
    assert settings.gate.max_age_hours == 12
    assert settings.parallel_run.start == date(2026, 1, 1)
    assert settings.thresholds.of("invoice_totals").customer_share == Decimal("0.95")


def test_the_keys_of_metadata_are_those_of_cohorts(config: Path) -> None:
    """Each once and in order; without such a cohort none."""
    text = "".join(
        f"[cohorts.{name}]\nstripe_metadata = {{key = '{key}', value = 'v'}}\n"
        for name, key in (("a", "tier"), ("b", "launch"), ("c", "tier"))
    )
    assert load_settings(KEYS, config=written(config, text)).metadata_keys == ("launch", "tier")
    assert load_settings(KEYS, config=written(config, "")).metadata_keys == ()


def test_an_account_names_its_own_variables(config: Path) -> None:
    """One named account reads its keys from the variables it names."""
    text = '[accounts.eu]\nstripe_api_key_env = "EU_KEY"\n'
    (account,) = load_settings({**KEYS, "EU_KEY": "rk_eu"}, config=written(config, text)).accounts
    assert (account.name, account.environment) == ("eu", "eu")
    assert account.stripe_api_key.get_secret_value() == "rk_eu"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[gate]\nfoo = 1\n", "Unknown key gate.foo in "),
        ("[unknown]\nfoo = 1\n", "Unknown key unknown in "),
        ("[thresholds.invoice_total]\nwarn_ratio = 0\n", "Unknown key thresholds.invoice_total in "),
        ("[gate]\nmax_age_hours = 'soon'\n", "Bad value for gate.max_age_hours in "),
        ("[gate]\nrequired_cycles = 0\n", "Bad value for gate.required_cycles in "),
        ("[thresholds]\nvariance_ratio = 1.0\n", "Bad value for thresholds.variance_ratio in "),
        ("[thresholds]\nvariance_ratio = 0.1234567\n", "Bad value for thresholds.variance_ratio in "),
        ("[thresholds]\nvariance_ratio = -0.1\n", "Bad value for thresholds.variance_ratio in "),
        ("[thresholds]\nvariance_ratio = nan\n", "Bad value for thresholds.variance_ratio in "),
        ("[parallel_run]\nscope = 'some'\n", "Bad value for parallel_run.scope in "),
        ("[mapping]\nmetric_starts = 3\n", "Bad value for mapping.metric_starts"),
        ("[cohorts.first]\nstage = 'live'\n", "Bad value for cohorts.first in "),
        ("[gate\n", "is no valid TOML"),
        ("[notify]\nwhen = 'never'\n", "Bad value for notify.when in "),
        ("[cohorts.a]\nstripe_metadata = {key = 'k'}\n", "Bad value for cohorts.a.stripe_metadata.value in "),
        (
            "[cohorts.a]\nstripe_metadata = {key = '*', value = 'v'}\n",
            "Bad value for cohorts.a.stripe_metadata.key in ",
        ),
        (
            "[cohorts.a]\ncustomers = 'a.csv'\nstripe_metadata = {key = 'k', value = 'v'}\n",
            "Bad value for cohorts.a in ",
        ),
        ("[mapping.metric_starts]\nm = 'soon'\n", "Bad value for mapping.metric_starts.m in "),
        ("[mapping]\ncustomers = 3\n", "write a text (it is 3)"),
        ("gate = 3\n", "Bad value for gate in "),
        ("[notify]\nurls = 'x'\n", "write a list."),
        ("[schedule]\nhour = 24\n", "Bad value for schedule.hour in "),
        ("[schedule]\ntime_zone = 'Europe/Atlantis'\n", "Bad value for schedule.time_zone in "),
        ("[compute]\nmemory_limit = '0%'\n", "Bad value for compute.memory_limit in "),
        ("[compute]\nmemory_limit = 'much'\n", "Bad value for compute.memory_limit in "),
    ],
)
def test_a_bad_file_is_one_line_naming_the_key(config: Path, text: str, told: str) -> None:
    """Unknown, unparsable and unsupported settings are refused by name."""
    assert told in refused(config, text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARITY_GATE__REQUIRED_CYCLES", "many"),
        ("PARITY_GATE__NOPE", "1"),
        ("PARITY_NOPE__KEY", "1"),
        ("PARITY_NOPE", "1"),
        ("PARITY_THRESHOLDS__EVENT_INGESTION__VARIANCE_RATIO", "2"),
    ],
)
def test_a_bad_variable_is_named(config: Path, name: str, value: str) -> None:
    """The line about an override names the variable itself."""
    assert name in refused(config, "", **{name: value})


@pytest.mark.parametrize("name", ["STRIPE_API_KEY", "METRONOME_BEARER_TOKEN"])
def test_a_missing_secret_is_named(config: Path, name: str) -> None:
    """A key that is not set, or empty, is told by the name of its variable."""
    with pytest.raises(UsageError, match=f"{name} is not set"):
        load_settings({**KEYS, name: " "}, config=config)


def test_an_address_must_be_one(config: Path) -> None:
    """A base URL without a scheme is refused."""
    with pytest.raises(UsageError, match="METRONOME_BASE_URL must be an http"):
        load_settings({**KEYS, "METRONOME_BASE_URL": "localhost:1"}, config=config)


def test_a_list_in_the_environment_is_json() -> None:
    """One that is not is told by its section."""
    with pytest.raises(UsageError, match="PARITY_NOTIFY__… cannot be read; write lists and tables as JSON"):
        load_gate({"PARITY_NOTIFY__URLS": "slack"})


def test_a_configuration_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A file that was asked for must exist."""
    with pytest.raises(UsageError, match="does not exist"):
        load_gate({"PARITY_CONFIG": str(tmp_path / "none.toml")})


def test_a_configuration_that_is_no_text_is_told(tmp_path: Path) -> None:
    """A file of other bytes is refused in one line."""
    path = tmp_path / "parity.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        load_gate({}, config=path)


def test_the_gate_needs_no_keys(config: Path) -> None:
    """Reading a published verdict asks for no secret."""
    assert load_gate({}, config=written(config, "[gate]\nmax_age_hours = 5\n")).max_age_hours == 5


def test_the_home_folder_comes_from_the_option_first() -> None:
    """--home wins over PARITY_HOME, which wins over the default."""
    assert home_folder({"PARITY_HOME": "a"}, home=Path("b")) == Path("b")
    assert home_folder({"PARITY_HOME": "a"}) == Path("a")
    assert home_folder({}) == Path(".parity")


def test_a_password_in_a_notification_address_is_not_repeated(config: Path) -> None:
    """The line about a bad [notify] shows no value."""
    assert "hunter2" not in refused(config, "[notify]\nurls = 'slack://hunter2'\n")
