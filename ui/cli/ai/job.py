"""``luthier ai job``: one job, or its cancellation."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import typer

from prefect_luthier.deployments.jobs.cancellation import cancel_pending
from prefect_luthier.deployments.store.jobs import ACTIVE
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.ai.job_view import job_line, read_job
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.prefect_connection import prefect_connection


def job(
    job_id: Annotated[str, typer.Argument(help="The job's id, its first characters, or its key.")],
    *,
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel it, if it has not ended.")] = (
        False
    ),
    as_json: JsonOption = False,
) -> None:
    """Show how a job stands; its exit code is 1 when it ended in an error."""
    settings = load_settings()
    document = read_job(settings, job_id)
    if cancel:
        _cancel(settings, document)
        document = read_job(settings, document["job_id"])
    if as_json:
        print_json(document)
    else:
        _print(document)
    raise typer.Exit(1 if document["status"] == "error" else 0)


def _cancel(settings: Settings, document: dict[str, Any]) -> None:
    """Cancel a job: one that nobody has begun at once, another by way of its Prefect run."""
    if document["status"] not in ACTIVE:
        say(f"the job had ended already: {document['status']}.")
    run_id = cancel_pending(settings, document["job_id"])
    if run_id is not None:
        with (
            prefect_connection(settings, may_start=False) as connected,
            contextlib.suppress(ServiceUnreachable),  # then nobody runs it either
        ):
            from prefect_luthier.ui.cli.run_remote import (  # noqa: PLC0415 - loads Prefect
                cancel_remote,
            )

            cancel_remote(connected, run_id)


def _print(document: dict[str, Any]) -> None:
    typer.echo(job_line(document))
    for name in ("workspace", "actor", "attempts", "duration_ms", "flow_run_url"):
        if document[name] is not None:
            typer.echo(f"  {name}: {document[name]}")
    for name, value in (document["result"] or {}).items():
        typer.echo(f"  {name}: {value}")
    if document["error"] and document["error"].get("advice"):
        typer.echo(f"  {document['error']['advice']}")
    for event in document["history"]:
        typer.echo(f"  {event['at']} {event['event']}")
