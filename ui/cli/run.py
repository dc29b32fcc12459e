"""``luthier run`` and ``luthier resume``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import Session

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.plan import make_plan
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import find_run, is_active
from prefect_luthier.deployments.store.tables import RunRecord
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.execution.load import checked_definition, find_source, is_file_name
from prefect_luthier.flows.execution.options import Options
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.prefect_connection import prefect_connection
from prefect_luthier.ui.cli.reading import parse_values
from prefect_luthier.ui.cli.run_view import RunView, say_outcome

Values = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="Value of a parameter."),
]
Parallel = Annotated[
    int | None, typer.Option("--parallel", min=1, max=1000, help="Most steps at once.")
]
Here = Annotated[bool, typer.Option("--here", help="Run in this process, not by the worker.")]

EXIT_CODES = {"completed": 0, "cancelled": 130}


def run(
    workflow: Annotated[str, typer.Argument(help="A definition file, or a registered id.")],
    param: Values = None,
    *,
    parallel: Parallel = None,
    here: Here = False,
    as_json: JsonOption = False,
) -> None:
    """Run a workflow and watch its steps. Ctrl-C cancels it and all it started.

    A file runs in this process; a registered workflow runs by the worker of its deployment.
    """
    settings = load_settings()
    is_file = is_file_name(workflow)
    definition, catalog = checked_definition(find_source(settings, workflow), settings)
    inputs = parse_values(definition, param or [])
    make_plan(definition, inputs, catalog)  # wrong values are refused before a run exists
    with prefect_connection(settings) as connected:
        if is_file or here or parallel is not None:
            where = str(Path(workflow).absolute()) if is_file else workflow
            parameters = {"workflow": where, "version": definition.version, "inputs": inputs}
            run_id = _run_here(definition, parameters, Options(parallel=parallel))
        else:
            run_id = _run_remote(connected, definition, inputs)
        _finish(connected, run_id, as_json=as_json)


def resume(
    run: Annotated[str, typer.Argument(help="The run's id, or its first characters.")],
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Run all steps again, also with a changed plan.")
    ] = False,
    parallel: Parallel = None,
    here: Here = False,
    as_json: JsonOption = False,
) -> None:
    """Continue a run from the steps that did not finish. Finished steps do not run again."""
    settings = load_settings()
    record = _resumable(settings, run)
    if record.state == "completed" and not fresh:
        say("the run is completed: nothing is left to do.")
        _finish(settings, record.run_id, as_json=as_json)
    with prefect_connection(settings) as connected:
        _resume(connected, record, Options(parallel=parallel, fresh=fresh), here=here)
        _finish(connected, record.run_id, as_json=as_json)


def _run_here(definition: Definition, parameters: dict[str, Any], chosen: Options) -> UUID:
    from prefect_luthier.ui.cli.run_here import run_here  # noqa: PLC0415 - loads Prefect

    title = f"{definition.name or definition.id} {definition.version}"
    with RunView(title, list(definition.steps)) as view:
        run_id = run_here(definition.id, parameters, chosen, view)
    if run_id is None:
        raise ServiceUnreachable("no-run", "Prefect did not start the run.")
    return run_id


def _run_remote(settings: Settings, definition: Definition, inputs: dict[str, Any]) -> UUID:
    from prefect_luthier.ui.cli.run_remote import start_remote, watch_remote  # noqa: PLC0415

    run_id = start_remote(settings, definition.id, inputs)
    say(f"run {run_id}")
    with RunView(f"{definition.name or definition.id}", list(definition.steps)) as view:
        watch_remote(settings, run_id, view)
    return run_id


def _resumable(settings: Settings, run: str) -> RunRecord:
    with Session(open_store(settings)) as session:
        record = find_run(session, run)
        session.expunge(record)
        if is_active(session, record.run_id):
            raise LuthierError(
                "run-active",
                f"run {record.run_id} is being executed right now.",
                "Wait for it to end, or cancel it with `luthier cancel`.",
            )
    return record


def _resume(settings: Settings, record: RunRecord, chosen: Options, *, here: bool) -> None:
    from prefect_luthier.ui.cli.run_here import flow_run_of, run_here  # noqa: PLC0415
    from prefect_luthier.ui.cli.run_remote import retry_remote, watch_remote  # noqa: PLC0415

    flow_run = flow_run_of(record.run_id)
    if flow_run is None:
        raise LuthierError(
            "unknown-flow-run",
            f"this Prefect server does not know run {record.run_id}.",
            "Point PREFECT_API_URL at the server it was started on.",
        )
    by_worker = flow_run.deployment_id is not None and not here and chosen == Options()
    steps = [str(step["id"]) for step in record.plan["steps"]]
    with RunView(f"{record.plan['name']} {record.version}", steps) as view:
        if by_worker:
            retry_remote(settings, record.run_id)
            watch_remote(settings, record.run_id, view)
        else:
            run_here(record.workflow_id, flow_run.parameters, chosen, view, record.run_id)


def _finish(settings: Settings, run_id: UUID, *, as_json: bool) -> None:
    """Print the run's document, and exit as it ended."""
    from prefect_luthier.ui.cli.run_status import run_state  # noqa: PLC0415 - loads Prefect

    document = run_state(settings, str(run_id))
    if as_json:
        print_json(document)
    say_outcome(document)
    raise typer.Exit(EXIT_CODES.get(document["state"], 1))
