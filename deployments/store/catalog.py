"""The catalog entries that the database knows, besides those that are installed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.deployments.store.tables import CatalogRow

INSTALLED = "installed"


def seed(session: Session, entries: Iterable[CatalogEntry], origin: str = INSTALLED) -> int:
    """Make the stored entries of ``origin`` equal to ``entries``; return how many there are."""
    rows = [
        {
            "slug": entry.slug,
            "version": entry.version,
            "origin": origin,
            "document": entry.model_dump(mode="json", exclude_none=True),
            "updated_at": now(),
        }
        for entry in entries
    ]
    session.execute(delete(CatalogRow).where(col(CatalogRow.origin) == origin))
    if rows:
        statement = insert(CatalogRow).values(rows)
        names = ("origin", "document", "updated_at")
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["slug", "version"],
                set_={name: statement.excluded[name] for name in names},
            )
        )
    return len(rows)


def stored_entries(session: Session, origin: str | None = None) -> list[CatalogEntry]:
    """Return the stored entries, all or those of one origin, by slug."""
    query = select(CatalogRow).order_by(CatalogRow.slug, CatalogRow.version)
    if origin is not None:
        query = query.where(CatalogRow.origin == origin)
    return [CatalogEntry.model_validate(row.document) for row in session.exec(query)]
