"""Known designs to start from, when nothing is on the bench."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.geometry.radii import outer_diameter_mm
from prefect_luthier.ui.studio.session import StudioSession


@dataclass(frozen=True)
class Starter:
    """A design with a name.

    Args:
        name: What it is called.
        note: One line about it.
        spec: The design.
    """

    name: str
    note: str
    spec: RosetteSpec

    def take(self, current: StudioSession) -> None:
        """Put it onto the bench, with the conditions' sizes made to fit."""
        sizes = {
            "soundhole_diameter_mm": self.spec.soundhole_diameter_mm,
            "target_diameter_mm": round(outer_diameter_mm(self.spec), 6),
        }
        current.set_conditions({**current.conditions, **sizes})
        current.put_on_bench(self.spec, self.name)


@cache
def starters() -> tuple[Starter, ...]:
    """Return the designs that ship with the studio."""
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    return tuple(
        Starter(each["name"], each["note"], RosetteSpec.model_validate(each["spec"]))
        for each in json.loads(text)
    )
