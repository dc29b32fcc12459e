"""Conditions: the words after `if`, and the CEL expression that they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEAD = r"(?:only\s+)?(?:if(?: and only if)?|in case(?: that)?|in the event(?: that)?|provided(?: that)?|assuming(?: that)?|when(?:ever)?|unless|as long as|should)"
_LEADING = re.compile(
    rf"^(?P<head>{_HEAD})\s+(?P<condition>[^,]+?)\s*,\s*(?:then\s+|just\s+)?(?P<rest>.+)$",
    re.IGNORECASE | re.DOTALL,
)
_TRAILING = re.compile(
    rf"^(?P<rest>.+?)\s*,?\s+(?:but\s+)?(?P<head>{_HEAD})\s+(?P<condition>.+)$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Taken:
    """A clause without its condition, and the condition."""

    rest: str
    condition: str
    negated: bool


def take_condition(text: str) -> Taken | None:
    """Separate a clause from its condition; None when it has none."""
    match = _LEADING.match(text) or _TRAILING.match(text)
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
