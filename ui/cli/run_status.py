"""How one run stands: from the store, completed by what Prefect knows."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from sqlmodel import Session

from prefect_luthier.deployments.register.prefect_api import open_prefect
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import LOST, find_run, is_active
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.flows.execution.document import stored_document
from prefect_luthier.flows.execution.workspaces import workspaces_root
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import print_json, say
from prefect_luthier.ui.cli.prefect_connection import prefect_connection
from prefect_luthier.ui.cli.run_view import say_outcome, say_steps

_STATES = {
    StateType.COMPLETED: "completed",
    StateType.FAILED: "failed",
    StateType.CRASHED: "crashed",
    StateType.CANCELLED: "cancelled",
}


def show(run: str, *, as_json: bool) -> None:
    """Print how a run stands.

    Raises:
        UsageError: There is no such run.
    """
    settings = load_settings()
    with prefect_connection(settings, may_start=False) as connected:
        document = run_state(connected, run)
    if as_json:
        print_json(document)
        return
    say_outcome(document)
    say_steps(document)
    if document["workspace"]:
        say(f"  workspace {document['workspace']}")


def run_state(settings: Settings, run: str) -> dict[str, Any]:
    """Return the document of a run, with its workspace and the address of its page.

    Raises:
        UsageError: There is no such run.
    """
    run_id = run_id_of(settings, run)
    flow_run = _flow_run(settings, run_id)
    document = stored_document(settings, run_id)
    if document is None:
        if flow_run is None:
            raise UsageError("unknown-run", f"there is no run {run!r}.")
        document = _document_of(flow_run)
    elif document["state"] == "running":
        document |= _outlived(settings, run_id, flow_run)
    folder = workspaces_root(settings) / str(run_id)
    return document | {
        "workspace": str(folder) if folder.is_dir() else None,
        "prefect_state": flow_run.state.name if flow_run and flow_run.state else None,
    }


def run_id_of(settings: Settings, run: str) -> UUID:
    """Return the id that ``run`` names: a stored run's, by its first characters, or any full id.

    Raises:
        UsageError: It names none, or several.
    """
    try:
        with Session(open_store(settings)) as session:
            return find_run(session, run).run_id
    except UsageError:
        try:
            return UUID(run)  # a run that waits for its worker is not stored yet
        except ValueError:
            pass
        raise


def _outlived(settings: Settings, run_id: UUID, flow_run: FlowRun | None) -> dict[str, Any]:
    """Return the true state of a run that is stored as running, when its process is gone."""
    with Session(open_store(settings)) as session:
        if is_active(session, run_id):
            return {}
    state: State[Any] | None = flow_run.state if flow_run else None
    if state is not None and state.type in _STATES:
        return {"state": _STATES[state.type], "message": state.message or ""}
    return {"state": "crashed", "message": LOST}


def _flow_run(settings: Settings, run_id: UUID) -> FlowRun | None:
    async def read() -> FlowRun | None:
        async with open_prefect(settings) as client:
            try:
                return await client.read_flow_run(run_id)
            except ObjectNotFound:
                return None

    try:
        return asyncio.run(read())
    except LuthierError:
        return None  # the store alone tells enough


def _document_of(flow_run: FlowRun) -> dict[str, Any]:
    state = flow_run.state
    shown = (
        _STATES.get(state.type, state.name.lower() if state.name else "") if state else "unknown"
    )
    return {
        "run_id": str(flow_run.id),
        "workflow": flow_run.parameters.get("workflow"),
        "version": flow_run.parameters.get("version"),
        "plan_digest": None,
        "state": shown,
        "message": (state.message if state else None) or "",
        "steps": [],
        "items": [],
        "artifacts": [],
    }
