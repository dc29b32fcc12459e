"""Everything that a definition may use on this installation: actions and registered workflows."""

from __future__ import annotations

from sqlmodel import Session

from prefect_luthier.ai_builder.snapshot import stored_workflows, take_snapshot
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.store.catalog import stored_entries
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.settings import Settings


def known_catalog(settings: Settings) -> Catalog:
    """Return what is installed, stored and registered; what is installed wins.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    with Session(open_store(settings)) as session:
        return take_snapshot(
            installed_catalog(),
            registered=stored_workflows(session),
            stored=stored_entries(session),
        ).catalog
