"""The pages under docs/ name commands, questions, options and files that exist."""

import re
from pathlib import Path

import pytest
from test_readme import commands

from parity_pipeline.published_tables import load_queries

DOCS = Path(__file__).parents[2] / "docs"
PAGES = pytest.mark.parametrize(
    "page", [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"], ids=lambda page: page.name
)


@PAGES
def test_commands_and_options_exist(page: Path) -> None:
    """Whatever stands as `parity …`, or on a line of its own, is a command, with options that it takes."""
    known, text = commands(), page.read_text(encoding="utf-8")
    on_lines = re.findall(r"^(parity [a-z].*)$", text, re.MULTILINE)
    for told in [*re.findall(r"`(parity [a-z][^`]*)`", text), *on_lines]:
        name = max((each for each in known if f"{told} ".startswith(f"{each} ")), key=len, default=None)
        assert name, told
        assert set(re.findall(r"--[a-z-]+", told)) <= known[name], told


@PAGES
def test_questions_exist(page: Path) -> None:
    """`parity query x` names a saved question."""
    names = {each.name for each in load_queries()} | {"NAME"}
    assert set(re.findall(r"`parity query (\w+)", page.read_text(encoding="utf-8"))) <= names
