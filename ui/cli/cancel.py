"""``luthier cancel``: end a run and everything it started."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer
from sqlmodel import Session

from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import finish_run, is_active
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.prefect_connection import prefect_connection

_PATIENCE_S = 45.0
_POLL_S = 0.3
_FINAL = {"completed", "failed", "crashed", "cancelled"}


def cancel(
    run: Annotated[str, typer.Argument(help="The run's id, or its first characters.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Cancel a run; when this returns, nothing of it runs any more."""
    settings = load_settings()
    with prefect_connection(settings, may_start=False) as connected:
        document = _cancel(connected, run)
    if as_json:
        print_json({"run_id": document["run_id"], "state": document["state"]})
    say(f"run {document['run_id']}: {document['state']}")
    if document["state"] != "cancelled":
        raise typer.Exit(1)


def _cancel(settings: Settings, run: str) -> dict[str, Any]:
    from prefect_luthier.ui.cli.run_remote import (  # noqa: PLC0415 - loads Prefect
        cancel_remote,
        force_cancelled,
    )
    from prefect_luthier.ui.cli.run_status import run_id_of, run_state  # noqa: PLC0415

    run_id = run_id_of(settings, run)
    flow_run = cancel_remote(settings, run_id)
    if flow_run.state is not None and flow_run.state.is_final():
        say(f"the run had ended already: {flow_run.state.name}.")
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with Session(open_store(settings)) as session:
            active = is_active(session, run_id)
            document = run_state(settings, str(run_id))
            if not active and document["state"] in _FINAL:
                return document
            if not active:  # nobody is left to end it in good order
                force_cancelled(settings, run_id)
                finish_run(session, run_id, "cancelled", "cancelled; its process was gone")
                session.commit()
        time.sleep(_POLL_S)
    raise LuthierError(
        "cancel-timeout",
        f"run {run_id} has not ended after {_PATIENCE_S:g} s.",
        "`luthier status` shows how it stands.",
    )
