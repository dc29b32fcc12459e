"""The rosette: rings around a soundhole, from the inside out, in millimetres."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from prefect_luthier.canonical import digest
from prefect_luthier.rmos.library.model import Material, title_of

Pattern = Literal["line", "solid", "herringbone", "rope", "mosaic", "tiles", "shell"]
"""What fills a ring. ``line`` and ``solid`` are bent or turned in one piece, ``shell`` is cut in
arcs; the others are set from tiles of ``tile_length_mm``."""

TILED_PATTERNS: frozenset[str] = frozenset({"herringbone", "rope", "mosaic", "tiles"})

PATTERN_ALIASES: dict[str, Pattern] = {
    "lines": "line",
    "purfling": "line",
    "band": "solid",
    "abalone": "shell",
    "pearl": "shell",
    "tile": "tiles",
    "checker": "mosaic",
}
"""Customary words for a pattern that a design or an intent may use."""


def plain_pattern(value: Any) -> Any:
    """Return the pattern that a customary word means; what is none is left to the validation."""
    if not isinstance(value, str):
        return value
    plain = value.strip().lower()
    return PATTERN_ALIASES.get(plain, plain)


NamedPattern = Annotated[Pattern, BeforeValidator(plain_pattern)]
"""A pattern by its own name or a customary one."""

MAX_RINGS = 64

LARGEST = 1e6
"""No length and no speed of a workshop is larger; with larger numbers arithmetic overflows."""

Length = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
PositiveLength = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]


class Frozen(BaseModel):
    """A value: immutable, with no unknown fields."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", field_title_generator=lambda name, _: title_of(name)
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; what follows from the values, such as a digest, is worked out anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in set(copied.__dict__) - set(type(self).model_fields):
            del copied.__dict__[name]
        return copied


class Ring(Frozen):
    """One ring of inlay."""

    width_mm: PositiveLength = Field(description="Radial width of the ring.")
    land_after_mm: Length = Field(
        default=0.0,
        description="Width of soundboard left between this ring and the next one outwards. "
        "Rings with no land between them share one channel.",
    )
    pattern: NamedPattern = Field(default="line", description="What fills the ring.")
    tile_length_mm: PositiveLength | None = Field(
        default=None, description="Pitch of the tiles along the ring's middle, for tiled patterns."
    )
    tile_tapered: bool = Field(
        default=False, description="Whether tiles are cut as wedges, so that no gap opens outside."
    )
    strip_thickness_mm: PositiveLength | None = Field(
        default=None, description="Thickness of the strips in the ring; the ring's width if none."
    )
    material: str | Material = Field(
        description="Library id of the inlay's material, or the material itself."
    )

    @property
    def material_id(self) -> str:
        """The id of the material; ``inline`` for one that is given itself, unless it has an id."""
        return self.material if isinstance(self.material, str) else self.material.id


class RosetteSpec(Frozen):
    """A rosette as it is to be made."""

    soundhole_diameter_mm: PositiveLength = Field(description="Diameter of the soundhole.")
    edge_land_mm: Length = Field(
        default=5.0,
        description="Soundboard left between the hole and the first ring; 0 is an edge-bound ring.",
    )
    channel_depth_mm: PositiveLength = Field(description="Depth of the channels in the top.")
    inlay_thickness_mm: PositiveLength = Field(
        description="Thickness of the inlay before levelling."
    )
    glue_gap_mm: Length = Field(default=0.05, description="Gap for glue on each side of an inlay.")
    depth_per_pass_mm: PositiveLength = Field(description="Largest depth of one cutting pass.")
    outer_diameter_mm: PositiveLength | None = Field(
        default=None, description="Declared outer diameter; checked against the rings when given."
    )
    rings: tuple[Ring, ...] = Field(
        min_length=1, max_length=MAX_RINGS, description="The rings, from the inside out."
    )

    @cached_property
    def digest(self) -> str:
        """The ``sha256:`` digest of the canonical JSON of this design."""
        return digest(self.model_dump(mode="json"))
