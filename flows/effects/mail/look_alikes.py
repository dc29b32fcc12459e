"""Letters that look like others: the means to pass for somebody else."""

from __future__ import annotations

import re
import unicodedata

# Letters of other scripts that are drawn like Latin ones in common fonts; after Unicode's
# confusables.txt (UTS 39), the part that matters for lower-case host names.
_LIKE_LATIN = frozenset("аеорсухіјѕһԁԛԝьԍӏвкмнтгпѵѡαοινρτυκχγηωεաոսհօցզյ")
_SCRIPTLESS = {"DIGIT", "HYPHEN-MINUS", "FULL", "LOW", "MIDDLE"}

# They change how the text around them is shown, or are not shown at all.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)

JOINERS = "\u200c\u200d"
"""Persian words and many emoji are written with these."""


def invisible_in(text: str, allowed: str = "") -> str | None:
    """Return the name of the first character that is not shown or that reorders others.

    Args:
        text: The text to look through.
        allowed: Characters that may stand in it all the same.
    """
    for character in text:
        if unicodedata.category(character) in _INVISIBLE_CATEGORIES and character not in allowed:
            return f"U+{ord(character):04X} {unicodedata.name(character, 'control')}"
    return None


def encoded_word_in(text: str) -> str | None:
    """Return the first text in a header's encoding (RFC 2047), which readers show decoded.

    What it stands for would be shown, and may be a line break or another address, while
    everything here sees harmless ASCII.
    """
    found = _ENCODED_WORD.search(text)
    return found[0] if found else None


def imitation_in(host: str) -> str | None:
    """Return why a host name in its ASCII form could be read as another, None if it cannot."""
    for label in host.lower().split("."):
        if not label.startswith("xn--"):
            continue
        try:
            shown = label[4:].encode().decode("punycode")
        except UnicodeError:
            return f"{label!r} is no encoding of a name"
        scripts = {_script(character) for character in shown} - _SCRIPTLESS
        if len(scripts) > 1:
            return f"{label!r} mixes letters of different scripts"
        letters = [character for character in shown if character.isalpha()]
        if letters and all(character in _LIKE_LATIN for character in letters):
            return f"{label!r} is written in letters that look like Latin ones"
    return None


def _script(character: str) -> str:
    return unicodedata.name(character, "UNNAMED").split()[0]
