"""What a pull remembers of every customer: on disk, in order, and gone afterwards."""

import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from parity_pipeline.errors import ExtractionError, LandingError
from parity_pipeline.sources.notes import Notes
from parity_pipeline.sources.paging import PageGuard
from parity_pipeline.sources.stripe import ItemFact

MANY = [f"cus_{number:04}" for number in range(1200)]


def test_a_set_of_texts() -> None:
    """Each text is there once, in order; adding tells whether it was new."""
    notes = Notes()
    names, others = notes.keys(), notes.keys()
    names.update(["b", "a", "b"])
    assert (names.add("c"), names.add("a")) == (True, False)
    assert (list(names), len(names), "c" in names, "d" in names) == (["a", "b", "c"], 3, True, False)
    names.discard("b")
    names.discard("absent")
    assert (names == {"a", "c"}, {"a", "x"} & names, list(others)) == (True, {"a"}, [])


def test_facts_by_their_key() -> None:
    """Different facts of a customer are there once each, and found together."""
    facts = Notes().facts(ItemFact, lambda item: item.customer)
    one, two, other = (
        ItemFact("cus_2", "calls", 1, 2),
        ItemFact("cus_2", "calls", 2, None),
        ItemFact("cus_1", "calls", 1, 2),
    )
    facts.update([one, two, one])
    facts.add(other)
    assert (len(facts), list(facts.keys)) == (3, ["cus_1", "cus_2"])
    assert (set(facts.of("cus_2")), facts.of("cus_3")) == ({one, two}, [])


def test_many_facts_in_order() -> None:
    """However many there are and however they came, each key comes once with all its facts."""
    facts = Notes().facts(tuple[str, int], lambda fact: fact[0])
    facts.update((name, number) for number in range(2) for name in reversed(MANY))
    assert [(key, sorted(held)) for key, held in facts.by_key()] == [
        (name, [(name, 0), (name, 1)]) for name in MANY
    ]
    assert len(list(facts)) == 2400
    assert list(facts.keys) == MANY


def test_a_set_that_grows_meanwhile() -> None:
    """Who goes through a set meets what comes behind the place that he has reached."""
    names = Notes().keys()
    names.update(MANY)
    seen = []
    for name in names:
        seen.append(name)
        if name == MANY[0]:
            names.add("cus_9999")
    assert seen == [*MANY, "cus_9999"]


def test_nothing_is_left(tmp_path: Path) -> None:
    """Its file is not to be seen, so that a killed process leaves none; one of before is no matter."""
    (tmp_path / "pull.notes").write_bytes(b"left by a crash")
    with closing(Notes(tmp_path / "pull.notes")) as notes:
        names = notes.keys()
        names.update(MANY)
        assert list(tmp_path.iterdir()) == []
        assert len(names) == 1200


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file, and is one that does not forget the pages."""
    with pytest.raises(LandingError, match=r"cannot keep notes in .*pull\.notes"):
        Notes(tmp_path / "absent" / "pull.notes")


def test_notes_that_are_closed() -> None:
    """Reading and writing fail in one line."""
    notes = Notes()
    names = notes.keys()
    notes.close()
    with pytest.raises(LandingError, match="cannot keep notes"):
        names.add("cus_1")
    with pytest.raises(LandingError, match="cannot keep notes"):
        list(names)


@pytest.mark.parametrize("repeated", [MANY[0], MANY[-1]], ids=["the first", "the last"])
def test_an_object_that_comes_twice_in_a_long_listing(repeated: str) -> None:
    """Of any length a listing must not show an object, or a page, twice."""
    guard = PageGuard("stripe GET /v1/customers", Notes())
    guard.new_objects(MANY)
    with pytest.raises(ExtractionError, match=f"{repeated} came twice"):
        guard.new_objects(["cus_new", repeated])
    for cursor in MANY:
        guard.next_page(cursor)
    with pytest.raises(ExtractionError, match=f"cursor '{repeated}'"):
        guard.next_page(repeated)


def test_memory_does_not_grow() -> None:
    """Ten thousand facts take what five hundred take: less than half a megabyte."""
    facts = Notes().facts(ItemFact, lambda item: item.customer)
    tracemalloc.start()
    facts.update(ItemFact(f"cus_{number}", "calls", number, None) for number in range(10_000))
    assert sum(len(held) for _, held in facts.by_key()) == 10_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000
