"""What a rosette is made under: wood, tool, machine, speeds, and what the customer wants."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from prefect_luthier.canonical import digest
from prefect_luthier.rmos.design.spec import Frozen, NamedPattern, PositiveLength
from prefect_luthier.rmos.library.model import Machine, Material, Tool

Complexity = Literal["simple", "medium", "complex"]
RingCount = Annotated[int, Field(ge=1, le=64)]


class Intent(Frozen):
    """What the customer asks for. A search explores inside it and never overrides it."""

    rings: tuple[RingCount, RingCount] | None = Field(
        default=None, description="Fewest and most rings."
    )
    patterns: tuple[NamedPattern, ...] | None = Field(
        default=None, description="Patterns that may be used; none given allows all."
    )
    complexity: Complexity | None = Field(
        default=None, description="How rich the design should be."
    )
    palette: tuple[str, ...] | None = Field(
        default=None, description="Library ids of inlay materials that may be used."
    )
    note: str = Field(default="", max_length=4000, description="Anything else, in plain words.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.rings and self.rings[0] > self.rings[1]:
            raise ValueError("rings must be [fewest, most]; the first is larger than the second")
        return self


class Context(Frozen):
    """The conditions under which a design is judged, with every library id resolved."""

    material: Material = Field(description="Wood of the soundboard.")
    top_thickness_mm: PositiveLength = Field(description="Finished thickness of the soundboard.")
    tool: Tool = Field(description="The cutter.")
    machine: Machine = Field(description="The router.")
    spindle_rpm: PositiveLength = Field(description="Spindle speed, 1/min.")
    feed_mm_min: PositiveLength = Field(description="Cutting feed in the plane, mm/min.")
    plunge_mm_min: PositiveLength = Field(description="Feed into the wood, mm/min.")
    target_diameter_mm: PositiveLength | None = Field(
        default=None, description="Wanted outer diameter of the rosette."
    )
    soundhole_diameter_mm: PositiveLength | None = Field(
        default=None, description="Diameter of the soundhole, where the instrument fixes it."
    )
    intent: Intent = Intent()

    @cached_property
    def digest(self) -> str:
        """The ``sha256:`` digest of the canonical JSON of this context."""
        return digest(self.model_dump(mode="json"))
