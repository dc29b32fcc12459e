"""The tool's way through one channel: ramp in, circle after circle, level after level."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.geometry.radii import Channel
from prefect_luthier.rmos.toolpaths.circles import Circle, channel_circles, levels_mm
from prefect_luthier.rmos.toolpaths.moves import (
    Line,
    Move,
    Rapid,
    polar,
    step_over,
    turn_around,
    turn_back,
)
from prefect_luthier.rmos.toolpaths.options import CutOptions

_NEAR_MM = 1.0
"""Rapid travel ends this far over the wood."""

_APPROACH_MM = 0.2
"""The ramp starts this far over the wood: soundboards are not quite flat."""

_GENTLEST_RAMP = math.radians(3)
_STEEPEST_RAMP = math.radians(10)
_RAMP_SHARE = 0.005
"""A ramp may take this share of its level's length, between the two slopes. It adds to the
length, as the circle that it leads into clears its floor."""


@dataclass(frozen=True)
class Feeds:
    """Feeds within what the context and the machine allow, mm/min."""

    cut_mm_min: float
    ramp_mm_min: float

    @classmethod
    def of(cls, context: Context) -> Feeds:
        """Return the feeds for a context; ramps take the plunge feed along their path."""
        cut = min(context.feed_mm_min, context.machine.max_feed_mm_min)
        ramp = min(cut, context.plunge_mm_min, context.machine.max_plunge_mm_min)
        return cls(cut, ramp)


@dataclass
class _Tool:
    """Where the tool is while a channel's way is put together."""

    feeds: Feeds
    radius_mm: float
    turn: int
    angle: float = 0.0
    z: float = _APPROACH_MM
    moves: list[Move] = field(default_factory=list)

    def go_to(self, circle: Circle) -> None:
        """Link to the next circle at this height."""
        radii = (self.radius_mm, circle.radius_mm)
        feed = self.feeds.cut_mm_min
        if circle.turn == self.turn and radii[0] != radii[1]:
            link, self.angle = step_over(radii, self.angle, self.turn, self.z, feed)
            self.moves += link
        elif circle.turn != self.turn:
            self.moves += turn_back(radii, self.angle, self.turn, self.z, feed)
        self.radius_mm, self.turn = circle.radius_mm, circle.turn

    def ramp_to(self, z: float, longest_mm: float) -> None:
        """Go down along the circle."""
        drop = self.z - z
        length = min(
            max(longest_mm, drop / math.tan(_STEEPEST_RAMP)), drop / math.tan(_GENTLEST_RAMP)
        )
        sweep = self.turn * length / self.radius_mm
        feed = self.feeds.ramp_mm_min
        self.moves += turn_around(self.radius_mm, self.angle, sweep, (self.z, z), feed)
        self.angle += sweep
        self.z = z

    def score(self, walls: tuple[Circle, ...], z: float) -> None:
        """Cut the outlines, shallow, so that no fibre is torn from beyond them later."""
        self.ramp_to(z, 0.0)
        for wall in walls:
            self.go_to(wall)
            self.whole_turn()

    def whole_turn(self) -> None:
        """Go once around."""
        self.moves += turn_around(
            self.radius_mm,
            self.angle,
            self.turn * math.tau,
            (self.z, self.z),
            self.feeds.cut_mm_min,
        )


def channel_path(
    spec: RosetteSpec, context: Context, channel: Channel, options: CutOptions
) -> list[Move]:
    """Return the moves that cut one channel, from the retract before it to its end.

    The tool stays in the channel from the first ramp to the last circle: levels and circles are
    joined by arcs through what is cut, or by cuts as wide as a step.

    Raises:
        LuthierError: The tool does not fit.
    """
    circles = channel_circles(channel, context.tool.diameter_mm, options)
    longest_ramp = _RAMP_SHARE * math.tau * sum(circle.radius_mm for circle in circles)
    levels = levels_mm(channel.depth_mm, spec.depth_per_pass_mm)
    is_scored = 0 < options.scoring_mm < -levels[0]
    walls = circles[-2:]
    first = walls[0] if is_scored else circles[0]
    feeds = Feeds.of(context)
    tool = _Tool(feeds, first.radius_mm, first.turn)
    if is_scored:
        tool.score(walls, -options.scoring_mm)
        tool.go_to(circles[0])
    for z in levels:
        tool.ramp_to(z, longest_ramp)
        tool.whole_turn()
        for circle in circles[1:]:
            tool.go_to(circle)
            tool.whole_turn()
        tool.go_to(circles[0])
    start = polar(first.radius_mm, 0.0)
    return [
        Rapid(z=options.clearance_mm),
        Rapid(*start),
        Rapid(z=_NEAR_MM),
        Line(*start, _APPROACH_MM, feeds.ramp_mm_min),
        *tool.moves,
    ]
