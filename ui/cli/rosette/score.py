"""`luthier rosette score`: whether a design can be made, how well, and what would mend it."""

from __future__ import annotations

import typer

from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.feasibility.engine import score as judge
from prefect_luthier.rmos.feasibility.refusal import refusal
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.rosette.documents import (
    ContextOption,
    SpecOption,
    examine,
    refuse_same_input,
    show_findings,
)


def score(spec: SpecOption, context: ContextOption, *, as_json: JsonOption = False) -> None:
    """Say whether a design can be made, how well, and what would mend it.

    Every limit that the design does not keep is shown with the measured value, the limit and the
    smallest change that would keep it. The exit code is 0 when the design is allowed and 1 when it
    is blocked or not valid.

    [bold]Example[/bold]

        luthier rosette score --spec docs/examples/rosette/om28-herringbone.json
        --context docs/examples/rosette/om28-context.json
    """
    refuse_same_input(spec, context)
    spec_reading, spec_source = examine(spec, spec_from_json)
    context_reading, context_source = examine(context, context_from_json)
    findings = [*spec_reading.diagnostics, *context_reading.diagnostics]
    if spec_reading.value is None or context_reading.value is None:
        verdict = refusal(findings)
        if not as_json:
            show_findings(spec_reading, spec_source)
            show_findings(context_reading, context_source)
            say("Nothing is judged that cannot be read: the design is blocked.")
    else:
        verdict = judge(spec_reading.value, context_reading.value)
    if as_json:
        print_json(verdict.to_json())
    elif not findings:
        _show(verdict, spec)
    if not verdict.is_allowed:
        raise typer.Exit(1)


def _show(verdict: Verdict, name: str) -> None:
    from prefect_luthier.ui.cli.rosette.verdict_view import show_verdict  # noqa: PLC0415 - rich

    show_verdict(verdict, name)
