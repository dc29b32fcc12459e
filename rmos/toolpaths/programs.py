"""From a design and a context to the programs that cut its channels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.geometry.radii import channels
from prefect_luthier.rmos.toolpaths.channel_path import channel_path
from prefect_luthier.rmos.toolpaths.circles import circle_count, pass_count
from prefect_luthier.rmos.toolpaths.gcode import Setup, program_text
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect

_SUFFIXES: dict[Dialect, str] = {"grbl": "nc", "linuxcnc": "ngc"}

MOST_TURNS = 5000
"""Turns around the soundhole in one program: days of cutting, and minutes of simulation."""


@dataclass(frozen=True)
class Program:
    """One program, ready to be written to a file."""

    name: str
    dialect: Dialect
    text: str

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.text.encode("ascii")

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def make_programs(
    spec: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions | None = None
) -> tuple[Program, ...]:
    """Return the programs that cut a design's channels; the same bytes for the same input.

    They are only planned here, not verified: see `verified_programs`.

    Raises:
        LuthierError: The tool does not fit a channel, the spindle cannot turn so, or the passes
            are far too many.
    """
    options = options or CutOptions()
    _check_spindle(context)
    _check_turns(spec, context, options)
    moves = [
        move for channel in channels(spec) for move in channel_path(spec, context, channel, options)
    ]
    setup = Setup(context.spindle_rpm, options.dwell_s, options.clearance_mm)
    text = program_text(moves, setup, dialect, _remarks(spec, context, dialect, options))
    return (Program(f"channels.{_SUFFIXES[dialect]}", dialect, text),)


def _check_spindle(context: Context) -> None:
    machine = context.machine
    if not machine.spindle_min_rpm <= context.spindle_rpm <= machine.spindle_max_rpm:
        raise LuthierError(
            "spindle-out-of-range",
            f"the spindle turns at {machine.spindle_min_rpm:g} to {machine.spindle_max_rpm:g} "
            f"1/min, not at {context.spindle_rpm:g}.",
            "Choose a speed in that range.",
        )


def _check_turns(spec: RosetteSpec, context: Context, options: CutOptions) -> None:
    """Refuse passes or steps so small that the program could be neither checked nor run."""
    diameter = context.tool.diameter_mm
    turns = sum(
        circle_count(channel.width_mm - diameter, options.stepover * diameter)
        * pass_count(channel.depth_mm, spec.depth_per_pass_mm)
        for channel in channels(spec)
    )
    if turns > MOST_TURNS:
        raise LuthierError(
            "too-many-passes",
            f"cutting {spec.channel_depth_mm:g} mm in passes of {spec.depth_per_pass_mm:g} mm with "
            f"steps of {options.stepover * diameter:.4f} mm takes {turns:,} turns around the "
            f"soundhole; {MOST_TURNS:,} are allowed.",
            "Take deeper passes, a larger stepover or a thicker tool.",
        )


def _remarks(
    spec: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions
) -> tuple[str, ...]:
    tool = context.tool
    return (
        f"Rosette channels, {'GRBL 1.1' if dialect == 'grbl' else 'LinuxCNC'}, {options.direction}",
        f"Design {spec.digest[:23]}",
        f"Context {context.digest[:24]}",
        f"End mill {tool.diameter_mm:.3f} mm, {tool.flutes} flutes",
        f"Depth {spec.channel_depth_mm:.3f} mm in passes of {spec.depth_per_pass_mm:.3f} mm",
        "Zero: centre of the soundhole, top of the soundboard",
    )
