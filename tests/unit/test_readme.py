"""The README says what is there: commands, options, targets, tables."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from parity_pipeline.cli import app
from parity_pipeline.models import load_models

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> dict[str, set[str]]:
    """Every command of the command line with its long options."""
    found: dict[str, set[str]] = {}

    def walk(command: object, name: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for child_name, child in children.items():
                walk(child, f"{name} {child_name}")
        else:
            options = {text for each in getattr(command, "params", ()) for text in each.opts}
            found[name] = {text for text in options if text.startswith("--")}

    walk(get_command(app), "parity")
    return found


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody can read about is not there."""
    assert [name for name in commands() if f"`{name}" not in README] == []


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_options_in_the_readme(name: str) -> None:
    """They are those that the command takes: none is promised that it refuses, and none is kept back."""
    told = next(line for line in README.splitlines() if line.startswith(f"| `{name}"))
    options = set(re.findall(r"--[a-z-]+", re.split(r"(?<!\\)\|", told)[1]))
    assert options == commands()[name] - {"--help"}


def test_every_make_target_in_the_readme_exists() -> None:
    """`make demo` and the others are targets of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"make ([a-z]+)(?=`|\n|$)", README))
    assert {"demo", "test", "dev"} <= named
    assert [name for name in named if f"\n{name}:" not in makefile] == []


def test_every_table_in_the_readme_exists() -> None:
    """The tables to start with are models, or control tables that every run fills."""
    keys = {model.key for model in load_models()} | {"control.completeness"}
    assert set(re.findall(r"`((?:parity|control)\.[a-z_]+)`", README)) - {"parity.toml"} <= keys


def test_every_file_that_the_readme_links_to_exists() -> None:
    """No dead link inside the project."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
