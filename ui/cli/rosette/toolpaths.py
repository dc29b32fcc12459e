"""`luthier rosette toolpaths`: the verified programs, drawings and lists for a design."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import score as judge
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.ui.cli.output import JsonOption, print_json
from prefect_luthier.ui.cli.rosette.cutting import (
    ClearanceOption,
    ClimbOption,
    DialectOption,
    DwellOption,
    ScoringOption,
    StepoverOption,
    cut_options,
)
from prefect_luthier.ui.cli.rosette.documents import (
    ContextOption,
    InvalidDocument,
    SpecOption,
    examine,
    refuse_same_input,
    show_findings,
)


def toolpaths(
    spec: SpecOption,
    context: ContextOption,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the files.")
    ],
    *,
    dialect: DialectOption = "grbl",
    climb: ClimbOption = True,
    stepover: StepoverOption = 0.4,
    scoring: ScoringOption = 0.0,
    clearance: ClearanceOption = 5.0,
    dwell: DwellOption = 4.0,
    as_json: JsonOption = False,
) -> None:
    """Write the programs that cut a design, with its drawings and lists.

    Every program is replayed from its text before anything is written: it may not cut where wood
    is to stay, leave wood where none is to be, or leave the machine. The exit code is 1 and nothing
    is written when the design is blocked or a program does not pass.

    [bold]Example[/bold]

        luthier rosette toolpaths --spec docs/examples/rosette/om28-herringbone.json
        --context docs/examples/rosette/om28-context.json --dialect linuxcnc -o om28
    """
    options = cut_options(
        climb=climb, stepover=stepover, scoring=scoring, clearance=clearance, dwell=dwell
    )
    design, conditions = _read(spec, context)
    verdict = judge(design, conditions)
    if not verdict.is_allowed:
        _refuse(verdict, spec, as_json=as_json)
    document = _write(design, conditions, dialect, options, output)
    if as_json:
        print_json(document | _answer(verdict))
    else:
        from prefect_luthier.ui.cli.rosette.toolpaths_view import (  # noqa: PLC0415 - rich
            show_toolpaths,
        )

        show_toolpaths(document, verdict, output)


def _read(spec: str, context: str) -> tuple[RosetteSpec, Context]:
    """Return both documents; what is wrong with either of them is shown.

    Raises:
        UsageError: One of them cannot be read.
        InvalidDocument: One of them holds no valid value.
    """
    refuse_same_input(spec, context)
    spec_reading, spec_source = examine(spec, spec_from_json)
    context_reading, context_source = examine(context, context_from_json)
    if spec_reading.value is None or context_reading.value is None:
        show_findings(spec_reading, spec_source)
        show_findings(context_reading, context_source)
        wrong = [
            name
            for name, reading in ((spec, spec_reading), (context, context_reading))
            if reading.value is None
        ]
        findings = (*spec_reading.diagnostics, *context_reading.diagnostics)
        raise InvalidDocument(" and ".join(wrong), findings)
    return spec_reading.value, context_reading.value


def _refuse(verdict: Verdict, name: str, *, as_json: bool) -> None:
    if as_json:
        nothing: dict[str, Any] = {
            "files": [],
            "verification": None,
            "channels": [],
            "time_s": None,
            "length_mm": None,
        }
        print_json(nothing | _answer(verdict))
    else:
        from prefect_luthier.ui.cli.rosette.verdict_view import (  # noqa: PLC0415 - rich
            show_verdict,
        )

        show_verdict(verdict, name)
    raise typer.Exit(1)


def _write(
    design: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions, output: Path
) -> dict[str, Any]:
    from prefect_luthier.flows.actions.toolpath_folder import (  # noqa: PLC0415 - only to write
        write_folder,
    )
    from prefect_luthier.rmos.toolpaths.folder import (  # noqa: PLC0415 - loads the DXF writer
        toolpaths as make_toolpaths,
    )

    made = make_toolpaths(design, context, dialect, options)
    paths = write_folder(output, made.files)
    return made.to_json([str(path) for path in paths])


def _answer(verdict: Verdict) -> dict[str, Any]:
    answer = verdict.to_json()
    return {key: answer[key] for key in ("decision", "risk", "score", "violations")}
