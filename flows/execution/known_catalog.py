"""Everything that a definition may use on this installation: actions and registered workflows."""

from __future__ import annotations

from sqlmodel import Session

from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.deployments.store.catalog import stored_entries
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import list_definitions
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.settings import Settings

RUN_OUTPUTS = {
    "type": "object",
    "properties": {
        "run_id": {"type": "string", "description": "The sub-run."},
        "steps": {"type": "object", "description": "Outputs of its steps, by step."},
        "artifacts": {"type": "array", "description": "Files that it kept."},
    },
}


def known_catalog(settings: Settings) -> Catalog:
    """Return what is installed, stored and registered; what is installed wins.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    with Session(open_store(settings)) as session:
        stored = stored_entries(session)
        workflows = [
            workflow_entry(Definition.model_validate(row.document))
            for row in list_definitions(session)
        ]
    return Catalog([*stored, *workflows, *installed_catalog()])


def workflow_entry(definition: Definition) -> CatalogEntry:
    """Return a registered workflow as a catalog shows it."""
    return CatalogEntry(
        slug=definition.id,
        kind="workflow",
        version=definition.version,
        description=definition.description or definition.name or definition.id,
        input_schema=form_schema(definition),
        output_schema=RUN_OUTPUTS,
    )
