"""Specific cutting energy of wood where only its density is known."""

from __future__ import annotations

import numpy as np

_DENSITIES_KG_M3 = (370.0, 1050.0)
_ENERGIES_J_MM3 = (0.22, 0.75)


def energy_by_density_j_mm3(density_kg_m3: float) -> float:
    """Return an estimate of the specific cutting energy, J/mm³, from 0.22 to 0.75.

    It is taken as linear in the density between 370 and 1050 kg/m³, as the library's own figures
    are.
    """
    return float(np.interp(density_kg_m3, _DENSITIES_KG_M3, _ENERGIES_J_MM3))
