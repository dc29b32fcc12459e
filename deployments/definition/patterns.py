"""User-written regular expressions, matched with a time limit."""

from __future__ import annotations

import re
import warnings

MAX_PATTERN_LENGTH = 2_000
MATCH_LIMIT_S = 0.25


class PatternTooSlow(ValueError):
    """A pattern needs unbounded time on a value."""


def pattern_problem(pattern: str) -> str | None:
    """Return why ``pattern`` is no usable regular expression, or None."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        return f"it is longer than {MAX_PATTERN_LENGTH} characters"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except re.error as error:
        return str(error)
    except (RecursionError, OverflowError, FutureWarning) as error:
        return str(error) or "it is nested too deep"
    return None


def matches(pattern: str, text: str) -> bool:
    """Return whether ``pattern`` matches anywhere in ``text``, as JSON Schema defines it.

    Raises:
        PatternTooSlow: The match took longer than ``MATCH_LIMIT_S``.
        ValueError: ``pattern`` is no regular expression.
    """
    import regex  # noqa: PLC0415 - `re` has no time limit; loaded only for definitions with patterns

    try:
        return regex.search(pattern, text, timeout=MATCH_LIMIT_S) is not None
    except TimeoutError as error:
        raise PatternTooSlow(
            f"could not be matched with {pattern!r} within {MATCH_LIMIT_S:g} s; "
            "the pattern backtracks without bound"
        ) from error
    except (regex.error, RecursionError) as error:
        raise ValueError(f"cannot be matched: {pattern!r} is no regular expression") from error
