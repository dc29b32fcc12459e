"""DXF drawings, read back."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys

import pytest
from ezdxf.filemanagement import read

from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.drawing.dxf import design_dxf, inlay_dxf


@pytest.fixture(scope="module")
def spec() -> RosetteSpec:
    return RosetteSpec(
        soundhole_diameter_mm=100,
        channel_depth_mm=1.5,
        inlay_thickness_mm=1.7,
        depth_per_pass_mm=0.75,
        rings=(
            Ring(width_mm=0.5, land_after_mm=3.0, material="ebony"),
            Ring(width_mm=4, pattern="shell", material="paua"),
            Ring(width_mm=2, pattern="tiles", tile_length_mm=4, material="koa"),
        ),
    )


def opened(data: bytes):
    drawing = read(io.StringIO(data.decode("utf-8")))
    assert not drawing.audit().errors
    return drawing


def layers(drawing) -> set[str]:
    return {entity.dxf.layer for entity in drawing.modelspace()}


def test_each_ring_and_channel_has_its_layer(spec):
    """Layers name the rings with their patterns; circles have the rings' true radii."""
    drawing = opened(design_dxf(spec))
    assert layers(drawing) == {
        *("SOUNDHOLE", "RING-1-LINE", "RING-2-SHELL", "RING-3-TILES", "CHANNEL-1", "CHANNEL-2"),
    }
    circles = drawing.modelspace().query('CIRCLE[layer=="RING-2-SHELL"]')
    assert sorted(circle.dxf.radius for circle in circles) == [58.5, 62.5]
    assert drawing.units == 4  # millimetres
    tiles = drawing.modelspace().query('LWPOLYLINE[layer=="RING-3-TILES"]')
    assert len(tiles) == round(2 * math.pi * 63.5 / 4)


def test_the_inlay_has_pocket_pieces_and_tool_ways(spec):
    """Pocket walls are wider than the ring by the glue gap."""
    drawing = opened(inlay_dxf(spec, 1.0))
    assert layers(drawing) == {"FEMALE-1", "FEMALE-2", "MALE-1", "MALE-2", "MALE-3", "MALE-CUT-2"}
    walls = drawing.modelspace().query('LWPOLYLINE[layer=="FEMALE-2"]')
    assert [abs(wall[0][0]) for wall in walls] == pytest.approx([58.45, 64.55])
    assert all(vertex[4] == 1 for wall in walls for vertex in wall)


def test_the_bytes_are_the_same_in_every_process(spec):
    """No time, no random id, no order of a set: two hash seeds give one digest."""
    code = (
        "import hashlib, sys\n"
        "from prefect_luthier.rmos.design.spec import RosetteSpec\n"
        "from prefect_luthier.rmos.drawing.dxf import design_dxf, inlay_dxf\n"
        "spec = RosetteSpec.model_validate_json(sys.argv[1])\n"
        "print(hashlib.sha256(design_dxf(spec) + inlay_dxf(spec, 1.0)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code, spec.model_dump_json()],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "3")
    }
    assert len(digests) == 1
