"""Conditions: the words after `if`, and the CEL expression that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IF = r"(?:only\s+|but\s+|and\s+)*(?:if(?: and only if)?|in case(?: that| of)?|in the event (?:that|of)|provided(?: that)?|assuming(?: that)?|unless|as long as|on condition that|depending on whether|should(?= (?:the|it|that|this|there|any|a|an|anything|something)\b))"  # noqa: E501 - a pattern reads best in one piece
# `when` is a condition where it speaks of a state, otherwise it is about time.
_WHEN = r"(?:only\s+)?when(?:ever)?(?=[^,]*\b(?:is|are|was|were|fails?|failed|passes|passed|pass|succeeds?|succeeded|drops?|exceeds?|above|below|over|under|more|less|fewer|goes|went|no|not|any|there|contains?|matches|breaks|crashes|errors?)\b)"  # noqa: E501 - a pattern reads best in one piece
_LEADING = re.compile(
    rf"^(?P<head>{_IF}|{_WHEN})\s+(?P<condition>[^,:]+?)\s*(?:[,:]\s*(?:then\s+|just\s+)?|\s+then\s+)(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_TRAILING = re.compile(
    rf"^(?P<rest>.+?)\s*,?\s+(?:but\s+)?(?P<head>{_IF}|{_WHEN})\s+(?P<condition>.+)$",
    re.IGNORECASE | re.DOTALL,
)
# `check if X` asks a question; the words after it are no condition.
_QUESTION_VERB = re.compile(
    r"\b(?:check|see|find out|determine|test|verify|know|tell(?: \w+)?|decide|detect|ask|look|figure out|say|report|whether|shows?)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Taken:
    """A clause without its condition, and the condition."""

    rest: str
    condition: str
    negated: bool


def leading_condition(text: str) -> Taken | None:
    """Separate `if X, Y` from its condition; None when the text does not start with one."""
    return _taken(_LEADING.match(text))


def trailing_condition(text: str) -> Taken | None:
    """Separate `Y if X` from its condition; None when there is none."""
    match = _TRAILING.match(text)
    if (
        match
        and _QUESTION_VERB.search(match["rest"].strip(" ,"))
        and not re.search(r"\b(?:tell|let) (?:me|us)\b", match["rest"])
    ):
        return None
    return _taken(match)


def _taken(match: re.Match[str] | None) -> Taken | None:
    if not match or not match["rest"].strip(" ,."):
        return None
    return Taken(
        match["rest"].strip(" ,"),
        match["condition"].strip(" ,."),
        "unless" in match["head"].lower(),
    )


_FAILED = re.compile(
    r"\b(?:fail(?:s|ed|ure|ures)?|breaks?|broke(?:n)?|error(?:s|ed)?|crash(?:es|ed)?|goes wrong|went wrong|does(?:n't| not) (?:work|succeed|pass)|did(?:n't| not) (?:work|succeed|pass)|unsuccessful|could(?:n't| not)|cannot|can't|(?:is|was|are|were) unable|problems?|times? out|timed out|red|down|offline|unreachable|unavailable|(?:is )?not (?:reachable|available|ok|up|responding|working)|(?:does(?:n't| not)|stops?) (?:answer|respond|load)(?:ing)?)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
# `exits non-zero` is a failure, `exits with 0` is none.
_EXITED = re.compile(
    r"\b(?:exit(?:s|ed|ing)?(?: (?:code|status))?|return(?:s|ed)? code|return(?:s|ed)? (?=(?:an? )?non))\b.*?(?:(?P<failed>non-? ?zero|\bnot (?:be )?(?:0|zero)\b|(?:!=|<>|>|above|over|(?:more|greater|other) than) ?(?:0|zero)\b|\b-?[1-9]\d*\b|\berror)|(?P<fine>\b(?:0|zero|cleanly|normally|successfully|fine)\b))",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_SUCCEEDED = re.compile(
    r"\b(?:succeed(?:s|ed)?|success(?:ful|fully)?|works?|worked|pass(?:es|ed)?|goes (?:well|through|fine)|went (?:well|through|fine)|green|ok|completes?|finishes|all good)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"\b(?:(?:there(?:'s| is| are| was| were|'re)?|has|have|had|finds?|found|returns?|returned|got|get|see) (?:no|not any|nothing|zero|none)|no (?!longer)|nothing|none|(?<!non-)(?<!non )zero|(?<!not )(?<!non-)empty|is(?:n't| not) (?:any|anything)|are(?:n't| not) any|(?:weren't|were not|wasn't|was not) any)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\b(?:there(?:'s| is| are| was| were|'re) (?:any|some|at least one|a|an|something|new)?|anything|something|any|at least one|not empty|non-empty|non-? ?zero|finds?|found|exist|exists)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Meaning:
    """What a condition is about.

    Args:
        kind: failed, succeeded, empty, present, compare, or other.
        subject: The condition's words.
        negated: Whether the opposite is meant, for compare and other.
        operator: CEL operator of a comparison.
        number: What is compared with.
    """

    kind: str
    subject: str
    negated: bool = False
    operator: str = ""
    number: str = ""


_COMPARISON = re.compile(
    r"(?P<over>(?:is |are |was |goes |gets |rises |climbs )?(?:above|over|more than|greater than|higher than|larger than|bigger than|exceed(?:s|ed|ing)?|older than|longer than|beyond|hotter than|warmer than|slower than|heavier than|taller than|wider than|deeper than|farther than|worse than|dearer than|>)(?! or equal))\s*(?P<a>[$€£]?\s*-?\d[\d,]*(?:\.\d+)?)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<atleast>at least|no less than|minimum of|>=)\s*(?P<b>[$€£]?\s*-?\d[\d,]*(?:\.\d+)?)"
    r"|(?P<under>(?:is |are |was |drops |falls |goes )?(?:below|under|less than|fewer than|lower than|smaller than|younger than|colder than|cooler than|shorter than|quicker than|faster than|lighter than|cheaper than|nearer than|earlier than|sooner than|short of|<)(?! or equal))\s*(?P<c>[$€£]?\s*-?\d[\d,]*(?:\.\d+)?)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<atmost>at most|no more than|not more than|maximum of|up to|<=)\s*(?P<d>[$€£]?\s*-?\d[\d,]*(?:\.\d+)?)"  # noqa: E501 - a pattern reads best in one piece
    r"|(?P<equal>equals?|is exactly|is|are|==?)\s+(?P<e>-?\d[\d,]*(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_OPERATORS = (("over", "a", ">"), ("atleast", "b", ">="), ("under", "c", "<"), ("atmost", "d", "<="), ("equal", "e", "=="))  # fmt: skip  # noqa: E501 - a pattern reads best in one piece
_NOT = re.compile(
    r"\b(?:not|n't|isn't|aren't|hasn't|haven't|didn't|doesn't|don't|no longer|never|without)\b",
    re.IGNORECASE,
)
# A condition that only points back: at what was checked before it.
_POINTS_BACK = re.compile(
    r"(?:(?:it|that|this|they|he|she)\s+)?(?:does|do|is|are|was|were|has|have|did|can|could|will|would)(?P<no>(?:n't|\s*not)\b)?(?:\s+(?:the case|so|true|that))?|(?P<never>no|not|neither)|yes|so",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_OPPOSITE = {"failed": "succeeded", "succeeded": "failed", "empty": "present", "present": "empty"}


def read_condition(text: str, *, negated: bool = False) -> Meaning:
    """Return the meaning of the words after `if`."""
    back = _POINTS_BACK.fullmatch(text.strip(" .,!"))
    if back:
        fails = bool(back["no"] or back["never"]) != negated
        return Meaning("failed" if fails else "succeeded", text)
    exited = _EXITED.search(text)
    if exited:
        return Meaning("failed" if bool(exited["failed"]) != negated else "succeeded", text)
    comparison = _COMPARISON.search(text)
    if comparison:
        for name, value, operator in _OPERATORS:
            if comparison[name]:
                number = re.sub(r"[^\d.-]", "", comparison[value])
                return Meaning("compare", text, negated, operator, number)
    for name, pattern in (
        ("failed", _FAILED),
        ("empty", _EMPTY),
        ("succeeded", _SUCCEEDED),
        ("present", _PRESENT),
    ):
        if pattern.search(text):
            return Meaning(_OPPOSITE[name] if negated else name, text)
    return Meaning("other", text, negated != bool(_NOT.search(text)))
