"""The only reader of the environment and of parity.toml: every setting, its default and its checks.

What the settings say about a single run (which days, which accounts) is in run_request.py; the CSV files
they name are read in mapping_files.py.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from parity_pipeline.account_access import AccountAccess, account_accesses
from parity_pipeline.errors import UsageError
from parity_pipeline.setting_sections import (
    Account,
    Cohort,
    Compute,
    Gate,
    LimitsSection,
    MappingFiles,
    Notify,
    ParallelRun,
    Retention,
    Schedule,
    Thresholds,
    Waivers,
)

DEFAULT_HOME: Final = Path(".parity")
DEFAULT_CONFIG: Final = Path("parity.toml")
_PREFIX: Final = "PARITY_"
_PLACES: Final = {"HOME", "CONFIG"}
_MESSAGES: Final = {
    "model_type": "write a section with keys",
    "dict_type": "write a section with keys",
    "tuple_type": "write a list",
    "path_type": "write a text",
}
"""What is said in place of pydantic's words for Python's types."""


class _Sections(BaseSettings):
    """The file's sections; the environment overrides the file, key by key."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    parallel_run: ParallelRun = ParallelRun()
    accounts: dict[str, Account] = Field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    mapping: MappingFiles = MappingFiles()
    gate: Gate = Gate()
    limits: LimitsSection = LimitsSection()
    retention: Retention = Retention()
    cohorts: dict[str, Cohort] = Field(default_factory=dict)
    waivers: Waivers = Waivers()
    notify: Notify = Notify()
    schedule: Schedule = Schedule()
    compute: Compute = Compute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The caller merges file and environment, so that both can be handed in by a test or the sandbox."""
        return (init_settings,)


class Settings(BaseModel):
    """Everything a run is told from outside."""

    model_config = ConfigDict(frozen=True)

    home: Path
    config_path: Path | None
    accounts: tuple[AccountAccess, ...]
    parallel_run: ParallelRun
    thresholds: Thresholds
    mapping: MappingFiles
    gate: Gate
    limits: LimitsSection
    retention: Retention
    cohorts: dict[str, Cohort]
    waivers: Waivers
    notify: Notify = Notify()
    compute: Compute = Compute()

    @property
    def metadata_keys(self) -> tuple[str, ...]:
        """The keys of Stripe customers' metadata that name cohorts, in order; no others are kept."""
        filters = (each.stripe_metadata for each in self.cohorts.values())
        return tuple(sorted({each.key for each in filters if each is not None}))

    @property
    def config_folder(self) -> Path:
        """The folder that relative paths of the file are relative to."""
        return self.config_path.parent if self.config_path else Path()


def load_settings(
    environment: Mapping[str, str] | None = None, *, config: Path | None = None, home: Path | None = None
) -> Settings:
    """Read the file and the environment (the process's own, unless another is given).

    Raises UsageError with one line that names the key.
    """
    environment = os.environ if environment is None else environment
    config_path = config_file(environment, config=config)
    sections = _read_sections(environment, config_path)
    return Settings(
        home=home_folder(environment, home=home),
        config_path=config_path,
        accounts=account_accesses(sections.accounts, environment),
        parallel_run=sections.parallel_run,
        thresholds=sections.thresholds,
        mapping=sections.mapping,
        gate=sections.gate,
        limits=sections.limits,
        retention=sections.retention,
        cohorts=sections.cohorts,
        waivers=sections.waivers,
        notify=sections.notify,
        compute=sections.compute,
    )


def load_gate(environment: Mapping[str, str] | None = None, *, config: Path | None = None) -> Gate:
    """Only the gate's settings: reading a verdict needs no key to either vendor."""
    environment = os.environ if environment is None else environment
    return _read_sections(environment, config_file(environment, config=config)).gate


def load_file_names(
    environment: Mapping[str, str] | None = None, *, config: Path | None = None
) -> dict[str, str]:
    """What the files of customers and waivers are called, by the settings or else by habit; needs no key."""
    environment = os.environ if environment is None else environment
    sections = _read_sections(environment, config_file(environment, config=config))
    return {
        "customers": str(sections.mapping.customers or "customers.csv"),
        "waivers": str(sections.waivers.file or "waivers.csv"),
    }


def load_schedule(environment: Mapping[str, str] | None = None, *, config: Path | None = None) -> Schedule:
    """Only when the daily run starts: Dagster shows its schedule without a key to either vendor."""
    environment = os.environ if environment is None else environment
    return _read_sections(environment, config_file(environment, config=config)).schedule


def load_retention(environment: Mapping[str, str] | None = None, *, config: Path | None = None) -> Retention:
    """Only how long landings are kept: removing old ones needs no key to either vendor."""
    environment = os.environ if environment is None else environment
    return _read_sections(environment, config_file(environment, config=config)).retention


def home_folder(environment: Mapping[str, str] | None = None, *, home: Path | None = None) -> Path:
    """Where the pipeline writes: the option, else PARITY_HOME, else `.parity`."""
    environment = os.environ if environment is None else environment
    named = environment.get("PARITY_HOME")
    return home or (Path(named) if named else DEFAULT_HOME)


def config_file(environment: Mapping[str, str], *, config: Path | None = None) -> Path | None:
    """The configuration file: the option, else PARITY_CONFIG, else parity.toml when it exists."""
    named = environment.get("PARITY_CONFIG")
    chosen = config or (Path(named) if named else None)
    if chosen is None:
        return DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None
    if not chosen.is_file():
        raise UsageError(f"The configuration file {chosen} does not exist.")
    return chosen


def _read_sections(environment: Mapping[str, str], config_path: Path | None) -> _Sections:
    from_file = _read_toml(config_path) if config_path else {}
    try:
        from_environment = _overrides(environment)
        return _Sections(**_merged(from_file, from_environment))
    except ValidationError as error:
        raise UsageError(_told(error, environment, config_path)) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The configuration file {path} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The configuration file {path} is no valid TOML: {error}.") from error


def _overrides(environment: Mapping[str, str]) -> dict[str, Any]:
    """The `PARITY_<SECTION>__<KEY>` variables as the file would hold them."""
    ours = {name: value for name, value in environment.items() if name.upper().startswith(_PREFIX)}
    for name in ours:
        section, _, key = name.upper().removeprefix(_PREFIX).partition("__")
        if section in _PLACES and not key:
            continue
        if section.lower() not in _Sections.model_fields or not key:
            raise UsageError(f"Unknown key {name}; write PARITY_<SECTION>__<KEY> as in parity.toml.")
    source = EnvSettingsSource(_Sections)
    source.env_vars = {name.lower(): value for name, value in ours.items()}
    try:
        return source()
    except ValueError as error:
        named = re.search(r'field "(\w+)"', str(error))
        where = f"PARITY_{named[1].upper()}__…" if named else "An override in the environment"
        raise UsageError(f"{where} cannot be read; write lists and tables as JSON.") from error


def _merged(lower: dict[str, Any], upper: dict[str, Any]) -> dict[str, Any]:
    """Both, the upper one's keys first, section by section."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _told(error: ValidationError, environment: Mapping[str, str], config_path: Path | None) -> str:
    """The first complaint as one line that names the key, and the variable if the key came from one."""
    first = error.errors(include_url=False)[0]
    parts = [str(part) for part in first["loc"] if "[" not in str(part)]  # not pydantic's names of types
    key = ".".join(parts)
    variable = _PREFIX + "__".join(parts).upper()
    place = variable if variable in environment else f"{key} in {config_path or 'the environment'}"
    if first["type"] == "extra_forbidden":
        return f"Unknown key {place}."
    message = _MESSAGES.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    shown = first.get("input")
    # The addresses in [notify] hold passwords.
    is_public = isinstance(shown, str | int | Decimal) and parts[0] != "notify"
    given = f" (it is {shown!s})" if is_public else ""
    return f"Bad value for {place}: {message}{given}."
