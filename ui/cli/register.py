"""`luthier register`, `unregister` and `list`: workflows as Prefect deployments."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.reading import parse_values, read_valid
from prefect_luthier.ui.cli.table_view import show_table
from prefect_luthier.ui.schedule_words import interval_words, why_off

Values = Annotated[
    list[str] | None,
    typer.Option(
        "--param", "-p", metavar="NAME=VALUE", help="A value that the workflow's runs start from."
    ),
]


def register(
    file: Annotated[Path, typer.Argument(help="A workflow.toml (or .json).")],
    param: Values = None,
    *,
    catalog: Annotated[
        Path | None, typer.Option(help="A catalog file whose entries may be used, too.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Register although schedules would break.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change in Prefect.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a definition a Prefect deployment with its own parameter form.

    Doing it twice changes nothing. An update keeps what a person changed in Prefect: a paused
    schedule, a limit, an added schedule or tag.
    """
    definition, text = read_valid(file, catalog)
    from prefect_luthier.flows import register as registration  # noqa: PLC0415 - loads Prefect

    outcome = asyncio.run(
        registration.register(
            definition,
            text,
            values=parse_values(definition, param or []),
            replace=replace,
            dry_run=dry_run,
        )
    )
    if as_json:
        print_json(outcome.to_json())
        return
    _say_outcome(outcome, dry_run=dry_run)


def _say_outcome(outcome: Any, *, dry_run: bool) -> None:
    done = (
        ("would be created" if dry_run else "registered")
        if outcome.created
        else ("would change" if dry_run else "updated")
        if outcome.updated
        else "is up to date"
    )
    say(f"{style('✓', 'green')} {outcome.flow} {done}")
    for change in outcome.changes:
        say(f"  {style('~', 'yellow')} {change}")
    for kept in outcome.kept:
        say(f"  {style('=', 'cyan')} kept: {kept}")
    for schedule in outcome.waiting:
        say(f"  {style('!', 'yellow')} {schedule}; register again with -p NAME=VALUE")
    if outcome.url:
        say(f"  {outcome.url}")


def unregister(
    workflow: Annotated[str, typer.Argument(help="Id of the workflow.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Remove a workflow's deployment; its definitions, runs and history stay."""
    from prefect_luthier.flows import register as registration  # noqa: PLC0415 - loads Prefect

    removed = asyncio.run(registration.unregister(workflow))
    if as_json:
        print_json({"workflow": workflow, "removed": removed})
        return
    say(f"{style('✓', 'green')} {workflow} {'removed' if removed else 'was already gone'}")


def list_workflows(*, as_json: JsonOption = False) -> None:
    """List the registered workflows with their schedules."""
    from prefect_luthier.flows import register as registration  # noqa: PLC0415 - loads Prefect

    workflows = asyncio.run(registration.list_registered())
    if as_json:
        print_json([workflow.to_json() for workflow in workflows])
        return
    show_table(
        ("workflow", "version", "schedule", "state", "page"),
        (_row(workflow) for workflow in workflows),
        empty="No workflow is registered yet. `luthier register workflow.toml` adds one.",
    )


def _row(workflow: Any) -> tuple[str, ...]:
    rules = "\n".join(_rule(schedule) for schedule in workflow.schedules)
    state = "paused" if workflow.paused else (workflow.status or "").lower().replace("_", " ")
    return workflow.id, workflow.version, rules, state, workflow.url


def _rule(schedule: dict[str, Any]) -> str:
    rule = schedule["rule"]
    times = rule.get("cron") or rule.get("rrule") or interval_words(float(rule["interval"]))
    off = why_off(schedule)
    return f"{times} {rule.get('timezone') or 'UTC'}{f' ({off})' if off else ''}"
