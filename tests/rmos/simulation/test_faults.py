"""The simulator names every fault that is put into a good program."""

from __future__ import annotations

import re

import pytest

from prefect_luthier.rmos.simulation.simulate import Job, simulate
from prefect_luthier.rmos.toolpaths.options import CutOptions
from prefect_luthier.rmos.toolpaths.programs import make_programs


def lines(text: str) -> list[str]:
    return text.splitlines()


def text(parts: list[str]) -> str:
    return "\n".join(parts) + "\n"


def without(pattern: str):
    """Return a mutation that drops the first line that matches."""

    def mutate(program: str) -> str:
        parts = lines(program)
        index = next(i for i, line in enumerate(parts) if re.search(pattern, line))
        return text(parts[:index] + parts[index + 1 :])

    return mutate


def replaced(pattern: str, by: str, count: int = 1):
    """Return a mutation by a regular expression."""

    def mutate(program: str) -> str:
        changed, times = re.subn(pattern, by, program, count=count, flags=re.MULTILINE)
        assert times, pattern
        return changed

    return mutate


def before_cutting(line: str):
    """Return a mutation that inserts a line before the first arc."""
    return replaced(r"^(G[23] )", line + r"\n\1")


def before_the_end(line: str):
    """Return a mutation that inserts a line while the tool is in the last channel."""

    def mutate(program: str) -> str:
        parts = lines(program)
        index = max(i for i, part in enumerate(parts) if part.startswith(("G2 ", "G3 ")))
        return text([*parts[: index + 1], line, *parts[index + 1 :]])

    return mutate


def shifted_arc(program: str) -> str:
    """Move the centre and the end of one arc by half a millimetre."""
    return replaced(r"^(G3 X)([-\d.]+)( Y\S+ I)", lambda m: f"{m[1]}{float(m[2]) + 0.5:.4f}{m[3]}")(
        program
    )


def uncompensated(program: str) -> str:
    """Scale every radius as if the tool had no width."""

    def grown(match: re.Match[str]) -> str:
        return f"{match[1]}{float(match[2]) * 1.015:.4f}"

    return re.sub(r"([XYIJ])([-\d.]+)", grown, program)


def swapped_directions(program: str) -> str:
    """Turn every arc the other way around the same circle."""
    return re.sub(r"^G([23])", lambda m: f"G{5 - int(m[1])}", program, flags=re.MULTILINE)


def one_reversed_wall(program: str) -> str:
    """Follow the inner wall at the last level in the wrong direction: two half turns of G2."""
    parts = lines(program)
    halves = [i for i, part in enumerate(parts) if part.startswith("G2 ")][-2:]
    for index in halves:
        parts[index] = "G3" + parts[index][2:]
    return text(parts)


def skipped_level(program: str) -> str:
    """Go to the whole depth at once."""
    return program.replace("Z-0.7500", "Z-1.5000")


def missing_retract(program: str) -> str:
    """Travel to the second channel at the depth of the first."""
    parts = lines(program)
    retracts = [i for i, part in enumerate(parts) if part == "G0 Z5.0000"]
    return text([part for i, part in enumerate(parts) if i != retracts[1]])


def missing_circle(program: str) -> str:
    """Leave a whole circle out at the last level: the four halves around the middle."""
    parts = lines(program)
    arcs = [i for i, part in enumerate(parts) if part.startswith("G3 ")]
    drop = set(arcs[-8:-4])
    return text([part for i, part in enumerate(parts) if i not in drop])


FAULTS = {
    "shifted-arc": (shifted_arc, {"ARC", "GOUGE"}),
    "no-compensation": (uncompensated, {"GOUGE"}),
    "too-deep": (replaced(r"Z-1\.5000", "Z-1.7000", 9), {"GOUGE"}),
    "a-little-too-deep": (replaced(r"Z-1\.5000", "Z-1.5100", 9), {"GOUGE"}),
    "too-shallow": (replaced(r"Z-1\.5000", "Z-1.3000", 9), {"UNCUT"}),
    "skipped-level": (skipped_level, {"STEPDOWN"}),
    "missing-retract": (missing_retract, {"RAPID_IN_STOCK"}),
    "rapid-into-the-wood": (before_cutting("G0 Z-0.5"), {"RAPID_IN_STOCK"}),
    "rapid-across-the-wood": (before_the_end("G0 X0 Y0"), {"RAPID_IN_STOCK"}),
    "low-travel": (replaced(r"^G0 Z5\.0000\nM3", "G0 Z0.4\nM3"), {"CLEARANCE"}),
    "straight-plunge": (before_cutting("G1 Z-0.7500"), {"STRAIGHT_PLUNGE"}),
    "cut-across-the-land": (before_the_end("G1 X0 Y0"), {"GOUGE"}),
    "wrong-directions": (swapped_directions, {"DIRECTION"}),
    "missing-spindle": (without(r"^M3 "), {"SPINDLE"}),
    "stopped-spindle": (before_cutting("M5"), {"SPINDLE"}),
    "backward-spindle": (replaced(r"^M3 ", "M4 "), {"SPINDLE"}),
    "slow-spindle": (replaced(r"S27000", "S12000"), {"SPINDLE"}),
    "spindle-beyond-the-machine": (replaced(r"S27000", "S60000"), {"SPINDLE"}),
    "tool-change": (replaced(r"^M3 ", "T1 M6\nM3 "), {"DIALECT"}),
    "canned-cycle": (before_cutting("G81 X1 Y1 Z-1 R1"), {"DIALECT"}),
    "cutter-compensation": (before_cutting("G41 D1"), {"DIALECT"}),
    "unreadable-word": (before_cutting("G1 X#100"), {"DIALECT"}),
    "word-twice": (before_cutting("G0 Z5 Z6"), {"DIALECT"}),
    "two-motions-in-a-line": (before_cutting("G0 G1 Z5"), {"DIALECT"}),
    "long-line": (before_cutting("G4 P0.000" + "0" * 80), {"DIALECT"}),
    "feed-beyond-the-machine": (replaced(r"F508\.0", "F9000"), {"FEED"}),
    "feed-beyond-the-material": (replaced(r"F508\.0", "F600"), {"FEED"}),
    "no-feed": (replaced(r" F[\d.]+", "", 99), {"FEED"}),
    "fast-plunge": (replaced(r"^(G1 Z0\.2000) F254\.0", r"\1 F500"), {"PLUNGE"}),
    "arc-radius": (replaced(r"^(G3 X\S+ Y\S+ I)([-\d.]+)", r"\g<1>-50.0"), {"ARC"}),
    "arc-without-centre": (replaced(r"^(G3 X\S+ Y\S+) I\S+ J\S+", r"\1"), {"ARC"}),
    "centres-read-as-absolute": (replaced(r"^G54$", "G54\nG90.1"), {"DIALECT"}),
    "missing-millimetres": (replaced(r"G21 ", ""), {"UNSAFE_START"}),
    "inches": (replaced(r"G21 ", "G20 "), {"OUT_OF_MACHINE"}),
    "incremental": (replaced(r"G90 ", "G91 "), {"UNSAFE_START"}),
    "missing-absolute": (replaced(r"G90 ", ""), {"UNSAFE_START"}),
    "missing-plane": (replaced(r"G17 ", ""), {"UNSAFE_START"}),
    "other-plane": (replaced(r"G17 ", "G18 "), {"UNSUPPORTED"}),
    "inverse-time": (replaced(r"G94", "G93"), {"UNSUPPORTED"}),
    "other-work-offset": (replaced(r"^G54$", "G55"), {"UNSUPPORTED"}),
    "shifted-zero": (before_cutting("G92 X1"), {"UNSUPPORTED"}),
    "to-the-home-position": (before_cutting("G28"), {"UNSUPPORTED"}),
    "not-raised-first": (without(r"^G0 Z5\.0000$"), {"UNSAFE_START"}),
    "out-of-the-machine": (before_the_end("G0 Z5\nG0 X300 Y0"), {"OUT_OF_MACHINE"}),
    "above-the-machine": (replaced(r"^G0 Z5\.0000\nM5", "G0 Z79\nM5"), {"OUT_OF_MACHINE"}),
    "not-raised-at-the-end": (replaced(r"^G0 Z5\.0000\nM5", "M5"), {"RAPID_IN_STOCK"}),
    "no-end": (without(r"^M30$"), {"UNSAFE_END"}),
    "words-after-the-end": (replaced(r"^M30$", "M30\nG0 X1"), {"UNSAFE_END"}),
}


@pytest.fixture(scope="module")
def program(make_spec, make_context):
    """Give a good program of two channels, and its job."""
    spec, context = make_spec([3.0, 2.0], [3.0, 0.0]), make_context()
    return make_programs(spec, context, "grbl")[0].text, Job(spec, context, "climb")


def test_the_program_without_a_fault_passes(program):
    """The mutations start from a program that has no finding."""
    good, job = program
    assert simulate(good, "grbl", job).findings == ()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(name, program):
    """A program with one fault does not pass, and the findings have the fault's code."""
    good, job = program
    mutate, codes = FAULTS[name]
    report = simulate(mutate(good), "grbl", job)
    assert not report.passed
    assert codes <= {finding.code for finding in report.findings}, [str(f) for f in report.findings]


def test_a_wall_in_the_wrong_direction_is_named(make_spec, make_context):
    """One reversed turn along the inner wall is enough."""
    spec, context = make_spec([4.0]), make_context()
    good = make_programs(spec, context, "grbl")[0].text
    report = simulate(one_reversed_wall(good), "grbl", Job(spec, context, "climb"))
    assert "DIRECTION" in {finding.code for finding in report.findings}


def test_a_missing_circle_is_named(make_spec, make_context):
    """Wood between two circles is found, and no gouge is invented."""
    spec, context = make_spec([8.0]), make_context()
    good = make_programs(spec, context, "grbl", CutOptions(stepover=0.9))[0].text
    report = simulate(missing_circle(good), "grbl", Job(spec, context, "climb"))
    assert {"UNCUT"} <= {finding.code for finding in report.findings}


def test_a_program_for_another_design_is_named(make_spec, make_context, program):
    """The same program does not pass for a design whose ring is a tenth of a millimetre off."""
    good, job = program
    other = make_spec([3.0, 2.0], [3.1, 0.0])
    codes = {f.code for f in simulate(good, "grbl", Job(other, job.context)).findings}
    assert {"GOUGE", "UNCUT"} <= codes


def test_nonsense_does_not_pass(program):
    """Empty, binary and foreign text gives findings, never an exception."""
    _, job = program
    for foreign in (
        "",
        "%\n",
        "\x00\xff",
        "print('hello')",
        "G0",
        "G2 X1 Y1 I1",
        "(",
        "G1 X1e9",
        "X" + "9" * 400,
    ):
        assert not simulate(foreign, "grbl", job).passed
