"""What to say about the channel."""

from __future__ import annotations

from prefect_luthier.rmos.feasibility.advice.case import (
    Advice,
    Case,
    down,
    figure,
    in_context,
    in_ring,
    in_spec,
    up,
)


def floor(case: Case) -> Advice:
    """Say that too little wood stays under the channel, or none."""
    top, depth = case.context.top_thickness_mm, case.spec.channel_depth_mm
    cut = f"({figure(top)} mm top, {figure(depth)} mm deep)"
    message = (
        f"{figure(case.value)} mm of soundboard stay under the channel {cut}; at least "
        f"{figure(case.limit)} mm should."
        if case.value > 0
        else f"the channel goes through the soundboard {cut}; at least {figure(case.limit)} mm "
        "should stay under it."
    )
    shallower = down(top - case.clear)
    if shallower <= 0:
        thicker = up(case.clear + depth)
        change = in_context("/top_thickness_mm", thicker)
        return Advice(message, f"Use a top of at least {figure(thicker)} mm.", change)
    return Advice(
        message,
        f"Set channel_depth_mm to {figure(shallower)}.",
        in_spec("/channel_depth_mm", shallower),
    )


def depth_least(case: Case) -> Advice:
    """Say that the channel is shallow."""
    return Advice(
        f"the channel is {figure(case.value)} mm deep; levelling leaves little inlay below "
        f"{figure(case.limit)} mm.",
        f"Set channel_depth_mm to {figure(up(case.clear))}.",
        in_spec("/channel_depth_mm", up(case.clear)),
    )


def depth_most(case: Case) -> Advice:
    """Say that the channel is deep."""
    return Advice(
        f"the channel is {figure(case.value)} mm deep; {figure(case.limit)} mm is the most.",
        f"Set channel_depth_mm to {figure(down(case.clear))}.",
        in_spec("/channel_depth_mm", down(case.clear)),
    )


def glue_gap_least(case: Case) -> Advice:
    """Say that the inlay will not go in."""
    return Advice(
        f"a glue gap of {figure(case.value)} mm is tight; {figure(case.limit)} mm lets the inlay "
        "go in.",
        f"Set glue_gap_mm to {figure(up(case.clear))}.",
        in_spec("/glue_gap_mm", up(case.clear)),
    )


def glue_gap_most(case: Case) -> Advice:
    """Say that the glue line will show."""
    return Advice(
        f"a glue gap of {figure(case.value)} mm shows; {figure(case.limit)} mm is the most.",
        f"Set glue_gap_mm to {figure(down(case.clear))}.",
        in_spec("/glue_gap_mm", down(case.clear)),
    )


def tool_fit(case: Case) -> Advice:
    """Say that the cutter is too thick for a channel."""
    tool = case.context.tool
    width = up(case.the_ring.width_mm + case.value - case.base)
    thinner = down(case.base - tool.runout_mm)
    other = f", or use a cutter of at most {figure(thinner)} mm" if thinner > 0 else ""
    runout = f" with {figure(tool.runout_mm)} mm of runout" if tool.runout_mm else ""
    return Advice(
        f"the {figure(tool.diameter_mm)} mm cutter{runout} does not fit the channel that ends at "
        f"{case.place}, which is {figure(case.base)} mm wide.",
        f"Widen {case.place} to {figure(width)} mm{other}.",
        in_ring(case, "width_mm", width),
    )


def flute(case: Case) -> Advice:
    """Say that the flutes are too short, or that the collet would come down on the wood."""
    tool, depth = case.context.tool, case.spec.channel_depth_mm
    longer = up(depth + case.clear)
    if tool.stickout_mm < min(tool.flute_length_mm, longer):
        # To clamp the cutter longer costs nothing; a shallower channel changes the design.
        return Advice(
            f"a cutter that sticks {figure(tool.stickout_mm)} mm out of the collet leaves "
            f"{figure(case.value)} mm between the collet and the wood in a channel of "
            f"{figure(depth)} mm; {figure(case.limit)} mm is the least.",
            f"Clamp the cutter longer: set the tool's stickout_mm to {figure(longer)}.",
            in_context("/tool/stickout_mm", longer),
        )
    shallower = down(tool.flute_length_mm - case.clear)
    if shallower <= 0:
        fix = f"Use a cutter with flutes of at least {figure(longer)} mm."
        change = in_context("/tool/flute_length_mm", longer)
    else:
        fix = f"Set channel_depth_mm to {figure(shallower)}, or use flutes of {figure(longer)} mm."
        change = in_spec("/channel_depth_mm", shallower)
    return Advice(
        f"flutes of {figure(tool.flute_length_mm)} mm leave {figure(case.value)} mm above a "
        f"channel of {figure(depth)} mm; chips need {figure(case.limit)} mm.",
        fix,
        change,
    )
