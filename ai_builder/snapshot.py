"""The catalog as it is at one moment: what a draft made now may refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from prefect_luthier.catalog import Capabilities, Catalog, CatalogEntry, read_catalog
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.deployments.definition.permissions import permissions
from prefect_luthier.deployments.store.definitions import list_definitions

# What a sub-run gives to the steps after it.
RUN_OUTPUTS = {
    "type": "object",
    "properties": {
        "run_id": {"type": "string", "description": "The sub-run."},
        "steps": {"type": "object", "description": "Outputs of its steps, by step."},
        "artifacts": {"type": "array", "description": "Files that it kept."},
    },
}


@dataclass(frozen=True)
class Snapshot:
    """A catalog and where its entries come from.

    Args:
        catalog: All entries.
        sources: How many entries each source gave, before later ones replaced earlier ones.
    """

    catalog: Catalog
    sources: Mapping[str, int]

    @property
    def digest(self) -> str:
        """Digest of the catalog: the same entries give the same, wherever they come from."""
        return self.catalog.digest

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot as plain data."""
        return {
            "digest": self.digest,
            "sources": dict(self.sources),
            "entries": self.catalog.to_json(),
        }


def take_snapshot(
    installed: Catalog,
    *,
    registered: Iterable[Definition] = (),
    stored: Iterable[CatalogEntry] = (),
    files: Iterable[Path] = (),
    without: str | None = None,
) -> Snapshot:
    """Return the catalog of everything that a new definition may use.

    Of two entries of one slug and version, an installed action wins over a file's entry, and
    those over workflows and the database: what runs cannot be replaced by a name.

    Args:
        installed: The actions of this installation.
        registered: Workflows that can run as a step.
        stored: Entries of the database.
        files: Catalog files.
        without: Id of a workflow to leave out: the one that is being changed, which must not
            call itself.

    Raises:
        UsageError: A catalog file cannot be read.
    """
    workflows = [workflow_entry(each, installed) for each in registered if each.id != without]
    read = {str(path): list(read_catalog(path)) for path in files}
    groups = {"stored": list(stored), "workflows": workflows, **read, "installed": list(installed)}
    entries = [entry for group in groups.values() for entry in group]
    return Snapshot(Catalog(entries), {name: len(group) for name, group in groups.items()})


def stored_workflows(session: Session) -> list[Definition]:
    """Return the newest definition of every workflow in the store."""
    return [Definition.model_validate(row.document) for row in list_definitions(session)]


def workflow_entry(definition: Definition, catalog: Catalog) -> CatalogEntry:
    """Return a workflow as something that a step may use.

    Args:
        definition: The workflow.
        catalog: Where the actions of its steps are found.
    """
    return CatalogEntry(
        slug=definition.id,
        kind="workflow",
        version=definition.version,
        description=definition.description or definition.name or definition.id,
        input_schema=form_schema(definition),
        output_schema=RUN_OUTPUTS,
        capabilities=_capabilities(definition, catalog),
    )


def _capabilities(definition: Definition, catalog: Catalog) -> Capabilities:
    granted: dict[str, list[str]] = {}
    for permission in sorted(permissions(definition, catalog)):
        granted.setdefault(permission.kind, []).append(permission.name)
    files = granted.get("files", [])
    return Capabilities(
        network=tuple(granted.get("network", ())),
        secrets=tuple(granted.get("secret", ())),
        commands=tuple(granted.get("command", ())),
        files="write" if "write" in files or "shell" in granted else "read" if files else "none",
        model="model" in granted,
    )
