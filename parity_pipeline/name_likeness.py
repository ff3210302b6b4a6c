"""When two names are likely meant to be one: the rules, on texts alone.

The rules are narrow, because a wrong hint costs more than none: `gpt-4` and `gpt-5`, `us-east-1` and
`us-east-2`, `cus_00012` and `cus_00013` are different things. Which names are compared is near_misses.py's.
"""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein

HOWS: Final = ("alias", "case", "spaces", "prefix", "one_edit")
"""Ways in which names are alike, the surest first; `alias` is the same text as another name of the thing."""

_SEPARATORS: Final = re.compile(r"[\s_\-./:|,()]+")
_WORDS_AND_NUMBERS: Final = re.compile(r"[^\W\d_]+|\d+")
_DATE_BEHIND: Final = re.compile(r"[-_.@ ]20\d\d-?(0[1-9]|1[0-2])-?(0[1-9]|[12]\d|3[01])$")
_NAMESPACE: Final = re.compile(r"^[^/:]+[/:]+(?=[^/:]+$)")
_RANDOM_ID: Final = re.compile(r"^cus_(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[0-9A-Za-z]{12,}$")
_SHORTEST_WORD: Final = 5
_LONGEST_NAME: Final = 200
_SAYS_NOTHING: Final = {
    *("usage", "used", "metered", "meter", "billing", "billed", "event", "events"),
    *("stripe", "metronome", "prod", "production", "live"),
}
"""Words at the end or beginning of a meter's or product's name that do not say what is counted."""


def signatures(name: str, kind: str) -> Iterator[tuple[str, object]]:
    """What a name must share with another to be alike in some way: (how, key), most of it in linear time."""
    if not name or len(name) > _LONGEST_NAME:
        return
    folded = _folded(name)
    yield "alias", name
    yield "case", folded
    yield "spaces", _squeezed(folded)
    if kind != "group_values":
        yield from (("prefix", each) for each in _cores(folded, kind))
        yield from (("one_edit", each) for each in _one_less(name, folded))


def are_alike(how: str, name: str, other: str, kind: str) -> bool:
    """Whether two names that share a signature of this kind are really alike in this way."""
    if how == "alias":
        return name == other
    if name == other:
        return False
    if how == "prefix":
        return _is_prefixed(_folded(name), _folded(other), kind)
    if how == "one_edit":
        return _is_one_edit(name, other)
    return True


def similarity(name: str, other: str) -> Decimal:
    """How alike two texts are, from 0 to 1, to four places; shown, decides nothing."""
    value = DamerauLevenshtein.normalized_similarity(name, other)
    return Decimal(str(value)).quantize(Decimal("0.0001"))


def _folded(name: str) -> str:
    """Without case, without invisible characters, compatibility forms unified."""
    text = unicodedata.normalize("NFKC", name)
    return "".join(each for each in text if unicodedata.category(each) != "Cf").casefold()


def _squeezed(folded: str) -> str:
    """Without separators; between two digits one stays, so that 1.1 is not 11."""
    if not any(each.isalpha() for each in folded):
        return folded.strip()

    def kept(found: re.Match[str]) -> str:
        before, after = folded[: found.start()][-1:], folded[found.end() :][:1]
        return "." if before.isdigit() and after.isdigit() else ""

    return _SEPARATORS.sub(kept, folded)


def _cores(folded: str, kind: str) -> Iterator[str]:
    """What is left of a name without what may stand before or behind it."""
    tokens = [each for each in _SEPARATORS.split(folded) if each]
    if kind == "customer":
        for cut in range(len(tokens)):
            for part in (tokens[cut:], tokens[: len(tokens) - cut]):
                if len("".join(part)) >= _SHORTEST_WORD:
                    yield " ".join(part)
    elif kind == "group_value":
        yield _squeezed(_DATE_BEHIND.sub("", _NAMESPACE.sub("", folded)))
    else:
        yield " ".join(_without_noise(tokens))


def _without_noise(tokens: list[str]) -> list[str]:
    """Without words at either end that do not say what is counted."""
    left = list(tokens)
    while len(left) > 1 and left[-1] in _SAYS_NOTHING:
        left.pop()
    while len(left) > 1 and left[0] in _SAYS_NOTHING:
        left.pop(0)
    return left


def _is_prefixed(name: str, other: str, kind: str) -> bool:
    """One is what is left of the other; of customers, the other holds the id or what follows `cus_`."""
    if kind == "customer":
        body, tokens = name.removeprefix("cus_"), _tokens(other)
        return len(body) >= _SHORTEST_WORD and any(_is_edge(_tokens(part), tokens) for part in (body, name))
    (core,), (other_core,) = _cores(name, kind), _cores(other, kind)
    whole = {_squeezed(name), _squeezed(other)}
    return core == other_core and _squeezed(core) in whole


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(each for each in _SEPARATORS.split(text) if each)


def _is_edge(part: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    """Whether tokens begin or end with a part, and have no digit besides: a number tells things apart."""
    beside = (
        tokens[len(part) :] if tokens[: len(part)] == part else None,
        tokens[: len(tokens) - len(part)] if tokens[-len(part) :] == part else None,
    )
    return bool(part) and any(
        rest is not None and not any(each.isdigit() for each in "".join(rest)) for rest in beside
    )


def _one_less(name: str, folded: str) -> Iterator[object]:
    """The name with one letter less in one long word: names that are one edit apart share one of these."""
    if _RANDOM_ID.match(name):
        yield from ((name, "id"), *((name[:at] + name[at + 1 :], "id") for at in range(len(name))))
    words = tuple(_WORDS_AND_NUMBERS.findall(folded))
    for place, word in enumerate(words):
        if len(word) >= _SHORTEST_WORD - 1 and not word[0].isdigit():
            for less in (word, *(word[:at] + word[at + 1 :] for at in range(len(word)))):
                yield (*words[:place], less, *words[place + 1 :], place)


def _is_one_edit(name: str, other: str) -> bool:
    """One letter more, less, other or swapped, within one word of five letters or more; same digits."""
    if _RANDOM_ID.match(name) and _RANDOM_ID.match(other):
        digits = (re.sub(r"\D", "", name), re.sub(r"\D", "", other))
        return digits[0] == digits[1] and DamerauLevenshtein.distance(name, other, score_cutoff=1) == 1
    words = _WORDS_AND_NUMBERS.findall(_folded(name))
    others = _WORDS_AND_NUMBERS.findall(_folded(other))
    if len(words) != len(others):
        return False
    differing = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    return len(differing) == 1 and _are_one_word(*differing[0])


def _are_one_word(word: str, other: str) -> bool:
    shorter, longer = sorted((word, other), key=len)
    is_long_enough = len(shorter) >= _SHORTEST_WORD
    is_plural = len(longer) >= _SHORTEST_WORD and longer == f"{shorter}s"
    return (
        (is_long_enough or is_plural)
        and word.isalpha()
        and other.isalpha()
        and word[0] == other[0]
        and DamerauLevenshtein.distance(word, other, score_cutoff=1) == 1
    )
