"""Constraints on the channel that is cut into the soundboard."""

from __future__ import annotations

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.thresholds import Threshold


def floor(frame: Frame, _: Threshold) -> Measured:
    """Measure t_top - d, the wood left under the channel, mm. Source: The Shed implies 1.1-2."""
    return Measured(frame.context.top_thickness_mm - frame.batch.depth_mm)


def depth(frame: Frame, _: Threshold) -> Measured:
    """Measure d, mm. Source: depths in use lie between 0.79 and 1.59 mm."""
    return Measured(frame.batch.depth_mm)


def glue_gap(frame: Frame, _: Threshold) -> Measured:
    """Measure c on each side, mm. Source: woodystrings, 0.1 mm fits easily and shows."""
    return Measured(frame.batch.gap_mm)


def tool_fit(frame: Frame, _: Threshold) -> Measured:
    """Measure D + runout, mm, against the width of every channel.

    The width is w + 2c over the rings that share the channel; an edge-bound channel has no inner
    wall, hence w + c. Source: geometry, D <= w + 2c - runout.
    """
    tool = frame.context.tool
    cutter = tool.diameter_mm + tool.runout_mm
    return Measured(cutter + 0 * frame.channel_width_mm, frame.channel_width_mm, frame.ends_channel)


def flute(frame: Frame, _: Threshold) -> Measured:
    """Measure min(flute length, stickout) - d, mm: chips need room, the collet must stay above."""
    return Measured(frame.context.tool.reach_mm - frame.batch.depth_mm)
