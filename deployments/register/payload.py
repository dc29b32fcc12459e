"""What Luthier tells Prefect about a workflow: one deployment, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from prefect_luthier.canonical import digest
from prefect_luthier.deployments.definition.graph import dag_text
from prefect_luthier.deployments.definition.model import Definition, Trigger
from prefect_luthier.deployments.definition.parameter_form import form_schema

ENTRYPOINT = "prefect_luthier.flows.run_workflow.run_workflow"
DEPLOYMENT_NAME = "luthier"
TAG = "luthier"
SLUG_PREFIX = "luthier-"

Payload = dict[str, Any]


def deployment_payload(
    definition: Definition,
    *,
    values: Mapping[str, Any],
    provenance: Mapping[str, Any],
    work_pool: str,
    known: Mapping[str, Any] = MappingProxyType({}),
) -> Payload:
    """Return the deployment for a definition, without the flow's id.

    Args:
        definition: A valid definition.
        values: Parameter values that runs start from, over the definition's defaults.
        provenance: Who drafted it and how; shown in the description.
        work_pool: Name of the work pool that runs it.
        known: Values that the deployment already has in Prefect.
    """
    form = form_schema(definition)
    schedules = [
        schedule_payload(
            trigger, values, missing=missing_inputs(form, {**known, **values}, trigger)
        )
        for trigger in definition.triggers
    ]
    identity = {
        "workflow": definition.id,
        "version": definition.version,
        "digest": definition.digest,
    }
    return {
        "name": DEPLOYMENT_NAME,
        "version": definition.version,
        "description": description(definition, provenance),
        "tags": sorted({TAG, *definition.tags}),
        "entrypoint": ENTRYPOINT,
        "work_pool_name": work_pool,
        "parameters": {**identity, "inputs": dict(values)},
        "parameter_openapi_schema": parameter_schema(definition.name, form, identity),
        "enforce_parameter_schema": True,
        "concurrency_limit": definition.concurrency,
        # Prefect refuses two schedules with one slug: equal triggers are one.
        "schedules": list({schedule["slug"]: schedule for schedule in schedules}.values()),
    }


def parameter_schema(
    title: str | None, form: Mapping[str, Any], identity: Mapping[str, str]
) -> dict[str, Any]:
    """Return the schema of a run's parameters.

    Only ``inputs`` is a field of the form; the identity is not shown, and any other value of it
    is refused by the server.
    """
    inputs = {"title": title or "Inputs", "position": 0, **form}
    return {
        "title": "Parameters",
        "type": "object",
        "properties": {"inputs": inputs},
        "required": ["inputs"] if form.get("required") else [],
        "allOf": [{"properties": {name: {"const": value} for name, value in identity.items()}}],
        "propertyNames": {"enum": [*identity, "inputs"]},
        "definitions": {},
    }


def missing_inputs(
    form: Mapping[str, Any], values: Mapping[str, Any], trigger: Trigger
) -> list[str]:
    """Return the required inputs that a run started by ``trigger`` would not have."""
    return [
        name for name in form.get("required", ()) if name not in {**values, **trigger.parameters}
    ]


def waiting_schedules(definition: Definition, values: Mapping[str, Any]) -> list[str]:
    """Return a line for each trigger that stays off until its runs have what they require."""
    form = form_schema(definition)
    lines: dict[str, None] = {}
    for trigger in definition.triggers:
        if missing := missing_inputs(form, values, trigger):
            names = ", ".join(missing)
            lines[f"schedule {trigger.cron} {trigger.timezone} stays off: no {names}"] = None
    return list(lines)


def schedule_payload(
    trigger: Trigger, values: Mapping[str, Any], *, missing: list[str]
) -> dict[str, Any]:
    """Return a schedule; it is inactive while a required input has no value."""
    parameters = {"inputs": {**values, **trigger.parameters}} if trigger.parameters else {}
    return {
        "slug": SLUG_PREFIX + digest(trigger.model_dump(mode="json"))[7:19],
        "schedule": {"cron": trigger.cron, "timezone": trigger.timezone, "day_or": True},
        "parameters": parameters,
        "active": not missing,
    }


def description(definition: Definition, provenance: Mapping[str, Any]) -> str:
    """Return the deployment's description: what it does, its steps, where it comes from."""
    parts = [f"## {definition.name or definition.id}"]
    if definition.description:
        parts.append(definition.description)
    parts.append(f"### Steps\n\n```text\n{dag_text(definition)}\n```")
    rows = {
        "workflow": f"`{definition.id}` {definition.version}",
        "digest": f"`{definition.digest}`",
        "license": definition.license,
        "homepage": definition.homepage,
        **{name: _shown(value) for name, value in provenance.items()},
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items() if value)
    parts.append(f"### Provenance\n\n| | |\n|---|---|\n{table}")
    return "\n\n".join(parts)


def _shown(value: Any) -> str:
    text = "" if value is None else str(value).replace("\n", " ").replace("|", "\\|")
    return f"`{text}`" if text.startswith("sha256:") else text
