"""Conditions: the words after `if`, and the CEL expression that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IF = r"(?:only\s+|but\s+|and\s+)*(?:if(?: and only if)?|in case(?: that| of)?|in the event (?:that|of)|provided(?: that)?|assuming(?: that)?|unless|as long as|on condition that|depending on whether|should(?= (?:the|it|that|this|there|any|a|an|anything|something)\b))"
# `when` is a condition where it speaks of a state, otherwise it is about time.
_WHEN = r"(?:only\s+)?when(?:ever)?(?=[^,]*\b(?:is|are|was|were|fails?|failed|passes|passed|pass|succeeds?|succeeded|drops?|exceeds?|above|below|over|under|more|less|fewer|goes|went|no|not|any|there|contains?|matches|breaks|crashes|errors?)\b)"
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
    r"\b(?:check|see|find out|determine|test|verify|know|tell(?: \w+)?|decide|detect|ask|look|figure out|say|report|whether|shows?)$",
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
    if match and _QUESTION_VERB.search(match["rest"].strip(" ,")) and not re.search(r"\b(?:tell|let) (?:me|us)\b", match["rest"]):
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
    r"\b(?:fail(?:s|ed|ure|ures)?|breaks?|broke(?:n)?|error(?:s|ed)?|crash(?:es|ed)?|goes wrong|went wrong|does(?:n't| not) (?:work|succeed|pass)|did(?:n't| not) (?:work|succeed|pass)|unsuccessful|problems?|times? out|timed out|red)\b",
    re.IGNORECASE,
)
_SUCCEEDED = re.compile(
    r"\b(?:succeed(?:s|ed)?|success(?:ful|fully)?|works?|worked|pass(?:es|ed)?|goes (?:well|through|fine)|went (?:well|through|fine)|green|ok|completes?|finishes|all good)\b",
    re.IGNORECASE,
)
_EMPTY = re.compile(
    r"\b(?:(?:there(?:'s| is| are| was| were|'re)?|has|have|had|finds?|found|returns?|returned|got|get|see) (?:no|not any|nothing|zero|none)|no (?!longer)|nothing|none|zero|empty|is(?:n't| not) (?:any|anything)|are(?:n't| not) any|(?:weren't|were not|wasn't|was not) any)\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"\b(?:there(?:'s| is| are| was| were|'re) (?:any|some|at least one|a|an|something|new)?|anything|something|any|at least one|not empty|non-empty|finds?|found|exist|exists)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Meaning:
    """What a condition is about.

    Args:
        kind: failed, succeeded, empty, present, or other.
        subject: The condition's words.
    """

    kind: str
    subject: str


def read_condition(text: str, *, negated: bool = False) -> Meaning:
    """Return the meaning of the words after `if`."""
    kind = "other"
    for name, pattern in (
        ("failed", _FAILED),
        ("empty", _EMPTY),
        ("succeeded", _SUCCEEDED),
        ("present", _PRESENT),
    ):
        if pattern.search(text):
            kind = name
            break
    if negated:
        opposite = {
            "failed": "succeeded",
            "succeeded": "failed",
            "empty": "present",
            "present": "empty",
        }
        kind = opposite.get(kind, kind)
    return Meaning(kind, text)
