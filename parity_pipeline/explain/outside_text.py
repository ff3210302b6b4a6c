"""Texts from outside (ids, names, values) made harmless for a terminal and for Markdown."""

import re
import unicodedata

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Control, invisible and direction characters, halves of pairs, private ones, line and paragraph ends."""
_MARKUP = re.compile(r"([\\\[\]*~#!]|(?<!\w)_|_(?!\w))")


def visible(text: str) -> str:
    """One line without characters that move the cursor, colour the screen or turn the text around."""
    kept = (" " if each in "\n\r\t" else "�" if _is_unsafe(each) else each for each in text)
    return re.sub(r" {2,}", " ", "".join(kept)).strip()


def markdown(text: str) -> str:
    """The same for Markdown: no table cell, link, image, emphasis, code or HTML begins or ends in it."""
    flat = visible(text)
    for sign, harmless in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        flat = flat.replace(sign, harmless)
    return _MARKUP.sub(r"\\\1", flat).replace("|", "\\|").replace("`", "'")


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE
