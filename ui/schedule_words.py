"""Schedules of the registered workflows in words, for the page and the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_UNITS = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def interval_words(seconds: float) -> str:
    """Return an interval in its largest whole unit: ``every hour``, ``every 90 minutes``."""
    for unit, size in _UNITS:
        count, rest = divmod(seconds, size)
        if count and not rest:
            return f"every {unit}" if count == 1 else f"every {count:g} {unit}s"
    return f"every {seconds:g} seconds"


def why_off(schedule: Mapping[str, Any]) -> str:
    """Return why a schedule starts no runs; an empty text when it does."""
    if schedule["active"]:
        return ""
    lacking: Sequence[str] = schedule.get("lacks", ())
    return f"off until {', '.join(lacking)} has a value" if lacking else "paused"
