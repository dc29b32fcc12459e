"""``luthier ai execute``: take a plan's actions on, and do each of them once."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from prefect_luthier.ai_builder.action_planning.plan import PlanResult, read_plan
from prefect_luthier.deployments.store.action_plans import asker_of
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.ai.job_view import job_line, read_job
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.prefect_connection import prefect_connection


def execute(
    file: Annotated[str, typer.Argument(help="A plan as JSON; `-` reads stdin.")],
    *,
    workspace: Annotated[
        str | None, typer.Option("--workspace", help="The workspace whose rules hold.")
    ] = None,
    here: Annotated[
        bool, typer.Option("--here", help="Do them in this process, not by the worker.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until every job has ended.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take the actions of a plan on; print their job ids at once.

    If one action is refused, none is done. Without a running stack the actions are done in this
    process, as `luthier run` does.

    [bold]Example[/bold]

        luthier ai plan 'email ann@example.com with subject "Lunch" saying "At noon?"' -o plan.json
        luthier ai execute plan.json
    """
    plan, plan_id = _read(file)
    settings = load_settings()
    with prefect_connection(settings) as connected:
        from prefect_luthier.ui.cli.ai.taking_on import take_on  # noqa: PLC0415 - loads Prefect

        in_process = here or not _has_worker(settings)
        who = asker_of(settings, workspace=workspace)
        document = asyncio.run(take_on(plan, who, connected, plan_id, in_process=in_process))
        if wait and not in_process:
            asyncio.run(_await_jobs(connected, document["job_ids"]))
        jobs = [read_job(connected, job_id) for job_id in document["job_ids"]]
    if as_json:
        print_json(document | {"jobs": jobs})
    for denied in document["denied"]:
        say(f"{style('denied', 'red')} {denied['action']}[{denied['rule']}] {denied['reason']}")
    for job in jobs:
        say(job_line(job))
    bad = document["denied"] or any(job["status"] in {"error", "cancelled"} for job in jobs)
    raise typer.Exit(1 if bad else 0)


def _has_worker(settings: Settings) -> bool:
    """Tell whether somebody takes runs of our pool: the stack, or who set the server's address."""
    from prefect_luthier.deployments.stack.state import running_stack  # noqa: PLC0415

    return settings.prefect_api_url is not None or running_stack(settings) is not None


def _read(file: str) -> tuple[PlanResult, UUID | None]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        document: Any = json.loads(text)
    except OSError as error:
        raise UsageError(
            "cannot-read", f"cannot read {file!r}: {error.strerror or error}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "bad-plan", f"{file} is no JSON: {error}.", "`luthier ai plan --json` writes a plan."
        ) from error
    return read_plan(document, file), _plan_id(document)


def _plan_id(document: Any) -> UUID | None:
    """Return the id under which the store has the plan, if the document says so."""
    try:
        return UUID(document["id"]) if isinstance(document, dict) else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


async def _await_jobs(settings: Settings, job_ids: list[str]) -> None:
    waiting = set(job_ids)
    while waiting:
        for job_id in list(waiting):
            job = await asyncio.to_thread(read_job, settings, job_id)
            if job["status"] not in {"pending", "running"}:
                waiting.discard(job_id)
        await asyncio.sleep(0.3 if waiting else 0)
