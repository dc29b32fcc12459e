"""Everything that a maker takes to the workshop: programs, drawings, lists, the verification."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.dxf import design_dxf, inlay_dxf
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.drawing.svg_toolpath import toolpath_svg
from prefect_luthier.rmos.geometry.radii import Channel, channels
from prefect_luthier.rmos.making.bill import BillLine, bill_of_materials
from prefect_luthier.rmos.making.cut_list import Part, cut_list
from prefect_luthier.rmos.making.table import csv_table
from prefect_luthier.rmos.making.tiling import check_pieces
from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.simulation.report import SimulationReport
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.rmos.toolpaths.release import VerifiedProgram, verified_programs

FileKind = Literal[
    "gcode",
    "svg",
    "svg-dimensioned",
    "svg-toolpath",
    "dxf",
    "inlay",
    "cut-list",
    "bill-of-materials",
    "verification",
]

MANIFEST = "verification.json"
"""The file that lists the others; it is written last."""


@dataclass(frozen=True)
class ReleasedFile:
    """A file for the maker."""

    name: str
    kind: FileKind
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of its bytes, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Toolpaths:
    """The files for one design, one context and one dialect.

    Args:
        programs: The programs, with the reports that they passed.
        files: All files, the manifest last.
        channels: What the programs cut, from the inside out.
    """

    programs: tuple[VerifiedProgram, ...]
    files: tuple[ReleasedFile, ...]
    channels: tuple[Channel, ...]

    @property
    def report(self) -> SimulationReport:
        """The report of the program that cuts the channels."""
        return self.programs[0].report

    def to_json(self, paths: Sequence[str]) -> dict[str, Any]:
        """Return the JSON document, with the path of each file where it was written."""
        return {
            "files": [
                {"path": path, "sha256": file.sha256, "kind": file.kind}
                for path, file in zip(paths, self.files, strict=True)
            ],
            "verification": self.report.to_json(),
            "channels": [asdict(channel) for channel in self.channels],
            "time_s": self.report.time_s,
            "length_mm": self.report.length_mm,
        }


def toolpaths(
    spec: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions | None = None
) -> Toolpaths:
    """Return every file for a design; the same bytes for the same input.

    Whether the design is feasible is not asked here.

    Raises:
        ProgramRefused: The simulation found a reason not to run a program.
        LuthierError: The channels cannot be cut with this tool, or the pieces are far too many.
    """
    options = options or CutOptions()
    check_pieces(spec)
    programs = verified_programs(spec, context, dialect, options)
    files = tuple(_files(spec, context, programs))
    cut = channels(spec)
    manifest = {
        "design": spec.digest,
        "context": context.digest,
        "dialect": dialect,
        "options": options.model_dump(mode="json"),
        "channels": [asdict(channel) for channel in cut],
        "files": [{"path": f.name, "sha256": f.sha256, "kind": f.kind} for f in files],
        "programs": [
            {"path": each.program.name, "verification": each.report.to_json()} for each in programs
        ],
    }
    proof = ReleasedFile(MANIFEST, "verification", _json_bytes(manifest))
    return Toolpaths(programs, (*files, proof), cut)


def _files(
    spec: RosetteSpec, context: Context, programs: tuple[VerifiedProgram, ...]
) -> Iterator[ReleasedFile]:
    for each in programs:
        yield ReleasedFile(each.program.name, "gcode", each.program.data)
    program = programs[0].program
    motions = interpret(program.text, program.dialect).motions
    parts = cut_list(spec)
    yield _text("design.svg", "svg", design_svg(spec, context, dimensions=False))
    yield _text(
        "design-dimensioned.svg", "svg-dimensioned", design_svg(spec, context, dimensions=True)
    )
    yield _text("toolpath.svg", "svg-toolpath", toolpath_svg(spec, context, motions))
    yield ReleasedFile("design.dxf", "dxf", design_dxf(spec))
    yield ReleasedFile("inlay.dxf", "inlay", inlay_dxf(spec, context.tool.diameter_mm))
    yield _text("cut-list.csv", "cut-list", csv_table(parts, Part))
    bill = csv_table(bill_of_materials(parts), BillLine)
    yield _text("bill-of-materials.csv", "bill-of-materials", bill)


def _text(name: str, kind: FileKind, text: str) -> ReleasedFile:
    return ReleasedFile(name, kind, text.encode("utf-8"))


def _json_bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
