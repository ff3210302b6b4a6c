"""The table of causes: every code of the models is there, and the page is made from it."""

import re
from pathlib import Path

from parity_pipeline import paths
from parity_pipeline.causes import CAUSES, to_markdown
from parity_pipeline.sandbox.faults import FAULTS

ROOT = Path(__file__).parents[2]
CODES = [each.code for each in CAUSES]


def test_every_code_is_there_once() -> None:
    """The 27 codes of the public list."""
    assert len(CODES) == len(set(CODES)) == 27


def test_the_page_is_made_from_the_table() -> None:
    """`python -m parity_pipeline.causes > docs/causes.md` makes it anew."""
    assert (ROOT / "docs" / "causes.md").read_text(encoding="utf-8") == to_markdown()


def test_every_cause_says_what_to_do() -> None:
    """A meaning and a next step, each ending like a sentence."""
    texts = {each.code: (each.meaning, each.next_step) for each in CAUSES}
    assert [code for code, said in texts.items() if not all(text.endswith(".") for text in said)] == []


def test_every_cause_of_a_fault_is_in_the_table() -> None:
    """What the sandbox can do wrong has a next step."""
    assert {fault.cause for fault in FAULTS.values() if fault.cause} <= set(CODES)


def test_every_cause_that_a_model_gives_is_in_the_table() -> None:
    """`'code' as cause` in the models names a code of the table."""
    named = {
        code
        for path in paths.sql_folder().glob("*/*.sql")
        for code in re.findall(r"'([a-z_]+)' as cause\b", path.read_text(encoding="utf-8"))
    }
    assert named <= set(CODES)
