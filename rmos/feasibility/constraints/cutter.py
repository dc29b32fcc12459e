"""Constraints on the cutter: how deep, how fast, and how far it bends."""

from __future__ import annotations

import math

import numpy as np

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.spec_batch import Floats
from prefect_luthier.rmos.feasibility.thresholds import Threshold
from prefect_luthier.rmos.library.chiploads import chipload_mm
from prefect_luthier.rmos.library.model import ChiploadClass

_N_MM2_IN_J_MM3 = 1000.0


def depth_of_cut(frame: Frame, threshold: Threshold) -> Measured:
    """Measure a_p, mm, against k D; k is 0.5 for cutters up to 1.6 mm and 1 for larger ones.

    Source: IDC Woodcraft, 0.48 to 0.51 D for the small sizes; Amana, 1 D.
    """
    diameter = frame.context.tool.diameter_mm
    is_small = diameter <= threshold.constant("small_cutter", "diameter_mm")
    share = threshold.constant("small_cutter", "share" if is_small else "larger_share")
    return Measured(frame.batch.pass_mm, share * diameter)


def chipload(frame: Frame, _: Threshold) -> Measured:
    """Measure F / (n z), mm, against the maker's figure or the machine's table."""
    own = frame.context.tool.chipload_mm or _tabled(frame, frame.context.machine.chipload_class)
    return Measured(_feed_per_tooth(frame), own)


def chipload_extreme(frame: Frame, _: Threshold) -> Measured:
    """Measure F / (n z), mm, against the largest figure that anyone states."""
    largest = max(frame.context.tool.chipload_mm or 0.0, _tabled(frame, "industrial"))
    return Measured(_feed_per_tooth(frame), largest)


def plunge(frame: Frame, _: Threshold) -> Measured:
    """Measure F_z, mm/min, against F. Source: IDC Woodcraft plunges at 0.3 to 0.7 F."""
    return Measured(frame.context.plunge_mm_min, frame.context.feed_mm_min)


def deflection(frame: Frame, threshold: Threshold) -> Measured:
    """Measure F (L_f³ / I_f + (L³ - L_f³) / I_s) / (3 E), mm: a cantilever with one step.

    The flutes L_f count as a rod of 0.8 D, the shank above them, up to the stickout L, with its
    own diameter; I = π d⁴ / 64. Source: beam theory; E and 0.8 are in the thresholds.
    """
    tool = frame.context.tool
    modulus = threshold.constant("cantilever", "modulus_n_mm2")
    core_mm = threshold.constant("cantilever", "flute_share") * tool.diameter_mm
    flutes_mm = tool.reach_mm
    bend = flutes_mm**3 / _second_moment(core_mm)
    bend += (tool.stickout_mm**3 - flutes_mm**3) / _second_moment(tool.shank_diameter_mm)
    return Measured(cutting_force_n(frame) * bend / (3 * modulus))


def power(frame: Frame, _: Threshold) -> Measured:
    """Measure u a_e a_p F / 60, W, in a full slot (a_e = D), against the spindle's share.

    Source: specific cutting energy u of the wood, J/mm³.
    """
    context = frame.context
    slot_mm2 = context.tool.diameter_mm * frame.cut_mm
    watts = context.material.cutting_energy_j_mm3 * slot_mm2 * context.feed_mm_min / 60
    return Measured(watts, context.machine.spindle_power_w * context.machine.max_spindle_load)


def cutting_force_n(frame: Frame) -> Floats:
    """Return the mean force across a full slot, N: k_c a_p f_z z / 4.

    A tooth at angle φ cuts a chip of f_z sin φ; across the slot that is k_c a_p f_z sin² φ, on
    average half of the peak over the half turn that each tooth cuts. k_c is the specific cutting
    energy, 1 J/mm³ = 1000 N/mm². Runout moves load between the teeth and leaves the mean.
    """
    pressure = frame.context.material.cutting_energy_j_mm3 * _N_MM2_IN_J_MM3
    teeth = frame.context.tool.flutes
    return np.asarray(pressure * frame.cut_mm * _feed_per_tooth(frame) * teeth / 4)


def _feed_per_tooth(frame: Frame) -> float:
    context = frame.context
    return context.feed_mm_min / (context.spindle_rpm * context.tool.flutes)


def _tabled(frame: Frame, name: ChiploadClass) -> float:
    return chipload_mm(frame.context.tool, frame.context.material, name)


def _second_moment(diameter_mm: float) -> float:
    return math.pi * diameter_mm**4 / 64
