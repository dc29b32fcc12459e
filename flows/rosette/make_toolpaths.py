"""The flow that makes the programs of an approved design."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from prefect import flow, task
from pydantic import Field

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.failure import failed
from prefect_luthier.flows.rosette.advance_design import DesignId
from prefect_luthier.flows.rosette.bind_candidate import Actor, Note
from prefect_luthier.flows.rosette.records import Records, open_records
from prefect_luthier.flows.rosette.shown import flow_run_id, show_picture, show_table
from prefect_luthier.rmos.store.designs import Author
from prefect_luthier.rmos.store.releases import Release
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect

ChosenDialect = Annotated[
    Dialect, Field(title="Control", description="Which control the programs are for.")
]
Cutting = Annotated[
    CutOptions, Field(title="Cutting", description="Direction, stepover, clearance and dwell.")
]
_FIGURES = (
    ("passed", ""),
    ("gouge_mm2", "mm²"),
    ("uncut_mm2", "mm²"),
    ("wall_deviation_mm", "mm"),
    ("max_depth_mm", "mm"),
    ("max_stepdown_mm", "mm"),
    ("length_mm", "mm"),
    ("air_mm", "mm"),
    ("retracts", ""),
    ("feed_max_mm_min", "mm/min"),
    ("time_s", "s"),
)


@task(name="release", persist_result=False)
async def release_task(
    design: str, author: Author, dialect: Dialect, options: CutOptions, note: str
) -> Release:
    """Plan, simulate and store every file."""
    records = await asyncio.to_thread(open_records)
    return await asyncio.to_thread(Records.release, records, design, author, dialect, options, note)


@flow(name="make-toolpaths", persist_result=False)
async def make_toolpaths(
    design: DesignId,
    dialect: ChosenDialect = "grbl",
    options: Cutting = CutOptions(),  # noqa: B008 - frozen
    note: Note = "",
    actor: Actor = "",
) -> Any:
    """Make the programs, drawings and lists of an approved design.

    A program is released only when a simulator that shares no code with the planner has replayed
    its text and found no gouge, nothing left uncut and no move that the machine cannot make.
    """
    try:
        records = await asyncio.to_thread(open_records)
        author = records.author(actor, flow_run_id())
        made = await release_task(design, author, dialect, options, note)
    except LuthierError as error:
        return failed(error)
    await show_release(records, made)
    return made.to_json()


async def show_release(records: Records, made: Release) -> None:
    """Show the pictures, the verification and the files in the Prefect UI."""
    document = made.to_json()
    short = document["design"][:8]
    for file in made.files:
        if file.media_type == "image/svg+xml":
            svg = records.blobs.get(file.sha256).decode()
            name = file.path.removesuffix(".svg")
            await show_picture(f"rosette-{name}-{short}", svg, f"{file.path} of design {short}")
    verification = document["verification"]
    rows = [{"figure": name, "value": verification[name], "unit": unit} for name, unit in _FIGURES]
    await show_table(f"rosette-verification-{short}", rows, "What the simulation measured")
    files = [
        {**file, "download": f"luthier rosette download {short} -o DIR"}
        for file in document["files"]
    ]
    await show_table(f"rosette-files-{short}", files, f"Files of design {short}")
