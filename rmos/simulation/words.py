"""The words of a line of G-code."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WORD = re.compile(r"([A-Z])([+-]?(?:\d+\.?\d*|\.\d+))")
_LARGEST = 1e6
"""No control takes larger numbers; with them the arithmetic here would mean nothing."""

_COMMENT = re.compile(r"\([^()]*\)")


@dataclass(frozen=True)
class Word:
    """A letter and its number."""

    letter: str
    value: float

    def __str__(self) -> str:
        """Return it in its shortest form: ``G1`` for ``G01.0``."""
        return f"{self.letter}{self.value:g}"


@dataclass(frozen=True)
class Block:
    """One line's words, and what could not be read in it.

    Args:
        line: Its number in the text, from 1.
        length: Its characters without spaces and comments.
        words: Its words, in order, without the line number.
        unread: Text that is no word.
    """

    line: int
    length: int
    words: tuple[Word, ...]
    unread: str = ""


def read_blocks(text: str) -> list[Block]:
    """Return the lines that hold anything but comments."""
    blocks = (_read(number, line) for number, line in enumerate(text.splitlines(), start=1))
    return [block for block in blocks if block.length]


def _read(number: int, line: str) -> Block:
    bare = _COMMENT.sub("", line.partition(";")[0])
    bare = "".join(bare.split()).upper()
    words = [Word(letter, float(value)) for letter, value in _WORD.findall(bare)]
    if words and words[0].letter == "N":
        del words[0]
    unread = _WORD.sub("", bare)
    unread += "".join(str(word) for word in words if abs(word.value) > _LARGEST)
    kept = tuple(word for word in words if abs(word.value) <= _LARGEST)
    return Block(number, len(bare), kept, unread)
