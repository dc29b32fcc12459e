"""Amounts in a request: periods, retries, timeouts, counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prefect_luthier.ai_builder.offline.times import NUMBER, number

_UNIT = r"(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|min|m|hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|quarters?|years?)"  # noqa: E501 - a pattern reads best in one piece
_SHORT = {"ms": "ms", "mil": "ms", "s": "s", "sec": "s", "m": "m", "min": "m", "h": "h", "hr": "h", "hou": "h", "d": "d", "day": "d", "w": "w", "wee": "w", "wk": "w"}  # fmt: skip  # noqa: E501 - a pattern reads best in one piece

_PERIOD = re.compile(
    rf"\b(?:(?:in|for|from|over|of|during|within)\s+)?(?:the\s+)?(?:last|past|previous|recent)\s+(?:(?P<count>{NUMBER})\s+)?(?P<unit>hours?|days?|weeks?|months?|quarters?|years?)\b",
    re.IGNORECASE,
)
_RETRY = re.compile(
    rf"[,\s]*\b(?:and\s+|but\s+)?(?:re-?try(?:ing)?|try(?:ing)?(?: it| that| this)? again|attempt(?: it)?|repeat)(?:\s+(?:it|that|this|them|the \w+|each|on failure|if it fails))?\s+(?:for\s+)?(?:up to\s+|at most\s+|a maximum of\s+)?(?P<count>{NUMBER})(?:\s+(?:more\s+)?(?:times|retries|attempts|x)|x)?"  # noqa: E501 - a pattern reads best in one piece
    rf"|[,\s]*\b(?:with|allow|use)\s+(?:up to\s+)?(?P<count2>{NUMBER})\s+(?:retries|retry|re-tries|more attempts)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_DELAY = re.compile(
    rf"^[,\s]*(?:(?:with\s+)?(?:an?\s+)?(?P<count>{NUMBER})[\s-]*(?P<unit>{_UNIT})\s+(?:apart|delay|pause|between|in between|wait|backoff)|(?:every|after|waiting|wait|with a delay of|with)\s+(?P<count2>{NUMBER})\s*(?P<unit2>{_UNIT})(?:\s+(?:between|apart|in between|delay)[\w ]*)?)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_TIMEOUT = re.compile(
    rf"[,\s]*\b(?:and\s+|but\s+)?(?:(?:give up|time ?out|stop|abort|cancel(?: it)?|kill(?: it)?|fail)(?:\s+(?:it|that))?\s+(?:if it (?:takes|runs)\s+)?(?:after|at|longer than|more than|for more than|over)|with a (?:timeout|time limit|limit) of|(?:timeout|time limit)(?: of|:)?|it (?:must|should) (?:not |never )?take (?:no )?(?:more|longer) than)\s+(?P<count>{NUMBER}(?:\.\d+)?)[\s-]*(?P<unit>{_UNIT})\b"  # noqa: E501 - a pattern reads best in one piece
    rf"|[,\s]*\bwith\s+an?\s+(?P<count2>{NUMBER})[\s-]*(?P<unit2>{_UNIT})\s+(?:timeout|time limit)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Care:
    """How patiently a step is run.

    Args:
        retries: Attempts after the first, None when not asked for.
        delay: Wait between attempts as a duration, or None.
        timeout: Longest time of an attempt as a duration, or None.
    """

    retries: int | None = None
    delay: str | None = None
    timeout: str | None = None

    def over(self, other: Care) -> Care:
        """Return what this says, and where it says nothing, what the other says."""
        return Care(
            other.retries if self.retries is None else self.retries,
            self.delay or other.delay,
            self.timeout or other.timeout,
        )

    def __bool__(self) -> bool:
        return self.retries is not None or self.timeout is not None


def duration(count: str, unit: str) -> str | None:
    """Return a duration such as ``5m``; None for months and years, whose length varies."""
    lowered = unit.lower()
    short = _SHORT.get(lowered) or _SHORT.get(lowered[:3]) or _SHORT.get(lowered[:2])
    if lowered.startswith(("month", "year", "quarter")) or short is None:
        return None
    return f"{number(count)}{short}"


def take_care(text: str) -> tuple[Care, str]:
    """Return the retries and the timeout that a text asks for, and the text without them."""
    care = Care()
    retry = _RETRY.search(text)
    if retry:
        end, delay = retry.end(), None
        pause = _DELAY.match(text[end:])
        if pause:
            delay = duration(pause["count"] or pause["count2"], pause["unit"] or pause["unit2"])
            end += pause.end()
        count = number(retry["count"] or retry["count2"])
        care = Care(min(count, 100), delay)
        text = f"{text[: retry.start()]} {text[end:]}"
    limit = _TIMEOUT.search(text)
    if limit:
        timeout = duration(limit["count"] or limit["count2"], limit["unit"] or limit["unit2"])
        care = Care(care.retries, care.delay, timeout)
        text = f"{text[: limit.start()]} {text[limit.end() :]}"
    return care, " ".join(text.split()) if care else text


def find_period(text: str) -> str | None:
    """Return a period such as ``30 days`` that a text looks back over."""
    match = _PERIOD.search(text)
    if not match:
        return None
    count = number(match["count"]) if match["count"] else 1
    unit = match["unit"].lower().rstrip("s")
    if unit == "quarter":
        count, unit = 3 * count, "month"
    return f"{count} {unit}{'' if count == 1 else 's'}"
