"""The form of a model's answer, and how one becomes a design inside the customer's wishes."""

from __future__ import annotations

import math

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from prefect_luthier.rmos.design.spec import PATTERN_ALIASES, Pattern
from prefect_luthier.rmos.search.box import Ranges
from prefect_luthier.rmos.search.idea import Idea, RingIdea
from prefect_luthier.rmos.search.policy import Interval
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.suggestions import closest

MOST_RINGS = 64  # of an answer that is read at all


class Form(BaseModel):
    """A closed object whose schema demands every property, as strict servers want it."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema: closed, all required, no defaults."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        schema["additionalProperties"] = False
        properties = schema.get("properties", {})
        for value in properties.values():
            value.pop("default", None)
            value.pop("title", None)
        schema["required"] = list(properties)
        return reference


class RingAnswer(Form):
    """One ring."""

    width_mm: float = Field(description="Radial width.")
    land_after_mm: float = Field(default=0.0, description="Soundboard left before the next ring.")
    pattern: str = Field(description="One of the patterns that are wanted.")
    material: str = Field(description="Id of one of the materials of that pattern.")
    tile_length_mm: float | None = Field(default=None, description="Pitch of tiles, or null.")


class RosetteAnswer(Form):
    """A rosette, rings from the inside out."""

    thought: str = Field(default="", description="One sentence: what it shall look like.")
    soundhole_diameter_mm: float | None = Field(default=None, description="Null if it is fixed.")
    edge_land_mm: float = Field(description="Soundboard between the hole and the first ring.")
    channel_depth_mm: float = Field(description="Depth of the channels.")
    inlay_thickness_mm: float = Field(description="Thickness of the inlay before levelling.")
    glue_gap_mm: float = Field(description="Gap on each side of an inlay.")
    depth_per_pass_mm: float = Field(description="Depth of one cutting pass.")
    rings: list[RingAnswer] = Field(description="From the inside out.")


def coerce(answer: RosetteAnswer, problem: SearchProblem, ranges: Ranges) -> Idea:
    """Return the idea in an answer, its numbers moved into the ranges that can be made.

    Patterns and materials that are not wanted become the most similar that are; how many rings
    there are and how wide they are in the end is `fitting.fit`'s part.

    Raises:
        ValueError: It has no ring, far too many, or a width that is none.
    """
    if not 1 <= len(answer.rings) <= MOST_RINGS:
        raise ValueError(f"it has {len(answer.rings)} rings")
    rings = tuple(_ring(ring, problem, ranges) for ring in answer.rings)
    low, high = problem.soundhole_mm
    depth_mm = _into(answer.channel_depth_mm, ranges.depth_mm)
    edge_mm = answer.edge_land_mm
    return Idea(
        rings=rings,
        soundhole_mm=_into(answer.soundhole_diameter_mm or (low + high) / 2, (low, high)),
        radial_mm=None,
        edge_land_mm=0.0 if edge_mm <= 0 else _into(edge_mm, ranges.edge_land_mm),
        depth_mm=depth_mm,
        proud_mm=_into(answer.inlay_thickness_mm - answer.channel_depth_mm, ranges.proud_mm),
        glue_gap_mm=_into(answer.glue_gap_mm, ranges.glue_gap_mm),
        pass_mm=_into(answer.depth_per_pass_mm, ranges.pass_mm),
    )


def _ring(answer: RingAnswer, problem: SearchProblem, ranges: Ranges) -> RingIdea:
    if not math.isfinite(answer.width_mm) or answer.width_mm <= 0:
        raise ValueError(f"a ring is {answer.width_mm:g} mm wide")
    pattern = _pattern(answer.pattern, problem)
    land_mm = answer.land_after_mm
    return RingIdea(
        width_mm=answer.width_mm,
        pattern=pattern,
        material=_nearest(answer.material, problem.materials_of[pattern]),
        land_after_mm=0.0 if land_mm <= 0 else _into(land_mm, ranges.land_mm),
        tile_length_mm=_tile_mm(answer.tile_length_mm, pattern, problem),
    )


def _pattern(name: str, problem: SearchProblem) -> Pattern:
    known = name.strip().lower()
    meant = PATTERN_ALIASES.get(known, known)
    return _nearest(meant, problem.patterns)  # type: ignore[return-value]


def _nearest(name: str, wanted: tuple[str, ...]) -> str:
    key = name.strip().lower().replace(" ", "-").replace("_", "-")
    if key in wanted:
        return key
    return next(iter(closest(key, list(wanted))), wanted[0])


def _tile_mm(wished: float | None, pattern: Pattern, problem: SearchProblem) -> float | None:
    usual = problem.policy.patterns[pattern].tile_mm
    if usual is None:
        return None
    return _into((usual[0] + usual[1]) / 2 if wished is None else wished, usual)


def _into(value: float, interval: Interval) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no length")
    return min(max(value, interval[0]), interval[1])
