"""Divide a clause into the parts that together fit the catalog best."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from prefect_luthier.ai_builder.offline.retrieval import Match

# What a step costs: dividing pays when the parts fit better than the whole by more than this.
_STEP_COST = 0.42


@dataclass(frozen=True)
class Span:
    """A part of a clause.

    Args:
        text: Its words.
        match: What fits them.
        lent: Whether the verb is that of the first part.
    """

    text: str
    match: Match
    lent: bool


def borders(text: str, connected: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where the pieces between a text's connecting words start and end."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in connected.finditer(text):
        found.append((start, match.start()))
        start = match.end()
    found.append((start, len(text)))
    return [(first, last) for first, last in found if text[first:last].strip()]


def best_division(spans: Mapping[tuple[int, int], Span], count: int, least: float) -> list[Span]:
    """Return the parts that together fit best, none twice.

    Args:
        spans: What fits the pieces from one to another, both counted in.
        count: Number of pieces.
        least: What a part must reach to be one.
    """
    best: list[tuple[float, list[Span]]] = [(0.0, [])]
    for end in range(count):
        options: list[tuple[float, list[Span]]] = []
        for start in range(end + 1):
            span = spans.get((start, end))
            value, before = best[start]
            is_whole = (start, end) == (0, count - 1)
            if span is None or (span.match.score < least and not is_whole):
                continue
            if any(span.match.entry.slug == other.match.entry.slug for other in before):
                continue
            options.append((value + span.match.score - _STEP_COST, [*before, span]))
        best.append(max(options, key=lambda option: option[0], default=(-math.inf, [])))
    return best[count][1]
