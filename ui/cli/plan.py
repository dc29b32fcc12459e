"""`luthier plan`: what a run would do, with its parameters resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.deployments.definition.plan import Plan, PlannedStep, make_plan
from prefect_luthier.ui.cli.output import JsonOption, print_json
from prefect_luthier.ui.cli.reading import parse_values, read_valid, whole_catalog


def plan(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A definition; `-` is stdin.")],
    *,
    parameters: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", metavar="NAME=VALUE", help="Value of a parameter."),
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A catalog file to add.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a run would do: every step with its command and inputs, in order."""
    definition, _ = read_valid(Path(file), catalog, for_this_machine=False)
    made = make_plan(definition, parse_values(definition, parameters or []), whole_catalog(catalog))
    if as_json:
        print_json(made.to_json())
    else:
        _show(made)


def _show(made: Plan) -> None:
    typer.echo(f"{made.name} {made.version}  ({made.digest[:19]})")
    for name, value in made.parameters.items():
        shown = f"secret named {value!r}" if name in made.secret_parameters else repr(value)
        typer.echo(f"  {name} = {shown}")
    for step in made.steps:
        typer.echo("\n" + "\n".join(_lines(step)))
    for artifact in made.artifacts:
        typer.echo(f"\nkeeps {artifact.path}")


def _lines(step: PlannedStep) -> list[str]:
    lines = [step.id if step.name == step.id else f"{step.id}: {step.name}"]
    if step.needs:
        lines.append(f"  after  {', '.join(step.needs)}")
    if step.when is not None:
        lines.append(f"  when   {step.when}")
    if step.foreach is not None:
        lines.append(f"  each   {step.foreach}")
    if step.run is not None:
        lines += [
            f"  {'$' if n == 0 else ' '} {line}" for n, line in enumerate(step.run.splitlines())
        ]
    else:
        lines.append(f"  uses   {step.uses}")
    lines += [f"  {name} = {value!r}" for name, value in step.inputs.items()]
    lines += [f"  ${name}={value!r}" for name, value in step.env.items()]
    return lines
