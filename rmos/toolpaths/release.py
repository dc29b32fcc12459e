"""Programs that may be run: each has been replayed from its text, and passed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.simulation.report import SimulationReport
from prefect_luthier.rmos.simulation.simulate import Job, simulate
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.rmos.toolpaths.programs import Program, make_programs

_SHOWN_FINDINGS = 5


@dataclass(frozen=True)
class VerifiedProgram:
    """A program and the report of the simulation that it passed."""

    program: Program
    report: SimulationReport


class ProgramRefused(LuthierError):
    """A program failed its simulation and was not released; the report says why."""

    def __init__(self, program: Program, report: SimulationReport) -> None:
        shown = "; ".join(str(finding) for finding in report.findings[:_SHOWN_FINDINGS])
        more = len(report.findings) - _SHOWN_FINDINGS
        super().__init__(
            "program-refused",
            f"{program.name} failed its simulation: {shown}"
            + (f"; and {more} more." if more > 0 else "."),
            "Nothing was released. Change the design, the tool or the cutting options.",
        )
        self.report = report

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin, with the whole report."""
        return super().to_json() | {"verification": self.report.to_json()}


def verify_programs(
    programs: tuple[Program, ...], spec: RosetteSpec, context: Context, options: CutOptions
) -> tuple[VerifiedProgram, ...]:
    """Return the programs with their reports.

    Raises:
        ProgramRefused: One of them would not do what the design wants, or not safely.
    """
    job = Job(spec, context, options.direction)
    verified: list[VerifiedProgram] = []
    for program in programs:
        report = simulate(program.text, program.dialect, job)
        if not report.passed:
            raise ProgramRefused(program, report)
        verified.append(VerifiedProgram(program, report))
    return tuple(verified)


def verified_programs(
    spec: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions | None = None
) -> tuple[VerifiedProgram, ...]:
    """Plan the programs for a design, replay them, and return them if they pass.

    Raises:
        ProgramRefused: The simulation found a reason not to run one.
        LuthierError: They cannot be planned.
    """
    options = options or CutOptions()
    programs = make_programs(spec, context, dialect, options)
    return verify_programs(programs, spec, context, options)
