"""Mend misspelt words of a request, before it is read."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from prefect_luthier.ai_builder.offline.word_vectors import is_word, known_words
from prefect_luthier.ai_builder.offline.words import stem, vocabulary

_SHORTEST, _LONG, _VERY_LONG = 4, 6, 10
_WORD = re.compile(r"(?<![\w.@#/'-])[A-Za-z]{4,24}(?![\w@/'-])")
_SHORT = {"teh": "the", "hte": "the", "adn": "and", "nad": "and", "fro": "for"}
_SWAPPED = re.compile(rf"(?<![\w-])(?:{'|'.join(_SHORT)})(?![\w-])", re.IGNORECASE)
# Words of order and time, which decide how a request is read.
_FRAME = frozenset(
    [
        "after",
        "afterwards",
        "before",
        "then",
        "finally",
        "first",
        "next",
        "once",
        "when",
        "whenever",
        "while",
        "meanwhile",
        "parallel",
        "simultaneously",
        "otherwise",
        "unless",
        "please",
        "every",
        "each",
        "daily",
        "weekly",
        "monthly",
        "hourly",
        "nightly",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "weekday",
        "weekdays",
        "morning",
        "evening",
        "noon",
        "midnight",
        "hour",
        "minute",
        "month",
        "quarter",
        "month",
        "january",
        "february",
        "march",
        "april",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "should",
        "could",
        "would",
        "instead",
        "retry",
        "times",
        "default",
    ]
)


def mended(text: str, names: Collection[str]) -> str:
    """Return a masked request with the words corrected that are surely misspelt.

    Args:
        text: The request.
        names: Words of the catalog, which are right however they look.
    """
    known = frozenset(names)

    def mend(match: re.Match[str]) -> str:
        before = text[: match.start()].rstrip()
        inside = bool(before) and before[-1] not in ".!?:;"
        if match[0][0].isupper() and inside:
            return match[0]  # a name
        return _mended_word(match[0], known)

    return _WORD.sub(mend, _SWAPPED.sub(lambda match: _SHORT[match[0].lower()], text))


def _mended_word(word: str, names: frozenset[str]) -> str:
    lowered = word.lower()
    if lowered in names or lowered in _FRAME or is_word(lowered) or _is_name(word):
        return word
    if lowered in vocabulary().verb_words or lowered in vocabulary().irregular:
        return word
    if stem(lowered) in _stems(names):
        return word
    allowed = 1 if len(lowered) < _LONG else 2 if len(lowered) < _VERY_LONG else 3
    for candidates in (_FRAME, names, _verbs(), known_words()):
        found = [
            (distance, sorted(other) != sorted(lowered), -_shared(lowered, other), other)
            for other, distance, _ in process.extract(
                lowered,
                candidates,
                scorer=DamerauLevenshtein.distance,
                score_cutoff=allowed,
                limit=8,
            )
            if other[0] == lowered[0] or (distance == 1 and len(lowered) >= _LONG)
        ]
        if found:
            return min(found)[3]
    return word


def _shared(first: str, second: str) -> int:
    """Return how many letters two words share at their front: slips come late in a word."""
    return next(
        (at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other),
        min(len(first), len(second)),
    )


def _is_name(word: str) -> bool:
    """Return whether a word is written like a name: `GitHub`, `ERP`."""
    return not word.islower() and not (word[0].isupper() and word[1:].islower())


@lru_cache(maxsize=16)
def _stems(names: frozenset[str]) -> frozenset[str]:
    return frozenset(map(stem, names))


@cache
def _verbs() -> tuple[str, ...]:
    return tuple(sorted(word for word in vocabulary().verb_words if len(word) >= _SHORTEST))
