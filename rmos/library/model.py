"""Woods, tools and machines: the values that a design is judged by."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

ChiploadClass = Literal["hobby", "industrial"]
MaterialKind = Literal["softwood", "hardwood", "shell", "synthetic", "bone"]


_UNITS = {
    "_kg_m3": "kg/m³",
    "_j_mm3": "J/mm³",
    "_mm_min": "mm/min",
    "_mm_s2": "mm/s²",
    "_mm": "mm",
    "_rpm": "1/min",
    "_n": "N",
    "_w": "W",
}


def title_of(name: str) -> str:
    """Return a field's name as a form shows it: ``depth_mm`` is ``Depth (mm)``."""
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return f"{_words(name.removesuffix(ending))} ({unit})"
    return _words(name)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


_LEAST, _LARGEST = 1e-6, 1e9


class _Entry(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        field_title_generator=lambda name, _: title_of(name),
    )

    @field_validator("*")
    @classmethod
    def _workable(cls, value: Any) -> Any:
        """Refuse figures of no workshop, with which arithmetic would overflow or vanish."""
        for figure in value if isinstance(value, tuple) else (value,):
            if isinstance(figure, float) and figure != 0 and not _LEAST <= figure <= _LARGEST:
                raise ValueError(f"{figure:g} is no figure of a workshop")
        return value

    id: str = Field(default="inline", description="Library id, or `inline`.")
    name: str = Field(default="", description="Name for people.")


class Material(_Entry):
    """A wood or an inlay material."""

    kind: MaterialKind = Field(description="What kind of material it is.")
    density_kg_m3: float = Field(gt=0, description="Density at 12 % moisture, kg/m³.")
    janka_n: float | None = Field(default=None, gt=0, description="Janka hardness, N.")
    cutting_energy_j_mm3: float = Field(gt=0, description="Specific cutting energy, J/mm³.")
    color: str = Field(default="#c8a165", pattern=r"^#[0-9a-f]{6}$", description="Colour drawn.")


class Tool(_Entry):
    """An end mill."""

    diameter_mm: float = Field(gt=0, description="Cutting diameter.")
    flutes: int = Field(ge=1, le=12, description="Number of cutting edges.")
    flute_length_mm: float = Field(gt=0, description="Length of the cutting edges.")
    stickout_mm: float = Field(gt=0, description="Length out of the collet.")
    shank_diameter_mm: float = Field(default=3.175, gt=0, description="Diameter of the shank.")
    runout_mm: float = Field(default=0.0, ge=0, description="Total indicated runout at the tip.")
    chipload_mm: float | None = Field(
        default=None,
        gt=0,
        description="Feed per tooth in wood, by its maker; from the chipload tables when none.",
    )

    @property
    def reach_mm(self) -> float:
        """How far above its tip it cuts: its flutes, as far as they are out of the collet."""
        return min(self.flute_length_mm, self.stickout_mm)


_Travel = Annotated[float, Field(gt=0)]


class Machine(_Entry):
    """A three-axis router."""

    chipload_class: ChiploadClass = Field(
        default="hobby", description="Which chipload table its stiffness allows."
    )
    travel_mm: tuple[_Travel, _Travel, _Travel] = Field(description="Travel in X, Y and Z.")
    max_feed_mm_min: float = Field(gt=0, description="Largest feed in X and Y.")
    max_plunge_mm_min: float = Field(gt=0, description="Largest feed in Z.")
    acceleration_mm_s2: float = Field(gt=0, description="Acceleration in X and Y.")
    z_acceleration_mm_s2: float = Field(gt=0, description="Acceleration in Z.")
    junction_deviation_mm: float = Field(default=0.01, gt=0, description="GRBL's $11.")
    spindle_min_rpm: float = Field(gt=0, description="Slowest spindle speed.")
    spindle_max_rpm: float = Field(gt=0, description="Fastest spindle speed.")
    spindle_power_w: float = Field(gt=0, description="Power of the spindle.")
    max_spindle_load: float = Field(
        default=0.5, gt=0, le=1, description="Share of the power that cutting may take."
    )

    @model_validator(mode="after")
    def _has_a_speed(self) -> Self:
        if self.spindle_min_rpm > self.spindle_max_rpm:
            raise ValueError("the spindle's slowest speed is above its fastest one")
        return self
