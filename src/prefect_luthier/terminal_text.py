"""Text of others on a terminal: nothing in it may move the cursor, ring or reorder a line."""

from __future__ import annotations

import unicodedata

_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_CONTROL_PICTURES = 0x2400
_FIRST_PRINTABLE = 0x20
_UNSHOWABLE = "\N{REPLACEMENT CHARACTER}"


def inert(text: str) -> str:
    """Return ``text`` with every steering character as one visible one, so that columns stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_stand_in(character) for character in text)


def _stand_in(character: str) -> str:
    if unicodedata.category(character) not in _STEERING:
        return character
    code = ord(character)
    return chr(_CONTROL_PICTURES + code) if code < _FIRST_PRINTABLE else _UNSHOWABLE
