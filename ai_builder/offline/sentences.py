"""The sentences of a request; each item of a list is one."""

from __future__ import annotations

import re

_BULLET = re.compile(r"(?:^|\n)\s*(?:[-*•]|\(?\d{1,2}[.)]|step \d+\s*[:.)-])\s+", re.IGNORECASE)
_INLINE_NUMBER = re.compile(
    r"(?:^|(?<=[\s:;,.]))\(?(?:\d{1,2}[.)]|step \d+\s*[:.)-])\s+(?=[A-Za-z\ue000-\uf8ff])",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?<=[.!?])(?:\s+|$)|\s*;\s*|\n+|\s+(?:--|-)\s+(?=[a-z])|(?<=:)\s+|,\s+so (?=please|i |we |can |could )|\.{3}\s*"  # noqa: E501 - a pattern reads best in one piece
)
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|no|mr|mrs|ms|dr|inc|ltd|st)\.$", re.IGNORECASE
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a masked text; each item of a list is one."""
    text = _BULLET.sub("\n", text)
    if len(_INLINE_NUMBER.findall(text)) > 1:
        text = _INLINE_NUMBER.sub("\n", text)
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        stripped = (piece or "").strip()
        if not re.search(r"[\w\ue000-\uf8ff]", stripped):
            continue
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {stripped}"
        else:
            found.append(stripped)
    return [sentence for sentence in found if sentence]
