"""``luthier ai jobs``: the newest jobs, and what waits for a person."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import unknown_effects
from prefect_luthier.deployments.store.jobs import job_document, list_jobs
from prefect_luthier.deployments.store.orchestrator_tables import JOB_STATUSES
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.ai.job_view import effect_document, job_line, prefect_ui_url
from prefect_luthier.ui.cli.output import JsonOption, print_json, say


def jobs(
    *,
    status: Annotated[
        list[str] | None, typer.Option("--status", help="Only jobs in this state; repeatable.")
    ] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only jobs of this action.")] = (
        None
    ),
    actor: Annotated[str | None, typer.Option("--actor", help="Only jobs of this actor.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Only effects that wait for a person.")
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most lines.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first, or the effects whose outcome nobody knows."""
    settings = load_settings()
    wrong = set(status or ()) - set(JOB_STATUSES)
    if wrong:
        raise UsageError(
            "unknown-status",
            f"{min(wrong)!r} is no status of a job.",
            f"Choose from {', '.join(JOB_STATUSES)}.",
        )
    if unknown:
        _show_unknown(settings, limit, as_json=as_json)
        return
    with Session(open_store(settings)) as session:
        rows = list_jobs(
            session,
            statuses=status or (),
            action=action,
            actor=actor,
            tenant=settings.tenant,
            limit=limit,
        )
        ui_url = prefect_ui_url(settings)
        documents = [job_document(row, ui_url) for row in rows]
    if as_json:
        print_json({"jobs": documents})
        return
    for document in documents:
        typer.echo(job_line(document))
    if not documents:
        say("there are no such jobs.")


def _show_unknown(settings: Settings, limit: int, *, as_json: bool) -> None:
    with Session(open_store(settings)) as session:
        found: list[dict[str, Any]] = [
            effect_document(each)
            for each in unknown_effects(session, settings.tenant, now(), limit)
        ]
    if as_json:
        print_json({"unknown": found})
        return
    for each in found:
        typer.echo(f"{each['client_request_id']} {each['action']} {each['message_id']}")
    say("`luthier ai resolve ID --sent|--not-sent` settles one." if found else "none waits.")
