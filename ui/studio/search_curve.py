"""The curve of a search: every attempt, and the best score so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

_WIDTH, _HEIGHT = 560.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 12.0, 12.0, 26.0
_MOST_DOTS = 600
_LINES = 4
_ALLOWED = 50.0  # the engine scores what can be made above this
_PERFECT = 100.0
_BLOCKED = "RED"

Scale = Callable[[float], float]


class Point(Protocol):
    """One attempt."""

    @property
    def number(self) -> int:
        """Counts from 1."""

    @property
    def score(self) -> float:
        """0 to 100."""

    @property
    def risk(self) -> str:
        """``GREEN``, ``YELLOW`` or ``RED``."""


def curve(points: Sequence[Point], *, attempts: int, wanted: float | None) -> str:
    """Return the curve as an SVG for the page, with a sentence that says the same.

    Args:
        points: The attempts so far, in order.
        attempts: How many there may be.
        wanted: The score that ends the search.
    """
    last = max(attempts if len(points) * 3 > attempts else len(points) * 2, 1)
    lowest = min((each.score for each in points), default=0.0)
    low = lowest // 10 * 10 if _ALLOWED <= lowest < _PERFECT else 0.0
    across = (_WIDTH - _LEFT - _RIGHT) / last

    def x(number: float) -> float:
        return _LEFT + number * across

    def y(score: float) -> float:
        return _TOP + (_PERFECT - score) / (_PERFECT - low) * (_HEIGHT - _TOP - _BOTTOM)

    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {y(score):.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 7}" y="{y(score) + 3.5:.1f}" text-anchor="end">'
        f"{score:g}</text>"
        for score in (low + (_PERFECT - low) * line / _LINES for line in range(_LINES + 1))
    )
    goal = ""
    if wanted is not None and wanted >= low:
        goal = f'<path class="goal" d="M{_LEFT} {y(wanted):.1f}H{_WIDTH - _RIGHT}"/>'
    stride = max(1, len(points) // _MOST_DOTS)
    dots = "".join(
        f'<circle class="{each.risk.lower()}" cx="{x(each.number):.1f}" '
        f'cy="{y(each.score):.1f}" r="2.1"/>'
        for each in points[::stride]
    )
    ends = (
        f'<text x="{x(0):.0f}" y="{_HEIGHT - 8}">0</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{last:,} attempts</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{words(points)}">{grid}{goal}{dots}{_best_line(points, x, y)}{ends}</svg>'
    )


def _best_line(points: Sequence[Point], x: Scale, y: Scale) -> str:
    steps = best_so_far(points)
    if not steps:
        return ""
    path = f"M{x(steps[0][0]):.1f} {y(steps[0][1]):.1f}"
    path += "".join(f"H{x(number):.1f}V{y(score):.1f}" for number, score in steps[1:])
    return f'<path class="best" d="{path}H{x(points[-1].number):.1f}"/>'


def best_so_far(points: Sequence[Point]) -> list[tuple[int, float]]:
    """Return where the best score of a design that can be made rose, as (attempt, score)."""
    steps: list[tuple[int, float]] = []
    for point in points:
        if point.risk != _BLOCKED and (not steps or point.score > steps[-1][1]):
            steps.append((point.number, point.score))
    return steps


def words(points: Sequence[Point]) -> str:
    """Return the curve in a sentence."""
    if not points:
        return "No attempt yet."
    steps = best_so_far(points)
    made = f"{len(points):,} attempt{'' if len(points) == 1 else 's'}"
    if not steps:
        return f"{made}, none of which can be made yet."
    return f"{made}; the best so far, number {steps[-1][0]:,}, scores {steps[-1][1]:.1f}."
