"""The bill of materials: what to take from the shelf for one rosette."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from prefect_luthier.rmos.design.spec import Frozen
from prefect_luthier.rmos.making.cut_list import Part


class BillLine(Frozen):
    """Stock of one material in one size."""

    material: str = Field(description="Library id.")
    form: str = Field(description="Strip, stick, sheet or blank.")
    count: int
    length_mm: float
    width_mm: float
    thickness_mm: float
    volume_mm3: float = Field(description="Of all of it.")
    waste_share: float = Field(description="Share that is lost.")
    rings: tuple[int, ...] = Field(description="Indices of the rings that it is for.")


_FORMS = {"strip": "strip", "tile": "stick", "ring": "sheet", "arc": "blank"}


def bill_of_materials(parts: Iterable[Part]) -> tuple[BillLine, ...]:
    """Return the stock for all parts, one line for each material and size, sorted."""
    groups: dict[tuple[str, str, float, float, float], list[Part]] = {}
    for part in parts:
        size = (part.stock_length_mm, part.stock_width_mm, part.thickness_mm)
        groups.setdefault((part.material, _FORMS[part.kind], *size), []).append(part)
    return tuple(_line(group) for _, group in sorted(groups.items()))


def _line(parts: list[Part]) -> BillLine:
    """Return the line for parts that come from the same stock."""
    first = parts[0]
    length_mm, width_mm = first.stock_length_mm, first.stock_width_mm
    count = sum(part.stock_count for part in parts)
    lost = sum(part.stock_count * part.waste_share for part in parts)
    return BillLine(
        material=first.material,
        form=_FORMS[first.kind],
        count=count,
        length_mm=length_mm,
        width_mm=width_mm,
        thickness_mm=first.thickness_mm,
        volume_mm3=round(count * length_mm * width_mm * first.thickness_mm, 1),
        waste_share=round(lost / count, 4),
        rings=tuple(sorted({part.ring for part in parts})),
    )
