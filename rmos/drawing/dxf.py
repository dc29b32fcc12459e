"""DXF drawings: the design and the inlay, one layer for each ring and each channel."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable

from ezdxf import units
from ezdxf._options import options
from ezdxf.document import Drawing
from ezdxf.filemanagement import new
from ezdxf.layouts.layout import Modelspace

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.geometry.radii import ring_places
from prefect_luthier.rmos.making.inlay import (
    InlayOutline,
    female_outlines,
    male_outlines,
)
from prefect_luthier.rmos.making.outline import Outline

_WHITE, _RED, _GREEN, _BLUE = 7, 1, 3, 5
_RING_COLORS = (30, 42, 94, 150, 204, 244)

_fixed_metadata = threading.Lock()
"""ezdxf decides by an option of the whole process whether it writes the time and random ids."""


def design_dxf(spec: RosetteSpec) -> bytes:
    """Return a design as DXF: the soundhole, and each ring's edges and pieces on its own layer."""
    return _written(lambda drawing: _draw_design(drawing, spec))


def inlay_dxf(spec: RosetteSpec, tool_diameter_mm: float) -> bytes:
    """Return the inlay as DXF: pocket walls, pieces, and the tool's way around milled pieces.

    Layers ``FEMALE-1`` … are the channels, widened by the glue gap; ``MALE-1`` … the pieces of
    each ring at their true size; ``MALE-CUT-1`` … the centre of the tool around them.
    """
    outlines = (*female_outlines(spec), *male_outlines(spec, tool_diameter_mm))
    return _written(lambda drawing: _draw_inlay(drawing, outlines))


def _draw_design(drawing: Drawing, spec: RosetteSpec) -> None:
    space = drawing.modelspace()
    _layer(drawing, "SOUNDHOLE", _WHITE)
    space.add_circle((0, 0), spec.soundhole_diameter_mm / 2, dxfattribs={"layer": "SOUNDHOLE"})
    pieces = [each for each in male_outlines(spec, 0.0) if each.role == "male"]
    for place, ring in zip(ring_places(spec), spec.rings, strict=True):
        layer = f"RING-{place.index + 1}-{ring.pattern.upper()}"
        _layer(drawing, layer, _RING_COLORS[place.index % len(_RING_COLORS)])
        for radius in (place.inner_mm, place.outer_mm):
            space.add_circle((0, 0), radius, dxfattribs={"layer": layer})
        mine = [each.outline for each in pieces if each.number == place.index]
        if len(mine) > 2:  # noqa: PLR2004 - two are the ring's own circles
            for outline in mine:
                _polyline(space, outline, layer)
    for each in female_outlines(spec):
        layer = f"CHANNEL-{each.number + 1}"
        _layer(drawing, layer, _RED)
        _polyline(space, each.outline, layer)


def _draw_inlay(drawing: Drawing, outlines: Iterable[InlayOutline]) -> None:
    space = drawing.modelspace()
    colors = {"female": _RED, "male": _GREEN, "male-cut": _BLUE}
    for each in outlines:
        layer = f"{each.role.upper()}-{each.number + 1}"
        _layer(drawing, layer, colors[each.role])
        _polyline(space, each.outline, layer)


def _layer(drawing: Drawing, name: str, color: int) -> None:
    if name not in drawing.layers:
        drawing.layers.add(name, color=color)


def _polyline(space: Modelspace, outline: Outline, layer: str) -> None:
    space.add_lwpolyline(
        [
            (round(vertex.x, 6), round(vertex.y, 6), round(vertex.bulge, 9))
            for vertex in outline.vertices
        ],
        format="xyb",
        close=True,
        dxfattribs={"layer": layer},
    )


def _written(draw: Callable[[Drawing], None]) -> bytes:
    """Return a drawing's bytes, with no time and no random id in them."""
    with _fixed_metadata:
        before = options.write_fixed_meta_data_for_testing
        options.write_fixed_meta_data_for_testing = True
        try:
            drawing = new("R2010", units=units.MM)
            draw(drawing)
            for name in sorted(drawing.entitydb.dxf_types_in_use()):
                drawing.classes.add_class(name)  # ezdxf itself adds them in the order of a set
            text = io.StringIO()
            drawing.write(text)
        finally:
            options.write_fixed_meta_data_for_testing = before
    data: bytes = drawing.encode(text.getvalue())
    return data
