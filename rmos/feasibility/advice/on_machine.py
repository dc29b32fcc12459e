"""What to say about the machine's limits."""

from __future__ import annotations

import math

from prefect_luthier.rmos.feasibility.advice.case import (
    Advice,
    Case,
    down,
    figure,
    in_context,
    in_spec,
    up,
)
from prefect_luthier.rmos.geometry.radii import channels, outer_diameter_mm


def spindle_slow(case: Case) -> Advice:
    """Say that the spindle cannot turn so slowly."""
    return _spindle(case, "slower than", up(case.clear))


def spindle_fast(case: Case) -> Advice:
    """Say that the spindle cannot turn so fast."""
    return _spindle(case, "faster than", down(case.clear))


def envelope_plane(case: Case) -> Advice:
    """Say that the rosette is larger than the machine's travel."""
    spec, excess = case.spec, case.value - case.clear
    message = (
        f"the path with its clearance is {figure(case.value)} mm across; the machine travels "
        f"{figure(case.limit)} mm."
    )
    actual = outer_diameter_mm(spec)
    smaller = down(spec.soundhole_diameter_mm - excess)
    shrink = (
        f"Make the rosette {figure(excess)} mm smaller across, with a soundhole of "
        f"{figure(smaller)} mm, or use a larger machine"
    )
    declared = spec.outer_diameter_mm
    if declared is None or declared <= actual - excess:
        return Advice(message, f"{shrink}.", in_spec("/soundhole_diameter_mm", smaller))
    if declared >= actual + excess:
        change = in_spec("/outer_diameter_mm", actual)
        return Advice(message, f"Set outer_diameter_mm to {figure(actual)}.", change)
    return Advice(message, f"{shrink}; and declare the outer diameter that it then has.")


def envelope_height(case: Case) -> Advice:
    """Say that the channel and the clearance are higher than the travel in Z."""
    shallower = down(case.spec.channel_depth_mm - case.value + case.clear)
    return Advice(
        f"the path is {figure(case.value)} mm high with its clearance; the machine travels "
        f"{figure(case.limit)} mm in Z.",
        f"Set channel_depth_mm to {figure(shallower)}, or use a taller machine.",
        in_spec("/channel_depth_mm", shallower),
    )


def envelope_feed(case: Case) -> Advice:
    """Say that the machine cannot feed so fast."""
    feed = down(case.clear)
    return Advice(
        f"the feed of {figure(case.value)} mm/min is above the machine's {figure(case.limit)}.",
        f"Set feed_mm_min to {figure(feed)}.",
        in_context("/feed_mm_min", feed),
    )


def envelope_acceleration(case: Case) -> Advice:
    """Say that the machine cannot hold the circle at this feed."""
    radius = channels(case.spec)[0].inner_mm + case.context.tool.diameter_mm / 2
    feed = down(60 * math.sqrt(case.clear * radius))
    return Advice(
        f"the innermost circle asks for {figure(case.value)} mm/s² at this feed; the machine "
        f"gives {figure(case.limit)} mm/s².",
        f"Set feed_mm_min to {figure(feed)}.",
        in_context("/feed_mm_min", feed),
    )


def _spindle(case: Case, comparison: str, speed: float) -> Advice:
    context = case.context
    surface = math.pi * context.tool.diameter_mm * case.value / 1000
    return Advice(
        f"{figure(case.value)} 1/min ({figure(surface)} m/min at the cutter's edge) is "
        f"{comparison} the spindle's {figure(case.limit)} 1/min.",
        f"Set spindle_rpm to {figure(speed)}.",
        in_context("/spindle_rpm", speed),
    )
