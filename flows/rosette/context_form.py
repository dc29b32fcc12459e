"""The context of a rosette as a flow's parameter, so that Prefect shows a form for it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from prefect_luthier.rmos.design.context import Intent
from prefect_luthier.rmos.library.model import Machine, Material, Tool, title_of


class ContextForm(BaseModel):
    """Wood, tool, machine and speeds; each of the first three is a library id or given itself."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", field_title_generator=lambda name, _: title_of(name)
    )

    material: str | Material = Field(
        default="sitka-spruce", description="Wood of the soundboard: a library id, or the wood."
    )
    top_thickness_mm: float = Field(default=2.8, description="Thickness of the soundboard.")
    tool: str | Tool = Field(
        default="downcut-1.59", description="The cutter: a library id, or the cutter."
    )
    machine: str | Machine = Field(
        default="shapeoko-3", description="The router: a library id, or the router."
    )
    spindle_rpm: float = Field(default=24000, description="Spindle speed.")
    feed_mm_min: float = Field(default=508, description="Cutting feed in the plane.")
    plunge_mm_min: float = Field(default=254, description="Feed into the wood.")
    target_diameter_mm: float | None = Field(
        default=None, description="Wanted outer diameter of the rosette."
    )
    soundhole_diameter_mm: float | None = Field(
        default=None, description="Diameter of the soundhole, where the instrument fixes it."
    )
    intent: Intent = Field(default=Intent(), description="What the customer asks for.")

    def document(self) -> dict[str, Any]:
        """Return the context as its JSON document."""
        return self.model_dump(mode="json", exclude_none=True)
