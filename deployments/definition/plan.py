"""A plan: a definition with its parameters resolved, frozen and content-hashed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from prefect_luthier.canonical import digest
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.binding import ParameterBinder
from prefect_luthier.deployments.definition.cel_tokens import references
from prefect_luthier.deployments.definition.durations import parse_duration
from prefect_luthier.deployments.definition.expressions import interpolate_command
from prefect_luthier.deployments.definition.graph import step_graph
from prefect_luthier.deployments.definition.model import Definition, OnFailure, Retries, Step
from prefect_luthier.deployments.definition.outputs import declared_outputs, item_outputs
from prefect_luthier.deployments.definition.parameter_values import resolve_parameters
from prefect_luthier.deployments.definition.scope import parameter_cel_type
from prefect_luthier.deployments.definition.templates import placeholders
from prefect_luthier.errors import LuthierError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PlannedRetries(_Frozen):
    """How a failed step is tried again."""

    max: int = 0
    delay_s: float = 1.0
    backoff: float = 1.0
    jitter: float = 0.0


class PlannedArtifact(_Frozen):
    """A file to keep from the run."""

    id: str
    path: str
    retention_s: float | None = None


class PlannedStep(_Frozen):
    """One step, ready to run once its needs are done.

    Texts in ``run``, ``env`` and ``inputs`` are templates in which only steps, the run, the
    item of a loop and secret parameters are left to fill in.
    """

    id: str
    name: str
    needs: tuple[str, ...] = ()
    uses: str | None = Field(default=None, description="`slug@x.y.z` of the catalog.")
    run: str | None = None
    command: str | None = Field(default=None, description="`run`, when nothing is left to fill.")
    inputs: dict[str, Any] = {}
    env: dict[str, str] = {}
    outputs: dict[str, str] = {}
    item_outputs: dict[str, str] = Field(
        default={}, description="Outputs of one execution; of a loop, those of each item."
    )
    when: str | None = None
    foreach: str | None = None
    workspace: str = "inherit"
    timeout_s: float | None = None
    retries: PlannedRetries = PlannedRetries()
    on_failure: OnFailure = "fail-fast"
    reads_state_of: tuple[str, ...] = ()


class Plan(_Frozen):
    """What a run executes; equal plans have equal digests."""

    workflow: str
    version: str
    name: str
    definition_digest: str
    parameters: dict[str, Any] = {}
    secret_parameters: tuple[str, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    parallel: int | None = None
    timeout_s: float | None = None
    concurrency: int | None = None
    artifacts: tuple[PlannedArtifact, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Digest of the plan's JSON form."""
        return digest(self.model_dump(mode="json"))

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, with the digest first."""
        return {"digest": self.digest} | self.model_dump(mode="json")


def make_plan(definition: Definition, values: Mapping[str, Any], catalog: Catalog) -> Plan:
    """Return the plan of a valid definition with the given parameter values.

    Args:
        definition: A definition that ``validate`` accepts.
        values: Parameter values by name; secrets are given as names of secrets.
        catalog: Where the steps' actions are found.

    Raises:
        InvalidDefinition: A parameter is unknown, missing or has a wrong value.
        LuthierError: A step uses an action that the catalog does not have.
    """
    parameters = resolve_parameters(definition, values)
    secrets = tuple(n for n, p in definition.parameters.items() if p.type == "secret")
    binder = ParameterBinder(
        {name: value for name, value in parameters.items() if name not in secrets},
        dynamic={n for n, p in definition.parameters.items() if parameter_cel_type(p) == "dyn"},
    )
    order = step_graph(definition).order
    if len(order) < len(definition.steps):
        raise LuthierError("cycle", "the steps need each other in a circle.", "Validate it first.")
    return Plan(
        workflow=definition.id,
        version=definition.version,
        name=definition.name or definition.id,
        definition_digest=definition.digest,
        parameters=parameters,
        secret_parameters=secrets,
        steps=tuple(_planned_step(definition, step_id, binder, catalog) for step_id in order),
        parallel=definition.parallel,
        timeout_s=_seconds(definition.timeout),
        concurrency=definition.concurrency,
        artifacts=tuple(
            PlannedArtifact(
                id=key, path=binder.bind_text(a.path), retention_s=_seconds(a.retention)
            )
            for key, a in definition.artifacts.items()
        ),
    )


def _planned_step(
    definition: Definition, step_id: str, binder: ParameterBinder, catalog: Catalog
) -> PlannedStep:
    step = definition.resolved_step(step_id)
    run = binder.bind_command(step.run) if step.run is not None else None
    return PlannedStep(
        id=step_id,
        name=step.name or step_id,
        needs=tuple(step.needs),
        uses=_full_reference(step, catalog) if step.uses else None,
        run=run,
        command=_resolved_command(run),
        inputs=binder.bind(step.inputs),
        env=binder.bind_env(step.env),
        outputs=declared_outputs(step, catalog),
        item_outputs=item_outputs(step, catalog) or {},
        when=binder.bind_expression(step.when) if step.when is not None else None,
        foreach=binder.bind_expression(step.foreach) if step.foreach is not None else None,
        workspace=binder.bind_text(step.workspace),
        timeout_s=_seconds(step.timeout),
        retries=_planned_retries(step.retries),
        on_failure=step.on_failure or definition.on_failure,
        reads_state_of=states_read(step.when),
    )


def _resolved_command(run: str | None) -> str | None:
    """Return the command as the shell gets it, when nothing is left to fill in."""
    if run is None or any(references(found.expression) for found in placeholders(run)):
        return None
    return interpolate_command(run, {})


def _full_reference(step: Step, catalog: Catalog) -> str:
    reference = step.uses or ""
    entry = catalog.find(reference)
    if entry is None:
        raise LuthierError(
            "unknown-action",
            f"{reference!r} is not in the catalog.",
            "Install the package that provides it, or give its catalog with --catalog.",
        )
    return f"{entry.slug}@{entry.version}"


def _planned_retries(retries: Retries | None) -> PlannedRetries:
    if retries is None:
        return PlannedRetries()
    return PlannedRetries(
        max=retries.max,
        delay_s=parse_duration(retries.delay),
        backoff=retries.backoff,
        jitter=retries.jitter,
    )


def _seconds(duration: str | None) -> float | None:
    return None if duration is None else parse_duration(duration)


def states_read(when: str | None) -> tuple[str, ...]:
    """Return the steps whose state a condition reads."""
    found = [
        reference.parts[1]
        for reference in references(when or "")
        if reference.parts[0] == "steps" and reference.parts[2:3] == ("state",)
    ]
    return tuple(dict.fromkeys(found))
