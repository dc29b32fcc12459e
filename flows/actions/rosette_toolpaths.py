"""`rosette.toolpaths`: from a design and its context to verified programs in a folder."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)
from prefect_luthier.flows.actions.file_write import target_path

_SHOWN = 5


class RosetteToolpathsInputs(ActionInputs):
    """What to cut, and how."""

    spec: dict[str, Any] = Field(description="The design, as `luthier rosette score` takes it.")
    context: dict[str, Any] = Field(description="Wood, tool, machine and speeds.")
    dialect: Literal["grbl", "linuxcnc"] = Field(
        default="grbl", description="The control that runs the program."
    )
    direction: Literal["climb", "conventional"] = Field(
        default="climb", description="Direction of the cuts."
    )
    stepover: float = Field(
        default=0.4,
        ge=0.05,
        le=0.95,
        description="Distance between circles, as a share of the tool's diameter.",
    )
    scoring_mm: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Depth of a first, shallow cut along the walls; 0 for none.",
    )
    clearance_mm: float = Field(
        default=5.0,
        ge=2,
        le=50,
        description="Height over the soundboard at which the tool travels.",
    )
    dwell_s: float = Field(
        default=4.0, ge=0, le=60, description="Wait for the spindle to reach its speed."
    )
    folder: str = Field(
        default="toolpaths",
        min_length=1,
        description="Folder for the files, relative to the workspace, or an absolute path.",
    )


class ToolpathFile(BaseModel):
    """A file that was written."""

    path: str = Field(description="Absolute path.")
    sha256: str = Field(description="SHA-256 of its bytes, in hexadecimal.")
    kind: str = Field(description="What it is: gcode, svg, dxf, inlay, cut-list and so on.")


class RosetteToolpathsOutputs(ActionOutputs):
    """What was written, and what its verification measured."""

    files: list[ToolpathFile] = Field(description="The files, programs first.")
    program: str = Field(description="Absolute path of the program that cuts the channels.")
    verification: dict[str, Any] = Field(description="What the program does, from its text.")
    channels: list[dict[str, Any]] = Field(
        description="What the program cuts: inner and outer radius and depth of each channel, mm."
    )
    time_s: float = Field(description="How long it takes, with acceleration, s.")
    length_mm: float = Field(description="Length of all feed moves, mm.")


async def _run(inputs: RosetteToolpathsInputs, context: ActionContext) -> RosetteToolpathsOutputs:
    from prefect_luthier.flows.actions.toolpath_folder import (  # noqa: PLC0415 - see `_made`
        write_folder,
    )

    folder = target_path(context.workspace, inputs.folder)
    made = await asyncio.to_thread(_made, inputs)
    paths = [str(path) for path in await asyncio.to_thread(write_folder, folder, made.files)]
    document = made.to_json(paths)
    context.log(f"wrote {len(paths)} files to {folder}; {paths[0]} passed its simulation")
    return RosetteToolpathsOutputs.model_validate(document | {"program": paths[0]})


def _made(inputs: RosetteToolpathsInputs) -> Any:
    """Return the files for a feasible design.

    Raises:
        LuthierError: A document is not valid, the design is blocked, or a program is refused.
    """
    # Geometry and the DXF writer take a second to load: only when a step needs them.
    from prefect_luthier.rmos.design.reading import (  # noqa: PLC0415
        context_from_json,
        spec_from_json,
    )
    from prefect_luthier.rmos.feasibility.engine import score  # noqa: PLC0415
    from prefect_luthier.rmos.toolpaths.folder import toolpaths  # noqa: PLC0415
    from prefect_luthier.rmos.toolpaths.options import CutOptions  # noqa: PLC0415

    spec = _valid("spec", spec_from_json(json.dumps(inputs.spec), "spec"))
    context = _valid("context", context_from_json(json.dumps(inputs.context), "context"))
    verdict = score(spec, context)
    if not verdict.is_allowed:
        reasons = [f"{v.code}: {v.message}" for v in verdict.violations if v.severity == "RED"]
        raise LuthierError(
            "design-blocked",
            f"the design is blocked: {' '.join(reasons[:_SHOWN])}",
            verdict.violations[0].fix if verdict.violations else "",
        )
    options = CutOptions(
        direction=inputs.direction,
        stepover=inputs.stepover,
        scoring_mm=inputs.scoring_mm,
        clearance_mm=inputs.clearance_mm,
        dwell_s=inputs.dwell_s,
    )
    return toolpaths(spec, context, inputs.dialect, options)


def _valid(name: str, reading: Any) -> Any:
    if reading.value is None:
        findings = "; ".join(
            f"{finding.pointer or name}: {finding.message}"
            for finding in reading.diagnostics[:_SHOWN]
        )
        raise LuthierError("invalid-document", f"the input {name!r} is not valid: {findings}")
    return reading.value


ROSETTE_TOOLPATHS = Action(
    slug="rosette.toolpaths",
    version="1.0.0",
    description="Cut a guitar rosette: write verified G-code toolpaths for a CNC router, with "
    "drawings (SVG, DXF), cut list and bill of materials, from a design and its context.",
    inputs=RosetteToolpathsInputs,
    outputs=RosetteToolpathsOutputs,
    run=_run,
    capabilities=Capabilities(files="write"),
)
