"""Reads a program as its control would, and says what it would do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from prefect_luthier.rmos.simulation.arcs import BadArc, arc_error_mm, centre_of_radius, sweep_of
from prefect_luthier.rmos.simulation.dialect_words import (
    MOTION_GROUP,
    Dialect,
    block_faults,
    codes_in,
)
from prefect_luthier.rmos.simulation.motion import Motion, Point3
from prefect_luthier.rmos.simulation.report import Finding, FindingCode
from prefect_luthier.rmos.simulation.words import Block, read_blocks

_INCH_MM = 25.4
_RAPID, _LINE = "G0", "G1"
_MOST_TURNS = 100
_ARCS = frozenset({"G2", "G3"})

_SIMULATED = codes_in(
    "G0 G1 G2 G3 G4 G17 G18 G19 G20 G21 G40 G49 G54 G61 G61.1 G64 G80 G90 G90.1 G91 G91.1 G94 G97 "
    "G98 G99 M0 M1 M2 M3 M4 M5 M6 M7 M8 M9 M30 M48 M49 M50 M51 M52 M53 M60"
)
_NEEDED_FIRST = (("G20", "G21"), ("G90", "G91"), ("G17",), ("G94",))


@dataclass
class Interpretation:
    """What a text means.

    Args:
        motions: In order.
        findings: What the control would refuse, and what cannot be known.
        arc_error_mm: Largest difference between the radii at an arc's ends.
        ended: Whether an end of program was read.
    """

    motions: list[Motion] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    arc_error_mm: float = 0.0
    ended: bool = False


@dataclass
class _State:
    unit_mm: float = 1.0
    absolute: bool = True
    absolute_centres: bool = False
    plane_xy: bool = True
    mode: str | None = None
    feed_mm_min: float = 0.0
    rpm: float = 0.0
    spindle_turn: int = 0
    at: Point3 = (0.0, 0.0, 0.0)
    z_known: bool = False
    seen: set[str] = field(default_factory=set)


def interpret(text: str, dialect: Dialect) -> Interpretation:
    """Return every motion of a program, with the findings that its words alone give."""
    return _Reader(dialect).read(text)


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect: Dialect = dialect
        self._state = _State()
        self._result = Interpretation()
        self._line = 0

    def read(self, text: str) -> Interpretation:
        for block in _without_frame(read_blocks(text), self._dialect):
            if self._result.ended:
                self._find("UNSAFE_END", "words after the end of the program")
                break
            self._block(block)
        return self._result

    def _find(self, code: FindingCode, message: str) -> None:
        self._result.findings.append(Finding(code=code, line=self._line, message=message))

    def _block(self, block: Block) -> None:
        self._line = block.line
        for fault in block_faults(block, self._dialect):
            self._find("DIALECT", fault)
        codes = {str(word) for word in block.words if word.letter in "GM"}
        values = {word.letter: word.value for word in block.words if word.letter not in "GM"}
        for word in sorted(codes - _SIMULATED) + sorted(values.keys() & set("ABCUVW")):
            self._find("UNSUPPORTED", f"what {word} does is not known from the text alone")
        self._set_modes(codes)
        self._set_spindle(codes, values)
        if "F" in values:
            self._state.feed_mm_min = values["F"] * self._state.unit_mm
        if "G4" in codes:
            self._dwell(values)
        else:
            self._refuse_unused(codes, values)
            self._move(values, explicit=bool(codes & MOTION_GROUP))
        if codes & {"M2", "M30"}:
            self._result.ended = True
            self._state.spindle_turn = 0

    def _refuse_unused(self, codes: set[str], values: dict[str, float]) -> None:
        meant = set("FSTXYZNABCUVW")
        if self._state.mode in _ARCS and values.keys() & set("XYIJR"):
            meant |= set("IJR") | ({"P"} if self._dialect == "linuxcnc" else set())
        if "G64" in codes:
            meant |= {"P", "Q"}
        for letter in sorted(values.keys() - meant):
            self._find("DIALECT", f"{letter} has no meaning in this line")

    def _set_modes(self, codes: set[str]) -> None:
        state = self._state
        state.seen |= codes
        if codes & MOTION_GROUP:
            state.mode = min(codes & MOTION_GROUP)
        if codes & {"G20", "G21"}:
            state.unit_mm = _INCH_MM if "G20" in codes else 1.0
        if codes & {"G90", "G91"}:
            state.absolute = "G90" in codes
        if codes & {"G90.1", "G91.1"}:
            state.absolute_centres = "G90.1" in codes
        if codes & {"G17", "G18", "G19"}:
            state.plane_xy = "G17" in codes

    def _set_spindle(self, codes: set[str], values: dict[str, float]) -> None:
        state = self._state
        if "S" in values:
            state.rpm = values["S"]
        if "M3" in codes:
            state.spindle_turn = 1
        elif "M4" in codes:
            state.spindle_turn = -1
        elif codes & {"M5", "M6"}:
            state.spindle_turn = 0

    def _dwell(self, values: dict[str, float]) -> None:
        if "P" not in values or values["P"] < 0:
            self._find("DIALECT", "G4 needs a time P")
        elif values.keys() & set("XYZ"):
            self._find("DIALECT", "G4 moves no axis")
        elif self._result.motions:
            last = self._result.motions[-1]
            self._result.motions[-1] = replace(last, dwell_s=last.dwell_s + values["P"])

    def _move(self, values: dict[str, float], *, explicit: bool) -> None:
        state = self._state
        axes = values.keys() & set("XYZ")
        if not axes and not (explicit and values.keys() & set("IJR")):
            if explicit and state.mode in {_LINE, *_ARCS}:
                self._find("DIALECT", "a motion without an axis")
            return
        if state.mode in {None, "G80"}:
            self._find("DIALECT", "axis words without a motion mode")
            return
        if state.mode not in {_RAPID, _LINE, *_ARCS}:
            return
        self._check_start(axes)
        target = self._target(values)
        motion = Motion(
            line=self._line,
            rapid=state.mode == _RAPID,
            start=state.at if state.z_known else (*state.at[:2], target[2]),
            end=target,
            feed_mm_min=state.feed_mm_min,
            spindle_rpm=state.rpm * state.spindle_turn,
        )
        if state.mode in _ARCS:
            motion = self._arc(motion, values)
        if not motion.rapid and state.feed_mm_min <= 0:
            self._find("FEED", "a cut before any feed is given")
        self._result.motions.append(motion)
        state.at = target
        state.z_known = state.z_known or "Z" in axes

    def _check_start(self, axes: set[str]) -> None:
        state = self._state
        if not self._result.motions:
            for codes in _NEEDED_FIRST:
                if not state.seen.intersection(codes):
                    needed = " or ".join(codes)
                    self._find("UNSAFE_START", f"{needed} is not set before the first motion")
        if not state.z_known and (axes != {"Z"} or state.mode != _RAPID or not state.absolute):
            self._find("UNSAFE_START", "the tool is moved before it is raised to a known height")

    def _target(self, values: dict[str, float]) -> Point3:
        state = self._state
        moved = [
            (0.0 if state.absolute else now) + values[axis] * state.unit_mm
            if axis in values
            else now
            for axis, now in zip("XYZ", state.at, strict=True)
        ]
        return moved[0], moved[1], moved[2]

    def _arc(self, motion: Motion, values: dict[str, float]) -> Motion:
        """Return the motion as an arc, or as a line when the control would stop."""
        state = self._state
        if not state.plane_xy:
            self._find("UNSUPPORTED", "arcs outside the XY plane are not simulated")
            return motion
        clockwise = state.mode == "G2"
        start, end = motion.start[:2], motion.end[:2]
        try:
            centre = self._centre(start, end, values, clockwise=clockwise)
            error = arc_error_mm(start, end, centre)
        except BadArc as refused:
            self._find("ARC", f"{refused}")
            return motion
        self._result.arc_error_mm = max(self._result.arc_error_mm, error)
        sweep = sweep_of(start, end, centre, clockwise=clockwise)
        turns = values.get("P", 1.0) if self._dialect == "linuxcnc" else 1.0
        if not 1 <= turns <= _MOST_TURNS or turns != int(turns):
            self._find("ARC", f"P{turns:g} is no number of turns up to {_MOST_TURNS}")
            turns = 1.0
        more = (turns - 1) * math.tau * (-1 if clockwise else 1)
        return replace(motion, centre=centre, sweep=sweep + more)

    def _centre(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        values: dict[str, float],
        *,
        clockwise: bool,
    ) -> tuple[float, float]:
        state = self._state
        offsets = values.keys() & {"I", "J"}
        if "R" in values:
            if offsets:
                raise BadArc("an arc has R or I and J, not both")
            radius = values["R"] * state.unit_mm
            return centre_of_radius(start, end, radius, clockwise=clockwise)
        if not offsets:
            raise BadArc("an arc needs I and J, or R")
        if self._dialect == "grbl" and not values.keys() & {"X", "Y"}:
            raise BadArc("GRBL needs X or Y in an arc")
        i, j = values.get("I", 0.0) * state.unit_mm, values.get("J", 0.0) * state.unit_mm
        return (i, j) if state.absolute_centres else (start[0] + i, start[1] + j)


def _without_frame(blocks: list[Block], dialect: Dialect) -> Iterator[Block]:
    """Yield the blocks; LinuxCNC allows a line with ``%`` at the start and at the end."""
    for index, block in enumerate(blocks):
        framing = block.unread == "%" and not block.words and index in {0, len(blocks) - 1}
        if not (framing and dialect == "linuxcnc"):
            yield block
