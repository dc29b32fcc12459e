"""The verdict on a document that holds no valid design or context: blocked, finding by finding."""

from __future__ import annotations

from collections.abc import Iterable

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.rmos.feasibility.engine import blocked
from prefect_luthier.rmos.feasibility.verdict import Verdict, Violation

_CODES = {
    "unknown-material": "MATERIAL_KNOWN",
    "unknown-tool": "TOOL_KNOWN",
    "unknown-machine": "MACHINE_KNOWN",
    "not-finite": "FINITE",
}
INPUT_CODE = "INPUT"
"""Code of a finding that has no constraint of its own."""


def refusal(diagnostics: Iterable[Diagnostic]) -> Verdict:
    """Return the verdict that blocks because of what is wrong with the documents."""
    return blocked([_violation(each) for each in diagnostics if each.is_error])


def _violation(diagnostic: Diagnostic) -> Violation:
    place = diagnostic.pointer or "the document"
    fix = (
        f'Write "{diagnostic.candidates[0]}" at {place}.'
        if diagnostic.candidates
        else f"Correct {place}."
    )
    return Violation(
        code=_CODES.get(diagnostic.code, INPUT_CODE),
        severity="RED",
        ring=_ring(diagnostic.pointer),
        message=f"{place}: {diagnostic.message}",
        fix=fix,
    )


def _ring(pointer: str) -> int | None:
    parts = pointer.split("/")
    return int(parts[2]) if parts[1:2] == ["rings"] and parts[2:3] and parts[2].isdigit() else None
