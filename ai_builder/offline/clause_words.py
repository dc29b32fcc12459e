"""What the words of a clause say by themselves: nothing, an order, a pointer back."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.clauses import PARALLEL
from prefect_luthier.ai_builder.offline.literals import is_mark
from prefect_luthier.ai_builder.offline.openings import (
    opens_clause,
    opens_passive,
    starts_with_verb,
)
from prefect_luthier.ai_builder.offline.order_words import POLITE
from prefect_luthier.ai_builder.offline.retrieval import query_terms
from prefect_luthier.ai_builder.offline.word_vectors import is_word
from prefect_luthier.ai_builder.offline.words import vocabulary


def is_order(text: str) -> bool:
    """Return whether a clause tells somebody to do something, rather than adding to another."""
    if opens_clause(text) or opens_passive(text) or opens_clause(f"{text} it"):
        return True
    return starts_with_verb(text) and len(text.split()) > _FEWEST and not _NAMED.match(text)


# `find literature about X` is an order, `grade A` and `return 12` are none.
_FEWEST = 2
_NAMED = re.compile(r"\w+\s+(?:[A-Z\d#]|[a-z]+s\s*$|(?:and|or|of|is|are|was|were)\b)")


def is_vague(text: str) -> bool:
    """Return whether the words of a clause name nothing an action could be found by."""
    vague = vocabulary().vague | vocabulary().weak
    if IDLE.fullmatch(text.strip(" .,!?")):
        return True
    return all(term.stem in vague for term in query_terms(text))


IDLE = re.compile(
    r"(?:please )?(?:find (?:it |that |this )?out|figure (?:it|that|this) out|work (?:it|that|this) out|look into (?:it|that|this)|(?:just )?(?:do|keep|leave|take) (?:it|them|that|this|those|these)(?: two| three| all)?|[a-z]+ nothing|forget (?:it|that)|go(?: ahead)?|whatever|none|just those|that's (?:it|all)|nothing else|as usual|rather|kind regards.*|cheers.*|thanks.*)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def is_gibberish(text: str) -> bool:
    """Return whether most words of a text are no English words."""
    terms = [term for term in query_terms(plain(text)) if len(term.word) > 2]  # noqa: PLR2004 - initials
    return bool(terms) and sum(is_word(term.word) for term in terms) * 2 < len(terms)


def plain(text: str) -> str:
    """Return a masked text without its marks."""
    return "".join(" " if is_mark(char) or char in PARALLEL else char for char in text)


_POINTER = re.compile(
    r"\b(?:it|them|this|that|these|those|one|both|the (?:result|output|file|outcome|same|others?)s?)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def points_back(text: str) -> bool:
    """Return whether a clause works on what the clauses before it made."""
    return bool(_POINTER.search(text))


def polished(text: str) -> str:
    """Return a text without politeness in front."""
    text = text.strip(" .,!?")
    while (match := POLITE.match(text)) and 0 < match.end() < len(text):
        text = text[match.end() :]
    return text
