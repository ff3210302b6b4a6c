"""Near misses: one hint for a name or none, never a guess between two."""

import json

from parity_pipeline.near_misses import Name, find_near_misses


def name(side: str, text: str, *, kind: str = "meter", key: str = "", account: str = "default") -> Name:
    """A name; its key is the text unless told otherwise."""
    return Name(account, kind, side, "AI" if kind == "group_value" else "", key or text, text, "name")


def found(*names: Name) -> list[tuple[str, str, str]]:
    """Name, what it resembles and how."""
    return [(each.wanted.name, each.offered.name, each.how) for each in find_near_misses(names)]


def values(**pairs: str) -> str:
    """Group values as the tables hold them."""
    return json.dumps(pairs, sort_keys=True, separators=(",", ":"))


def test_the_surest_likeness_is_told() -> None:
    """A name that differs in case comes before one that differs in separators."""
    offered = (name("offered", "Api_Calls"), name("offered", "api calls"))
    assert found(name("wanted", "api_calls"), *offered) == [("api_calls", "Api_Calls", "case")]


def test_of_two_equally_near_names_neither_is_told() -> None:
    """`api calls` and `api-calls` are as near to `api_calls`."""
    assert (
        found(name("wanted", "api_calls"), name("offered", "api calls"), name("offered", "api-calls")) == []
    )


def test_two_names_of_one_thing_are_one_candidate() -> None:
    """A metric's name and its event type are the same metric."""
    offered = (name("offered", "Api calls", key="m1"), name("offered", "api-calls", key="m1"))
    assert [how for _, _, how in found(name("wanted", "api_calls"), *offered)] == ["spaces"]


def test_one_thing_cannot_be_meant_twice() -> None:
    """Two Stripe meters that resemble one metric: which is it."""
    wanted = (name("wanted", "api_calls"), name("wanted", "api-calls"))
    assert found(*wanted, name("offered", "API Calls", key="m1")) == []


def test_several_spellings_of_a_value_can_mean_one() -> None:
    """`EU` and `eu ` are both `eu`."""
    wanted = (
        name("wanted", values(region=each), kind="group_value", key=values(region=each))
        for each in ("EU", "eu ")
    )
    offered = name("offered", values(region="eu"), kind="group_value")
    assert [how for _, _, how in found(*wanted, offered)] == ["case", "spaces"]


def test_of_several_group_values_one_may_differ() -> None:
    """The model differs in case; with another region it is another combination."""
    wanted = name("wanted", values(model="GPT-4", region="eu"), kind="group_value")
    near = name("offered", values(model="gpt-4", region="eu"), kind="group_value")
    far = name("offered", values(model="gpt-4", region="us"), kind="group_value")
    assert found(wanted, near, far) == [(wanted.name, near.name, "case")]
    assert found(wanted, far) == []


def test_all_group_values_may_differ_in_case() -> None:
    """Model and region in capitals; a space that moves from one value to the other is no likeness."""
    wanted = name("wanted", values(model="GPT-4", region="EU"), kind="group_value")
    offered = name("offered", values(model="gpt-4", region="eu"), kind="group_value")
    assert [how for _, _, how in found(wanted, offered)] == ["case"]
    moved = name("wanted", values(model="a b", region="c"), kind="group_value")
    assert found(moved, name("offered", values(model="a", region="b c"), kind="group_value")) == []


def test_a_value_that_is_rated_elsewhere_is_not_misspelt() -> None:
    """The very value has a rate on another contract; a missing property is no name."""
    same = values(model="gpt-4")
    assert found(name("wanted", same, kind="group_value"), name("offered", same, kind="group_value")) == []
    nothing = name("wanted", '{"model":null}', kind="group_value")
    assert found(nothing, name("offered", values(model="null"), kind="group_value")) == []


def test_accounts_never_meet() -> None:
    """A name of another account is no candidate."""
    assert found(name("wanted", "api_calls"), name("offered", "api-calls", account="eu")) == []


def test_the_evidence_shows_both_names() -> None:
    """Whose they are, and what differs."""
    wanted, offered = (
        name("wanted", "cus_00012", kind="customer"),
        name("offered", "CUS_00012", kind="customer", key="m_1"),
    )
    (miss,) = find_near_misses([wanted, offered])
    assert miss.evidence == (
        "name 'cus_00012' has no partner; name 'CUS_00012' of m_1 differs only in capital and small letters."
    )
