"""Where the SQL models and the suites are: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def sql_folder() -> Path:
    """The folder of the SQL models."""
    return _first_existing("sql")


def expectations_folder() -> Path:
    """The folder of the expectation suites."""
    return _first_existing("expectations")


def _first_existing(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
