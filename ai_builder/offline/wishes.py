"""Whether a whole request is a wish for a workflow: questions, contradictions, mere moods."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prefect_luthier.ai_builder.offline.words import stem, vocabulary, words

_QUESTION = re.compile(
    r"^(?:(?:hi|hello|hey|so|and|but|tell me|say|please)\W+)*(?P<word>what(?:'s|s)?|which|why|who(?:'s)?|whose|when|where|how)\b(?P<rest>[^.!?;:\n]*)[\s?]*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ABOUT_US = re.compile(
    r"^(?:(?:hi|hello|hey|so|and|but|please)\W+)*(?:are you|do you (?:know|have|support|understand|speak|like|think|offer)|can (?:you (?:only|also|even)|i|one|luthier)\b|is (?:there|it possible|this|luthier)\b|does (?:this|it|luthier)\b|have you\b)[^.!;:\n]*\?+\s*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
# What is asked of a system and can be measured: `how full is the store?` is work for a step.
_MEASURED = re.compile(r"^\s*(?:much|many|long|often|full|busy|high|low|big|old|warm|cold)\b", re.IGNORECASE)  # fmt: skip  # noqa: E501 - a pattern reads best in one piece


def is_question(text: str) -> bool:
    """Return whether a request is only a question to somebody, and asks for no work.

    Args:
        text: The request without its schedule.
    """
    text = " ".join(text.split())
    if _ABOUT_US.match(text):
        return True
    asked = _QUESTION.match(text)
    if not asked:
        return False
    is_measure = asked["word"].lower() == "how" and _MEASURED.match(asked["rest"])
    return not is_measure or bool(re.search(r"\byou\b", asked["rest"], re.IGNORECASE))


_FORBIDDEN = re.compile(
    r"(?:\b(?:and|but|yet)\s+|[,;.]\s*)(?:also\s+|please\s+|at the same time\s+)*(?:under no circumstances|in no case|on no account|never(?: ever)?|do not(?: ever)?|don't(?: ever)?|must not|mustn't)\s+(?P<what>[^.;!?]+)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_CASES = re.compile(
    r"\b(?:if|unless|otherwise|else|when|whenever|while|until|only|except|before|after|in case|again|twice)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ANYTHING = frozenset(["any", "anything", "everything", "all", "it", "them", "that", "at", "so"])
_NEVER_AT_ALL = re.compile(
    r"\b(?:never|not|no)\b(?:\s+(?:ever|run|start|do it|on))*\s+(?:on\s+)?(?:any|a single|one|every)\s+(?:day|time|date|hour|occasion)\b|\bwithout ever (?:running|starting|doing)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ONLY_ONCE = re.compile(
    r"\b(?:exactly|only|just|precisely|no more than|at most)\s+(?:once|one time)\s+(?:a|an|per|every|each|in a)\s+(?:day|week|month|year)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def contradiction(text: str, crons: Sequence[str]) -> str | None:
    """Return what contradicts the rest of a request, or None.

    Args:
        text: The whole request.
        crons: The triggers it asks for.
    """
    never = _NEVER_AT_ALL.search(text)
    if never and crons:
        return never[0]
    once = _ONLY_ONCE.search(text)
    if once and any(not cron.split()[1].isdigit() for cron in crons):
        return once[0]
    forbidden = _FORBIDDEN.search(text)
    if not forbidden or _CASES.search(text):
        return None
    asked = _content(f"{text[: forbidden.start()]} {text[forbidden.end() :]}")
    banned = _content(forbidden["what"])
    verbs = {stem(word) for word in vocabulary().verb_words}
    return forbidden["what"] if banned & verbs and banned <= asked else None


def _content(text: str) -> set[str]:
    """Return the stems of the words that say something."""
    idle = vocabulary().stop | _ANYTHING
    return {stem(word) for word in words(text) if word not in idle}


_MOOD = re.compile(
    r"^(?:(?:please|can you|could you|we should|let's|try to|just)\s+)*(?:help|assist|support|improve|optimi[sz]e|enhance|sort out|look after|take care of|deal with|handle|be nicer to|do (?:something|anything) (?:about|for|with|nice for))\s+(?:out\s+)?(?:with\s+)?(?P<whom>[^,.;:!?]+?)\s*[.!?]*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_FEW_WORDS = 7


def is_mood(text: str) -> bool:
    """Return whether a request names somebody to help, and nothing to do: `help the sales people`.

    Args:
        text: The masked request without its schedule.
    """
    found = _MOOD.match(" ".join(text.split()))
    return found is not None and len(found["whom"].split()) <= _FEW_WORDS
