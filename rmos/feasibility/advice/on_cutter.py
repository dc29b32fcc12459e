"""What to say about feeds, passes and the cutter's stiffness."""

from __future__ import annotations

from prefect_luthier.rmos.feasibility.advice.case import (
    Advice,
    Case,
    down,
    figure,
    in_context,
    in_spec,
    up,
)
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds
from prefect_luthier.rmos.feasibility.verdict import Change
from prefect_luthier.rmos.library.chiploads import chipload_mm


def depth_of_cut(case: Case) -> Advice:
    """Say that a pass is too deep for the cutter."""
    diameter = case.context.tool.diameter_mm
    return Advice(
        f"a pass of {figure(case.value)} mm is {figure(case.value / diameter)} times the "
        f"{figure(diameter)} mm cutter's diameter; {figure(case.limit)} mm is the most.",
        f"Set depth_per_pass_mm to {figure(down(case.clear))}.",
        in_spec("/depth_per_pass_mm", down(case.clear)),
    )


def chipload_least(case: Case) -> Advice:
    """Say that the cutter rubs instead of cutting."""
    feed = up(case.clear * _teeth_min(case))
    message = (
        f"{_setting(case)} take {figure(case.value)} mm a tooth, too little to cut; at least "
        f"{figure(case.limit)} mm."
    )
    if feed > case.context.machine.max_feed_mm_min:
        speed = down(case.context.feed_mm_min / (case.clear * case.context.tool.flutes))
        change = in_context("/spindle_rpm", speed)
        return Advice(message, f"Set spindle_rpm to {figure(speed)}.", change)
    return Advice(message, f"Set feed_mm_min to {figure(feed)}.", in_context("/feed_mm_min", feed))


def chipload_most(case: Case) -> Advice:
    """Say that a tooth takes more than the machine's table allows."""
    return _too_much(case, case.clear)


def chipload_extreme(case: Case) -> Advice:
    """Say that a tooth takes more than anyone states, and go back to the machine's own table."""
    context = case.context
    own = context.tool.chipload_mm or chipload_mm(
        context.tool, context.material, context.machine.chipload_class
    )
    share = load_thresholds()["chipload_most"].yellow
    assert share is not None
    return _too_much(case, share.value * own)


def plunge(case: Case) -> Advice:
    """Say that the cutter goes down too fast, for the wood or for the axis."""
    context = case.context
    share = load_thresholds()["plunge"].yellow
    assert share is not None
    slower = down(min(share.value * context.feed_mm_min, context.machine.max_plunge_mm_min))
    return Advice(
        f"plunging at {figure(case.value)} mm/min is "
        f"{figure(100 * case.value / context.feed_mm_min)} % of the feed; "
        f"{figure(case.limit)} mm/min is the most.",
        f"Set plunge_mm_min to {figure(slower)}.",
        in_context("/plunge_mm_min", slower),
    )


def deflection(case: Case) -> Advice:
    """Say that the cutter bends."""
    tool = case.context.tool
    return Advice(
        f"the {figure(tool.diameter_mm)} mm cutter, {figure(tool.stickout_mm)} mm out of the "
        f"collet, bends by {figure(case.value)} mm; {figure(case.limit)} mm is the most.",
        *_thinner_pass(case, "clamp the cutter shorter"),
    )


def power(case: Case) -> Advice:
    """Say that the spindle is too weak."""
    return Advice(
        f"cutting takes {figure(case.value)} W; {figure(case.limit)} W may be taken from the "
        "spindle.",
        *_thinner_pass(case, "feed slower"),
    )


def _thinner_pass(case: Case, otherwise: str) -> tuple[str, Change | None]:
    cut_mm = min(case.spec.depth_per_pass_mm, case.spec.channel_depth_mm)
    thinner = down(cut_mm * case.clear / case.value)
    return (
        f"Set depth_per_pass_mm to {figure(thinner)}, or {otherwise}.",
        in_spec("/depth_per_pass_mm", thinner),
    )


def _too_much(case: Case, per_tooth_mm: float) -> Advice:
    feed = down(per_tooth_mm * _teeth_min(case))
    return Advice(
        f"{_setting(case)} take {figure(case.value)} mm a tooth; {figure(case.limit)} mm is the "
        "most.",
        f"Set feed_mm_min to {figure(feed)}.",
        in_context("/feed_mm_min", feed),
    )


def _setting(case: Case) -> str:
    context = case.context
    return (
        f"{figure(context.feed_mm_min)} mm/min at {figure(context.spindle_rpm)} 1/min with "
        f"{context.tool.flutes} flutes"
    )


def _teeth_min(case: Case) -> float:
    return case.context.spindle_rpm * case.context.tool.flutes
