"""``luthier ai plan``: from a request to actions that a person reviews."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.canonical import canonical_json
from prefect_luthier.deployments.store.action_plans import asker_of
from prefect_luthier.errors import UsageError
from prefect_luthier.flows.plan_actions import RecordedPlan, make_plan_of_actions
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style


def plan(
    prompt: Annotated[str, typer.Argument(help="What shall be done; `-` reads stdin.")],
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", "-a", help="Answer to a question that was asked before."),
    ] = None,
    *,
    provider: Annotated[
        str | None, typer.Option("--provider", help="offline or openai; default: what is set up.")
    ] = None,
    workspace: Annotated[
        str | None, typer.Option("--workspace", help="The workspace whose rules hold.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the plan to this file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a request into actions, and say which of them are permitted. Nothing is done.

    [bold]Example[/bold]

        luthier ai plan 'email ann@example.com with subject "Lunch" saying "At noon?"' -o plan.json
        luthier ai execute plan.json
    """
    settings = load_settings()
    text = sys.stdin.read() if prompt == "-" else prompt
    asker = asker_of(settings, workspace=workspace)
    recorded = asyncio.run(
        make_plan_of_actions(text, answer or (), asker=asker, provider=provider, settings=settings)
    )
    document = recorded.to_json()
    if output is not None and recorded.planning.plan is not None:
        _write(output, canonical_json(document) + b"\n")
    if as_json:
        print_json(document)
    else:
        _print(recorded)
    permitted = all(decision.allowed for decision in recorded.decisions)
    raise typer.Exit(0 if recorded.planning.plan is not None and permitted else 1)


def _print(recorded: RecordedPlan) -> None:
    planning = recorded.planning
    if planning.plan is not None:
        typer.echo(f"{planning.plan.intent} ({planning.plan.confidence:.0%} sure)")
        for action, decision in zip(planning.plan.actions, recorded.decisions, strict=True):
            typer.echo(f"\n{action.action}  {action.client_request_id}")
            for name, value in action.params.items():
                shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                typer.echo(f"  {name}: {shown}")
            mark = style("permitted", "green") if decision.allowed else style("denied", "red")
            typer.echo(f"  {mark}: {decision.reason}")
    for question in planning.questions:
        say(f"{style('?', 'yellow')} {question}")
    if planning.problem is not None:
        say(f"{style('no plan', 'red')}[{planning.problem.code}] {planning.problem.message}")
    say(f"planned by: {planning.meta.model or planning.meta.provider}")


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(
            "cannot-write", f"cannot write {str(path)!r}: {error.strerror or error}."
        ) from error
    say(f"wrote {path}")
