"""Registration: a definition becomes a Prefect deployment, new or brought up to date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from dataclasses import replace as replace_fields
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_values import resolve_parameters
from prefect_luthier.deployments.register.compatibility import broken_schedules
from prefect_luthier.deployments.register.merge import Update, merge
from prefect_luthier.deployments.register.payload import (
    DEPLOYMENT_NAME,
    TAG,
    Payload,
    deployment_payload,
    waiting_schedules,
)
from prefect_luthier.deployments.register.prefect_api import (
    apply_update,
    create_deployment,
    find_deployment,
    list_deployments,
    open_prefect,
    prefect_api_url,
)
from prefect_luthier.deployments.store.audit import acting_user, record_event
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import save_definition
from prefect_luthier.deployments.store.tables import Registration as RegistrationRow
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import Settings, load_settings


@dataclass(frozen=True)
class Registration:
    """What a registration did.

    Args:
        deployment_id: Id of the deployment in Prefect.
        flow: Name of its flow: the workflow's id.
        url: The deployment's page.
        created: Whether the deployment is new.
        updated: Whether an existing one was changed.
        changes: One line for each change.
        kept: One line for each thing that a person set in Prefect and that stays.
        waiting: One line for each schedule that is off until a required value is given.
    """

    deployment_id: str
    flow: str
    url: str
    created: bool
    updated: bool
    changes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``luthier register --json``."""
        return asdict(self)


async def register(
    definition: Definition,
    text: str,
    *,
    values: Mapping[str, Any] | None = None,
    actor: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    replace: bool = False,
    dry_run: bool = False,
    settings: Settings | None = None,
) -> Registration:
    """Make a valid definition a deployment. Doing it twice changes nothing.

    Args:
        definition: The definition, already validated.
        text: Its source, stored as it is.
        values: Parameter values that its runs start from.
        actor: Who registers it; default: the acting user.
        provenance: Drafter, model, snapshot; shown in Prefect.
        replace: Whether schedules may break through changed parameters.
        dry_run: Only say what would change.
        settings: Default: from the environment.

    Raises:
        InvalidDefinition: A value does not fit its parameter.
        LuthierError: The change would break existing schedules (``breaks-schedules``), or
            Prefect refuses it (``prefect-refused``).
        ServiceUnreachable: The Prefect server or the database does not answer.
    """
    settings = settings or load_settings()
    actor = actor or acting_user(settings)
    source = _Source(definition, text, dict(provenance or {}), actor)
    engine = open_store(settings)
    async with open_prefect(settings) as client:
        existing = await find_deployment(client, definition.id, DEPLOYMENT_NAME)
        sent = _last_sent(engine, definition.id) if existing else {}
        known = _inputs(existing)
        runs_start_from = _values(definition, sent, values or {})
        wanted = deployment_payload(
            definition,
            values=runs_start_from,
            known=known,
            provenance={**source.provenance, "registered by": actor},
            work_pool=settings.work_pool,
        )
        update = merge(sent, wanted, existing) if existing else None
        if existing and update and not replace:
            _refuse_broken_schedules(wanted, update, existing)
        outcome = replace_fields(
            _outcome(definition.id, existing, update, settings),
            waiting=waiting_schedules(definition, {**known, **runs_start_from}),
        )
        if dry_run or (existing and not update):
            return outcome
        places = _Places(client, engine, settings)
        return await _write(places, source, wanted, update, outcome)


@dataclass(frozen=True)
class _Source:
    """What is registered, and by whom."""

    definition: Definition
    text: str
    provenance: dict[str, Any]
    actor: str


@dataclass(frozen=True)
class _Places:
    """Where a registration is written."""

    prefect: PrefectClient
    store: Engine
    settings: Settings


def _last_sent(engine: Engine, workflow_id: str) -> Payload:
    with Session(engine) as session:
        row = session.get(RegistrationRow, workflow_id)
        return row.sent if row else {}


def _outcome(
    flow: str, existing: Mapping[str, Any] | None, update: Update | None, settings: Settings
) -> Registration:
    return Registration(
        deployment_id=str(existing["id"]) if existing else "",
        flow=flow,
        url=deployment_url(existing["id"], settings) if existing else "",
        created=existing is None,
        updated=bool(update),
        changes=update.changes if update else [],
        kept=update.kept if update else [],
    )


async def _write(
    places: _Places, source: _Source, wanted: Payload, update: Update | None, outcome: Registration
) -> Registration:
    """Write the definition, then Prefect, then the record of what was sent.

    The definition is only ever added; so a crash in between leaves nothing that the next
    registration does not mend.
    """
    with Session(places.store) as session:
        stored_id = save_definition(
            session,
            source.definition,
            source.text,
            actor=source.actor,
            provenance=source.provenance,
        ).id
        session.commit()
    if update is not None:
        await apply_update(places.prefect, outcome.deployment_id, update)
    else:
        created = await create_deployment(places.prefect, outcome.flow, wanted)
        url = deployment_url(created["id"], places.settings)
        outcome = replace_fields(outcome, deployment_id=str(created["id"]), url=url)
    with Session(places.store) as session:
        _record(session, outcome, wanted, definition_id=stored_id, actor=source.actor)
        session.commit()
    return outcome


def _values(definition: Definition, sent: Payload, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that runs start from: those sent before, under those given now."""
    optional = {
        name: parameter.model_copy(update={"required": False, "default": None})
        for name, parameter in definition.parameters.items()
    }
    checked = resolve_parameters(definition.model_copy(update={"parameters": optional}), given)
    before = sent.get("parameters", {}).get("inputs", {})
    still = {name: value for name, value in before.items() if name in definition.parameters}
    return still | {name: checked[name] for name in given}


def _inputs(existing: Mapping[str, Any] | None) -> dict[str, Any]:
    return dict(((existing or {}).get("parameters") or {}).get("inputs") or {})


def _refuse_broken_schedules(wanted: Payload, update: Update, existing: Mapping[str, Any]) -> None:
    parameters = update.fields.get("parameters", existing.get("parameters") or {})
    staying = [s for s in existing["schedules"] if s["id"] not in update.remove]
    broken = broken_schedules(wanted["parameter_openapi_schema"], parameters, staying)
    if broken:
        listed = "; ".join(f"{b.schedule} ({', '.join(b.reasons)})" for b in broken)
        raise LuthierError(
            "breaks-schedules",
            f"with the new parameters these schedules would fail: {listed}.",
            "Give the missing values with -p NAME=VALUE, or register with --replace.",
        )


def _record(
    session: Session, outcome: Registration, wanted: Payload, *, definition_id: UUID, actor: str
) -> None:
    session.merge(
        RegistrationRow(
            workflow_id=outcome.flow,
            deployment_id=UUID(outcome.deployment_id),
            definition_id=definition_id,
            sent=wanted,
            actor=actor,
            updated_at=now(),
        )
    )
    record_event(
        session,
        actor=actor,
        action="workflow.registered" if outcome.created else "workflow.updated",
        subject=outcome.flow,
        detail={"digest": wanted["parameters"]["digest"], "changes": outcome.changes},
    )


async def unregister(
    workflow_id: str, *, actor: str | None = None, settings: Settings | None = None
) -> bool:
    """Remove a workflow's deployment; return whether there was one.

    Its definitions, runs and history stay.

    Raises:
        UsageError: No workflow of this name was ever registered (``unknown-workflow``).
        ServiceUnreachable: The Prefect server or the database does not answer.
    """
    settings = settings or load_settings()
    engine = open_store(settings)
    async with open_prefect(settings) as client:
        existing = await find_deployment(client, workflow_id, DEPLOYMENT_NAME)
        with Session(engine) as session:
            row = session.get(RegistrationRow, workflow_id)
            if row is None and existing is None:
                raise UsageError(
                    "unknown-workflow",
                    f"no workflow {workflow_id!r} is registered.",
                    "`luthier list` shows those that are.",
                )
            if existing:
                await client.delete_deployment(existing["id"])
            if row is not None:
                session.delete(row)
            record_event(
                session,
                actor=actor or acting_user(settings),
                action="workflow.unregistered",
                subject=workflow_id,
                detail={},
            )
            session.commit()
    return existing is not None


@dataclass(frozen=True)
class RegisteredWorkflow:
    """One line of the list of workflows, as Prefect knows it."""

    id: str
    deployment_id: str
    version: str
    digest: str
    url: str
    paused: bool
    schedules: list[dict[str, Any]]
    tags: list[str]
    status: str | None
    updated: str | None
    parameter_schema: dict[str, Any]
    parameters: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the element of ``luthier list --json``."""
        return asdict(self)


async def list_registered(settings: Settings | None = None) -> list[RegisteredWorkflow]:
    """Return every workflow that is registered, by name.

    Raises:
        ServiceUnreachable: The Prefect server does not answer.
    """
    settings = settings or load_settings()
    async with open_prefect(settings) as client:
        found = await list_deployments(client, TAG)
    ours = [d for d in found if (d.get("parameters") or {}).get("workflow")]
    return sorted((_listed(d, settings) for d in ours), key=lambda workflow: workflow.id)


def _listed(deployment: Mapping[str, Any], settings: Settings) -> RegisteredWorkflow:
    parameters = deployment["parameters"]
    schema = deployment.get("parameter_openapi_schema") or {}
    form = schema.get("properties", {}).get("inputs", {})
    return RegisteredWorkflow(
        id=parameters["workflow"],
        deployment_id=deployment["id"],
        version=deployment.get("version") or "",
        digest=parameters.get("digest", ""),
        url=deployment_url(deployment["id"], settings),
        paused=bool(deployment.get("paused")),
        schedules=[
            {
                "rule": schedule["schedule"],
                "active": schedule["active"],
                "lacks": _lacking(form, _inputs(deployment), _inputs(schedule)),
            }
            for schedule in deployment.get("schedules", [])
        ],
        tags=[tag for tag in deployment.get("tags", []) if tag != TAG],
        status=deployment.get("status"),
        updated=deployment.get("updated"),
        parameter_schema=form,
        parameters=_inputs(deployment),
    )


def _lacking(form: Mapping[str, Any], *values: Mapping[str, Any]) -> list[str]:
    return [name for name in form.get("required", ()) if not any(name in v for v in values)]


def deployment_url(deployment_id: str, settings: Settings) -> str:
    """Return the page of a deployment in the Prefect UI."""
    return f"{ui_url(settings)}/deployments/deployment/{deployment_id}"


def ui_url(settings: Settings) -> str:
    """Return the address of the Prefect UI that belongs to the API in use."""
    return prefect_api_url(settings).rstrip("/").removesuffix("/api")
