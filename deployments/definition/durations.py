"""Durations as people write them: ``90s``, ``5m``, ``1h30m``, ``2d``."""

from __future__ import annotations

import re

UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}

PATTERN = r"^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+$"

_MAX_LENGTH = 64

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")


def parse_duration(text: str) -> float:
    """Return the seconds that ``text`` names.

    Raises:
        ValueError: ``text`` is no duration.
    """
    if len(text) > _MAX_LENGTH or not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text[:_MAX_LENGTH]!r} is no duration such as 90s, 5m, 1h30m or 2d")
    return sum(float(number) * UNITS_S[unit] for number, unit in _PART.findall(text))
