"""From what a run was asked for, an id or a file, to its plan."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlmodel import Session

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.model import ID_PATTERN, Definition
from prefect_luthier.deployments.definition.plan import Plan, make_plan
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import load_definition
from prefect_luthier.errors import InvalidDefinition, LuthierError, UsageError
from prefect_luthier.flows.actions.installed import find_action, installed_catalog
from prefect_luthier.flows.execution.known_catalog import known_catalog
from prefect_luthier.settings import Settings


def load_plan(
    settings: Settings,
    workflow: str,
    version: str | None,
    digest: str | None,
    inputs: Mapping[str, Any],
) -> Plan:
    """Return the plan of a registered workflow, or of a file.

    Args:
        settings: Where the store is.
        workflow: Id of a registered workflow, or path of a definition.
        version: Wished version; None is the newest.
        digest: Wished content; None is any.
        inputs: Parameter values.

    Raises:
        InvalidDefinition: The definition or a parameter is wrong.
        LuthierError: It uses something that cannot be executed here.
        UsageError: There is no such workflow or file.
    """
    source = find_source(settings, workflow, version, digest)
    definition, catalog = checked_definition(source, settings)
    if version is not None and definition.version != version:
        raise UsageError(
            "wrong-version", f"{source.name} is version {definition.version}, not {version}."
        )
    plan = make_plan(definition, inputs, catalog)
    _check_executable(plan, catalog)
    return plan


def is_file_name(workflow: str) -> bool:
    """Return whether ``workflow`` is the path of a file rather than an id."""
    return not re.fullmatch(ID_PATTERN, workflow) or Path(workflow).is_file()


def find_source(
    settings: Settings, workflow: str, version: str | None = None, digest: str | None = None
) -> Source:
    """Return the text of a workflow, from its file or from the store.

    With a digest it comes from the store: a file that happens to have the workflow's name does not
    take the place of what was approved.

    Raises:
        UsageError: There is none.
    """
    if digest is None and is_file_name(workflow):
        return Source.read(Path(workflow))
    with Session(open_store(settings)) as session:
        row = load_definition(session, workflow, version, digest)
    if row is None:
        wished = f" {version}" if version else ""
        raise UsageError(
            "unknown-workflow",
            f"there is no registered workflow {workflow!r}{wished}, and no such file.",
            "`luthier list` shows the registered workflows.",
        )
    return Source.from_text(row.text, name=f"{workflow} {row.version}")


def checked_definition(source: Source, settings: Settings) -> tuple[Definition, Catalog]:
    """Return the definition in ``source`` and the catalog that it is valid against.

    The database is asked only if what is installed does not suffice.

    Raises:
        InvalidDefinition: It has errors; all are attached.
    """
    environment = Environment.local(settings)
    catalog = installed_catalog()
    report = validate(source, catalog, environment)
    if not report.ok:
        catalog = known_catalog(settings)
        report = validate(source, catalog, environment)
    if report.ok and report.definition is not None:
        return report.definition, catalog
    raise InvalidDefinition(
        f"{source.name} is no valid definition.",
        report.diagnostics,
        "`luthier validate` shows every finding at its place.",
    )


def _check_executable(plan: Plan, catalog: Catalog) -> None:
    for step in plan.steps:
        if step.uses is None or find_action(step.uses):
            continue
        entry = catalog.find(step.uses)
        if entry is None or entry.kind != "workflow":
            raise LuthierError(
                "not-executable",
                f"step `{step.id}` uses {step.uses}, which the catalog describes but nothing "
                "installed here can run.",
                "Install the plug-in that brings it.",
            )
