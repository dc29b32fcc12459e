"""A request whose quoted texts are set aside, so that nothing in them is read as an instruction."""

from __future__ import annotations

import re
import unicodedata

# Private-use characters that stand for a quotation and for a place from which something was taken.
_OPEN, _CLOSE, _GAP = "\ue000", "\ue001", "\ue002"

QUOTATION = rf"{_OPEN}(\d+){_CLOSE}"
"""Pattern of a quotation's stand-in; group 1 of it is its number."""

_HELD = re.compile(QUOTATION)
_QUOTED = re.compile(
    r"\"(?P<straight>[^\"]*)\"|“(?P<curly>[^”]*)”|«(?P<angled>[^»]*)»"
    r"|(?<!\w)'(?P<single>(?:[^']|(?<=\w)'(?=\w))*)'(?!\w)"
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


class QuotedText:
    """A text from which what was read is taken out.

    Args:
        text: The text.

    Attributes:
        rest: What was not read yet.
        hidden: Code points outside of quotations that are not shown or reorder others.
    """

    def __init__(self, text: str) -> None:
        self._texts: list[str] = []
        self._sources: list[str] = []
        plain = re.sub(f"[{_OPEN}{_CLOSE}{_GAP}]", "\N{REPLACEMENT CHARACTER}", text)
        self.rest = _QUOTED.sub(self._hold, plain)
        outside = _HELD.sub("", self.rest)
        self.hidden = sorted({name for character in outside if (name := _hidden(character))})

    def _hold(self, found: re.Match[str]) -> str:
        self._texts.append(next(value for value in found.groups() if value is not None))
        self._sources.append(found[0])
        return f"{_OPEN}{len(self._texts) - 1}{_CLOSE}"

    def quoted(self, number: str) -> str:
        """Return what stands in a quotation."""
        return self._texts[int(number)].strip()

    def written(self, text: str) -> str:
        """Return a part of the rest as it was written, with its quotations."""
        return _HELD.sub(lambda found: self._sources[int(found[1])], text)

    def open(self, content: re.Pattern[str]) -> None:
        """Put back the quotations that have this content and no other."""

        def put_back(found: re.Match[str]) -> str:
            text = self.quoted(found[1])
            return text if content.fullmatch(text) else found[0]

        self.rest = _HELD.sub(put_back, self.rest)

    def cut(self, found: re.Match[str]) -> None:
        """Take a match out; the place stays visible to `was_cut`."""
        self.rest = f"{self.rest[: found.start()]}\n{_GAP}\n{self.rest[found.end() :]}"

    @property
    def words(self) -> str:
        """The rest as it was written."""
        return self.written(self.rest).replace(_GAP, " ")


def was_cut(text: str) -> bool:
    """Tell whether something was taken out of the midst of a part of the rest."""
    return _GAP in text.strip(f" \t\r\n{_GAP}")


def without_cuts(text: str) -> str:
    """Return a part of the rest without the marks of what was taken out."""
    return text.replace(_GAP, "")


def _hidden(character: str) -> str | None:
    """Return the name of a character that is not shown or reorders others, None for others."""
    if character in "\t\r\n" or unicodedata.category(character) not in _HIDDEN_CATEGORIES:
        return None
    return f"U+{ord(character):04X}"
