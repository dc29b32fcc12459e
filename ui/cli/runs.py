"""``luthier runs``: the newest runs and how they ended."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from sqlmodel import Session

from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import LOST, is_lost, recent_runs
from prefect_luthier.deployments.store.tables import RunRecord
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style

_COLORS = {"completed": "green", "running": "cyan", "cancelled": "yellow"}


def runs(
    workflow: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only the runs of this workflow.")
    ] = None,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Most lines.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the newest runs, of files and of deployments, with the ids that other commands take.

    [bold]Examples[/bold]

        luthier runs

        luthier runs disk-report --limit 3
    """
    with Session(open_store(load_settings())) as session:
        documents = [
            _document(record) | ({"state": "crashed", "message": LOST} if lost else {})
            for record in recent_runs(session, limit, workflow)
            for lost in [is_lost(session, record)]
        ]
    if as_json:
        print_json({"runs": documents})
        return
    for document in documents:
        typer.echo(_line(document))
    if not documents:
        say("there are no such runs." if workflow else "nothing has run yet.")


def _document(record: RunRecord) -> dict[str, Any]:
    return {
        "run_id": str(record.run_id),
        "workflow": record.workflow_id,
        "version": record.version,
        "state": record.state,
        "message": record.message,
        "actor": record.actor,
        "started_at": record.created_at.isoformat(),
        "ended_at": record.ended_at.isoformat() if record.ended_at else None,
    }


def _line(run: dict[str, Any]) -> str:
    state = style(f"{run['state']:<9}", _COLORS.get(run["state"], "red"), stream=sys.stdout)
    began = run["started_at"][:19].replace("T", " ")
    reason = f": {run['message'].splitlines()[0]}" if run["message"] else ""
    return f"{run['run_id'][:8]}  {began}  {state}  {run['workflow']} {run['version']}{reason}"
