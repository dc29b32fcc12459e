"""Storing what drafters answered, with every round."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from prefect_luthier.canonical import jsonable, storable_text
from prefect_luthier.deployments.store.tables import DraftRoundRow, DraftRow


def record_draft(
    session: Session,
    draft: dict[str, Any],
    *,
    request: str,
    base_digest: str | None,
    snapshot: str,
    actor: str,
) -> UUID:
    """Store a draft and its rounds; return the draft's id.

    Args:
        session: An open session; the caller commits.
        draft: The draft's JSON document, as ``luthier draft --json`` prints it.
        request: What the person asked for.
        base_digest: Digest of the definition that was to be changed, if any.
        snapshot: Digest of the catalog that the drafter saw.
        actor: Who asked.
    """
    document = jsonable({key: value for key, value in draft.items() if key != "rounds"})
    refusal = draft.get("refusal") or {}
    row = DraftRow(
        actor=actor,
        request=storable_text(request),
        base_digest=base_digest,
        provider=draft["provider"],
        model=draft.get("model"),
        snapshot=snapshot,
        ok=draft["ok"],
        refusal=refusal.get("code"),
        document=document,
    )
    session.add(row)
    session.flush()
    for number, record in enumerate(draft.get("rounds") or [], 1):
        session.add(DraftRoundRow(draft_id=row.id, number=number, document=jsonable(record)))
    return row.id


def draft_rounds(session: Session, draft_id: UUID) -> list[dict[str, Any]]:
    """Return the rounds of a draft, in order."""
    query = select(DraftRoundRow).where(DraftRoundRow.draft_id == draft_id)
    return [row.document for row in session.exec(query.order_by(col(DraftRoundRow.number)))]
