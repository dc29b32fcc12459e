"""The text of a program becomes motions as its control would make them."""

from __future__ import annotations

import math

import pytest

from prefect_luthier.rmos.simulation.interpreter import interpret

HEAD = "G21 G90 G17 G94\nG0 Z5\nM3 S20000\n"


def motions(body: str, dialect: str = "grbl"):
    return interpret(HEAD + body + "\nM30\n", dialect).motions[1:]


def findings(body: str, dialect: str = "grbl"):
    return [(f.code, f.line) for f in interpret(HEAD + body + "\nM30\n", dialect).findings]


def test_the_motion_mode_carries_over():
    """A line with axes alone repeats the last motion."""
    first, second = motions("G1 X10 F300\nY5")
    assert not second.rapid
    assert second.start == first.end == (10, 0, 5)
    assert second.end == (10, 5, 5)
    assert second.feed_mm_min == 300


def test_letters_numbers_and_comments_are_read_as_controls_do():
    """Case, spaces, leading zeros, line numbers and both kinds of comment make no difference."""
    plain = motions("G1 X10.5 Y-0.25 F300")
    spelt = motions("n10 g01 (to the right) x 10.50 y-.25 F+300 ; slowly")
    assert [(m.start, m.end, m.feed_mm_min) for m in plain] == [
        (m.start, m.end, m.feed_mm_min) for m in spelt
    ]


def test_incremental_distances_and_inches():
    """G91 adds to the position, G20 is 25.4 times as much, feeds too."""
    first, second = motions("G91 G1 X1 F10\nG20 X1 F2")
    assert first.end == (1, 0, 5)
    assert second.end == pytest.approx((26.4, 0, 5))
    assert second.feed_mm_min == pytest.approx(50.8)


ARCS = {
    "quarter-left": ("G3 X0 Y10 I-10 J0 F9", math.pi / 2),
    "three-quarters-right": ("G2 X0 Y10 I-10 J0 F9", -1.5 * math.pi),
    "half": ("G3 X-10 Y0 I-10 J0 F9", math.pi),
    "whole": ("G2 X10 Y0 I-10 J0 F9", -2 * math.pi),
    "radius-short": ("G3 X0 Y10 R10 F9", math.pi / 2),
    "radius-long": ("G3 X0 Y10 R-10 F9", 1.5 * math.pi),
    "radius-right": ("G2 X0 Y10 R10 F9", -math.pi / 2),
}


@pytest.mark.parametrize("name", ARCS)
def test_arcs_sweep_what_their_words_say(name):
    """Both forms give the signed angle; the way has the arc's length."""
    line, sweep = ARCS[name]
    arc = motions("G0 X10 Y0\n" + line)[-1]
    assert arc.sweep == pytest.approx(sweep)
    assert arc.length_mm == pytest.approx(abs(sweep) * 10)


def test_turns_are_for_linuxcnc_alone():
    """P adds whole turns in LinuxCNC; GRBL refuses the word."""
    body = "G0 X10\nG3 X10 Y0 Z-1 I-10 J0 P3 F9"
    assert motions(body, "linuxcnc")[-1].sweep == pytest.approx(6 * math.pi)
    assert ("DIALECT", 5) in findings(body, "grbl")


def test_absolute_centres_in_linuxcnc():
    """G90.1 makes I and J a position."""
    arc = motions("G90.1\nG0 X12 Y1\nG3 X2 Y11 I2 J1 F9", "linuxcnc")[-1]
    assert arc.centre == (2, 1)
    assert arc.sweep == pytest.approx(math.pi / 2)


@pytest.mark.parametrize("dialect", ["grbl", "linuxcnc"])
def test_the_arc_rule_is_half_a_millimetre_or_a_thousandth(dialect):
    """At 52 mm a radius that differs by 0.052 mm passes, by 0.053 mm does not."""
    body = "G0 X52 Y0\nG3 X0 Y{} I-52 J0 F9"
    assert findings(body.format(52.052), dialect) == []
    assert findings(body.format(52.053), dialect) == [("ARC", 5)]
    assert findings("G0 X1 Y0\nG3 X0 Y1.0049 I-1 J0 F9", dialect) == []


def test_a_dwell_waits_after_the_motion():
    """G4 adds its time to the last motion, without a motion of its own."""
    (motion,) = motions("G1 X1 F9\nG4 P2.5")
    assert motion.dwell_s == 2.5


def test_the_spindle_is_part_of_every_motion():
    """Speed and direction are those at the time of the motion."""
    first, second, third = motions("G1 X1 F9\nM5\nX2\nM4 S500\nX3")
    assert (first.spindle_rpm, second.spindle_rpm, third.spindle_rpm) == (20000, 0, -500)


def test_linuxcnc_may_frame_a_program():
    """Percent signs at both ends are LinuxCNC's, not GRBL's."""
    framed = "%\n" + HEAD + "G1 X1 F9\nM2\n%\n"
    assert interpret(framed, "linuxcnc").findings == []
    assert {f.code for f in interpret(framed, "grbl").findings} >= {"DIALECT"}


def test_every_finding_is_reported():
    """All faults of all lines are found in one reading."""
    found = findings("M6\nG1 X1\nG2 X5 Y5 F9\nQ7")
    assert found == [("DIALECT", 4), ("FEED", 5), ("ARC", 6), ("DIALECT", 7), ("DIALECT", 7)]


@pytest.mark.parametrize("word", ["G64", "G41", "M6", "M48", "G90.1", "G95", "T1 M6"])
def test_linuxcnc_words_that_grbl_lacks(word):
    """What LinuxCNC knows and GRBL does not is a finding in GRBL alone."""
    assert "DIALECT" in {code for code, _ in findings(word, "grbl")}
    assert "DIALECT" not in {code for code, _ in findings(word, "linuxcnc")}
