"""Which words a control knows, and which exclude each other in one line.

Sources: GRBL 1.1 `gcode.c`, `report.h` and its wiki page on commands (the words of NIST RS274/NGC
that it keeps); LinuxCNC 2.9 documentation, *G codes* and *M codes*.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from prefect_luthier.rmos.simulation.words import Block

Dialect = Literal["grbl", "linuxcnc"]


def codes_in(text: str) -> frozenset[str]:
    """Return the codes that a text lists."""
    return frozenset(text.split())


MOTION_GROUP = codes_in(
    "G0 G1 G2 G3 G5 G5.1 G5.2 G33 G33.1 G38.2 G38.3 G38.4 G38.5 G73 G74 G76 G80 G81 G82 G83 G84 "
    "G85 G86 G87 G88 G89"
)

_GROUPS: tuple[frozenset[str], ...] = (
    MOTION_GROUP,
    codes_in("G4 G10 G28 G28.1 G30 G30.1 G52 G53 G92 G92.1 G92.2 G92.3"),
    codes_in("G17 G18 G19 G17.1 G18.1 G19.1"),
    codes_in("G90 G91"),
    codes_in("G90.1 G91.1"),
    codes_in("G93 G94 G95"),
    codes_in("G20 G21"),
    codes_in("G40 G41 G41.1 G42 G42.1"),
    codes_in("G43 G43.1 G43.2 G49"),
    codes_in("G98 G99"),
    codes_in("G54 G55 G56 G57 G58 G59 G59.1 G59.2 G59.3"),
    codes_in("G61 G61.1 G64"),
    codes_in("G96 G97"),
    codes_in("G7 G8"),
    codes_in("M0 M1 M2 M30 M60"),
    codes_in("M3 M4 M5 M19"),
    codes_in("M6 M61"),
    codes_in("M48 M49"),
)


@dataclass(frozen=True)
class DialectWords:
    """What one control knows."""

    letters: frozenset[str]
    codes: frozenset[str]
    longest_line: int


_DIALECTS: dict[Dialect, DialectWords] = {
    "grbl": DialectWords(
        letters=frozenset("FGIJKLMNPRSTXYZ"),
        codes=codes_in(
            "G0 G1 G2 G3 G4 G10 G17 G18 G19 G20 G21 G28 G28.1 G30 G30.1 G38.2 G38.3 G38.4 G38.5 "
            "G40 G43.1 G49 G53 G54 G55 G56 G57 G58 G59 G61 G80 G90 G91 G91.1 G92 G92.1 G93 G94 "
            "M0 M1 M2 M3 M4 M5 M7 M8 M9 M30"
        ),
        longest_line=79,  # LINE_BUFFER_SIZE is 80 and keeps one for the end
    ),
    "linuxcnc": DialectWords(
        letters=frozenset("ABCDEFGHIJKLMNPQRSTUVWXYZ"),
        codes=frozenset().union(*_GROUPS, codes_in("M7 M8 M9 M50 M51 M52 M53")),
        longest_line=255,
    ),
}


def block_faults(block: Block, dialect: Dialect) -> list[str]:
    """Return what the control would refuse in a line, all of it."""
    known = _DIALECTS[dialect]
    faults: list[str] = []
    if block.unread:
        faults.append(f"{block.unread[:40]!r} is no word")
    if block.length > known.longest_line:
        faults.append(f"{block.length} characters; the line may have {known.longest_line}")
    for word in block.words:
        is_code = word.letter in "GM"
        if word.letter not in known.letters or (is_code and str(word) not in known.codes):
            faults.append(f"{dialect} does not know {word}")
    for group in _GROUPS:
        together = [str(word) for word in block.words if str(word) in group]
        if len(together) > 1:
            faults.append(f"{' and '.join(together)} exclude each other in one line")
    letters = Counter(word.letter for word in block.words if word.letter not in "GM")
    faults += [f"{letter} stands twice in one line" for letter, n in letters.items() if n > 1]
    return faults
