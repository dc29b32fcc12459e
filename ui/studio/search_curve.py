"""The curve of a search: every attempt, and the best score so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prefect_luthier.rmos.store.search_progress import ScorePoint

_WIDTH, _HEIGHT = 560.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 12.0, 12.0, 26.0
_MOST_DOTS = 600
_LINES = 4
_ALLOWED = 50.0  # the engine scores what can be made above this
_PERFECT = 100.0
_BLOCKED = "RED"


@dataclass(frozen=True)
class _Frame:
    """What the axes hold.

    Args:
        last: Number at the right end.
        low: Score at the lower end.
    """

    last: int
    low: float

    @classmethod
    def of(cls, points: Sequence[ScorePoint], attempts: int) -> _Frame:
        """Return a frame with room for what is likely to come."""
        last = attempts if len(points) * 3 > attempts else len(points) * 2
        lowest = min((each.score for each in points), default=0.0)
        return cls(max(last, 1), lowest // 10 * 10 if _ALLOWED <= lowest < _PERFECT else 0.0)

    def x(self, number: float) -> float:
        """Return where an attempt stands."""
        return _LEFT + number * (_WIDTH - _LEFT - _RIGHT) / self.last

    def y(self, score: float) -> float:
        """Return how high a score stands."""
        share = (_PERFECT - score) / (_PERFECT - self.low)
        return _TOP + share * (_HEIGHT - _TOP - _BOTTOM)


def curve(points: Sequence[ScorePoint], *, attempts: int, wanted: float | None) -> str:
    """Return the curve as an SVG for the page, with a sentence that says the same.

    Args:
        points: The attempts so far, in order.
        attempts: How many there may be.
        wanted: The score that ends the search.
    """
    frame = _Frame.of(points, attempts)
    stride = max(1, len(points) // _MOST_DOTS)
    dots = "".join(
        f'<circle class="{each.risk.lower()}" cx="{frame.x(each.number):.1f}" '
        f'cy="{frame.y(each.score):.1f}" r="2.1"/>'
        for each in points[::stride]
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" role="img" '
        f'aria-label="{words(points)}">{_axes(frame, wanted)}{dots}'
        f"{_best_line(points, frame)}</svg>"
    )


def _axes(frame: _Frame, wanted: float | None) -> str:
    right = _WIDTH - _RIGHT
    scores = [frame.low + (_PERFECT - frame.low) * line / _LINES for line in range(_LINES + 1)]
    grid = "".join(
        f'<path class="grid" d="M{_LEFT} {frame.y(score):.1f}H{right}"/>'
        f'<text x="{_LEFT - 7}" y="{frame.y(score) + 3.5:.1f}" text-anchor="end">{score:g}</text>'
        for score in scores
    )
    goal = ""
    if wanted is not None and wanted >= frame.low:
        goal = f'<path class="goal" d="M{_LEFT} {frame.y(wanted):.1f}H{right}"/>'
    foot = _HEIGHT - 8
    return (
        f'{grid}{goal}<text x="{_LEFT:.0f}" y="{foot}">0</text>'
        f'<text x="{right}" y="{foot}" text-anchor="end">{frame.last:,} attempts</text>'
    )


def _best_line(points: Sequence[ScorePoint], frame: _Frame) -> str:
    steps = best_so_far(points)
    if not steps:
        return ""
    path = f"M{frame.x(steps[0][0]):.1f} {frame.y(steps[0][1]):.1f}"
    path += "".join(f"H{frame.x(number):.1f}V{frame.y(score):.1f}" for number, score in steps[1:])
    return f'<path class="best" d="{path}H{frame.x(points[-1].number):.1f}"/>'


def best_so_far(points: Sequence[ScorePoint]) -> list[tuple[int, float]]:
    """Return where the best score of a design that can be made rose, as (attempt, score)."""
    steps: list[tuple[int, float]] = []
    for point in points:
        if point.risk != _BLOCKED and (not steps or point.score > steps[-1][1]):
            steps.append((point.number, point.score))
    return steps


def words(points: Sequence[ScorePoint]) -> str:
    """Return the curve in a sentence."""
    if not points:
        return "No attempt yet."
    steps = best_so_far(points)
    made = f"{len(points):,} attempt{'' if len(points) == 1 else 's'}"
    if not steps:
        return f"{made}, none of which can be made yet."
    return f"{made}; the best so far, number {steps[-1][0]:,}, scores {steps[-1][1]:.1f}."
