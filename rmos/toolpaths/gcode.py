"""G-code text for moves: two dialects, four decimals, no time of writing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prefect_luthier.rmos.toolpaths.moves import Arc, Line, Move, Rapid
from prefect_luthier.rmos.toolpaths.options import Dialect

_DECIMALS = 4


@dataclass(frozen=True)
class Setup:
    """What the spindle and the safe height are."""

    spindle_rpm: float
    dwell_s: float
    clearance_mm: float


_PREAMBLES: dict[Dialect, tuple[str, ...]] = {
    "grbl": ("G21 G90 G17 G94", "G54"),
    # LinuxCNC keeps more state between programs: cutter and length compensation, canned cycles,
    # arc centres, path blending.
    "linuxcnc": ("G21 G90 G17 G94", "G54 G40 G49 G80 G91.1", "G64 P0.005"),
}


def program_text(
    moves: Iterable[Move], setup: Setup, dialect: Dialect, remarks: Sequence[str] = ()
) -> str:
    """Return a whole program: safe start, moves, safe end.

    Args:
        moves: The moves between the safe start and the safe end.
        setup: Spindle and safe height.
        dialect: Whose words may be used.
        remarks: Comments for its head; ASCII without brackets.
    """
    safe = f"G0 Z{_number(setup.clearance_mm)}"
    lines = [f"({remark})" for remark in remarks]
    lines += _PREAMBLES[dialect]
    lines += [safe, f"M3 S{_whole(setup.spindle_rpm)}"]
    if setup.dwell_s:
        lines.append(f"G4 P{setup.dwell_s:.1f}")
    lines += _Writer(setup.clearance_mm).lines(moves)
    lines += [safe, "M5", f"G0 X{_number(0)} Y{_number(0)}", "M30"]
    return "\n".join(lines) + "\n"


class _Writer:
    """Writes moves relative to the rounded position where the last one ended."""

    def __init__(self, z: float) -> None:
        self._x = self._y = 0.0
        self._z = z
        self._feed = ""

    def lines(self, moves: Iterable[Move]) -> list[str]:
        return [line for move in moves if (line := self._line(move))]

    def _line(self, move: Move) -> str:
        if isinstance(move, Rapid):
            travel = self._rapid_words(move)
            return f"G0 {travel}" if travel else ""
        x, y = _rounded(move.x), _rounded(move.y)
        if isinstance(move, Line):
            words = [f"X{_number(x)}", f"Y{_number(y)}"] if (x, y) != (self._x, self._y) else []
            words += self._z_word(move.z)
            code = "G1"
        else:
            words = [f"X{_number(x)}", f"Y{_number(y)}", *self._z_word(move.z), *self._ij(move)]
            code = "G3" if move.turn > 0 else "G2"
        if not words:
            return ""
        self._x, self._y = x, y
        return " ".join([code, *words, *self._feed_word(move.feed_mm_min)])

    def _rapid_words(self, move: Rapid) -> str:
        words: list[str] = []
        if move.x is not None and move.y is not None:
            self._x, self._y = _rounded(move.x), _rounded(move.y)
            words += [f"X{_number(self._x)}", f"Y{_number(self._y)}"]
        if move.z is not None:
            words += self._z_word(move.z)
        return " ".join(words)

    def _ij(self, arc: Arc) -> list[str]:
        return [f"I{_number(arc.centre[0] - self._x)}", f"J{_number(arc.centre[1] - self._y)}"]

    def _z_word(self, z: float) -> list[str]:
        z = _rounded(z)
        if z == self._z:
            return []
        self._z = z
        return [f"Z{_number(z)}"]

    def _feed_word(self, feed_mm_min: float) -> list[str]:
        # Rounded down, so that no limit is passed by rounding.
        word = f"F{math.floor(feed_mm_min * 10 + 1e-6) / 10:.1f}"
        if word == self._feed:
            return []
        self._feed = word
        return [word]


def _rounded(value: float) -> float:
    return round(value, _DECIMALS) + 0.0  # no negative zero


def _number(value: float) -> str:
    return f"{_rounded(value):.{_DECIMALS}f}"


def _whole(value: float) -> str:
    return f"{round(value)}"
