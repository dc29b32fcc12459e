"""Split text into the pieces of words that the sentence encoder was trained on (WordPiece)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

_UNKNOWN, _FIRST, _LAST = "[UNK]", "[CLS]", "[SEP]"
_CONTINUED = "##"
_LONGEST_WORD = 100
# Runs of letters and digits; every other visible character stands for itself.
_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")


@dataclass(frozen=True)
class WordPieces:
    """A vocabulary of pieces; a piece's number is its place in it.

    Args:
        pieces: All pieces; those that go on inside a word start with `##`.
    """

    pieces: Sequence[str]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.pieces)}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self.pieces))

    def split(self, text: str, limit: int) -> list[int]:
        """Return the numbers of a text's pieces between the marks of its start and end.

        Args:
            text: Any text; case and accents do not count.
            limit: Most pieces to return; the end of a longer text is left out.
        """
        numbers = self._numbers
        found = [numbers[_FIRST]]
        for word in _TOKEN.findall(_plain(text)):
            if len(found) >= limit:
                break
            found += self._split_word(word)
        return [*found[: limit - 1], numbers[_LAST]]

    def _split_word(self, word: str) -> list[int]:
        """Return the longest pieces from the left, or the mark of an unknown word."""
        unknown = [self._numbers[_UNKNOWN]]
        if len(word) > _LONGEST_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            mark = _CONTINUED if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                number = self._numbers.get(mark + word[start:end])
                if number is not None:
                    break
            else:
                return unknown
            found.append(number)
            start = end
        return found


def _plain(text: str) -> str:
    """Return a text in lower case without accents and control characters."""
    kept = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFD", text.lower())
        if unicodedata.category(char) != "Mn"
        and (char.isspace() or unicodedata.category(char)[0] != "C")
    )
    return "".join(kept)
