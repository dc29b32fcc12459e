"""`luthier rosette release`: the programs of an approved design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.rosette.attach import ActorOption
from prefect_luthier.ui.cli.rosette.bind import NoteOption
from prefect_luthier.ui.cli.rosette.cutting import (
    ClearanceOption,
    ClimbOption,
    DialectOption,
    DwellOption,
    ScoringOption,
    StepoverOption,
    cut_options,
)
from prefect_luthier.ui.cli.rosette.decide import DesignArgument
from prefect_luthier.ui.cli.rosette.released_files import write_released


def release(
    design: DesignArgument,
    *,
    dialect: DialectOption = "grbl",
    climb: ClimbOption = True,
    stepover: StepoverOption = 0.4,
    scoring: ScoringOption = 0.0,
    clearance: ClearanceOption = 5.0,
    dwell: DwellOption = 4.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the files, too.")
    ] = None,
    note: NoteOption = "",
    actor: ActorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make, verify and store the programs of an approved design.

    They are stored only when the simulation of their text passes; its report is stored with them.
    The exit code is 1 when the design is not approved or a program does not pass.

    [bold]Example[/bold]

        luthier rosette release 3f2a --dialect linuxcnc -o om28/
    """
    options = cut_options(
        climb=climb, stepover=stepover, scoring=scoring, clearance=clearance, dwell=dwell
    )
    records = open_records()
    made = records.release(design, records.author(actor), dialect, options, note)
    if output is not None:
        write_released(records, made.files, output)
    document = made.to_json()
    if as_json:
        print_json(document)
        return
    say(f"{style('✓', 'green')} design {document['design'][:8]} is {document['state']}")
    for file in made.files:
        say(f"  {file.sha256[:12]}  {file.kind:<17} {file.path}")
    found = document["verification"]
    say(
        f"  verified: gouge {found['gouge_mm2']:g} mm², uncut {found['uncut_mm2']:g} mm², "
        f"{found['length_mm']:.0f} mm in {found['time_s'] / 60:.1f} min"
    )
    if output is None:
        say(f"  luthier rosette download {document['design'][:8]} -o DIR writes them")
