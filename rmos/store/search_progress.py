"""How a search stands while it runs: every score, and the best attempt, without the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from prefect_luthier.rmos.store.tables import AttemptRow, SearchRow


@dataclass(frozen=True)
class ScorePoint:
    """The score of one attempt."""

    number: int
    score: float
    risk: str


@dataclass(frozen=True)
class SearchProgress:
    """A search as it stands.

    Args:
        row: The search.
        points: The score of each attempt, in order.
        best: The best attempt: allowed ones before others, then the score, then the earlier one.
    """

    row: SearchRow
    points: Sequence[ScorePoint]
    best: AttemptRow | None


def progress_of(session: Session, flow_run_id: UUID) -> SearchProgress | None:
    """Return how the search of a flow run stands; None before it has begun."""
    query = select(SearchRow).where(SearchRow.flow_run_id == flow_run_id)
    row = session.exec(query).first()
    if row is None:
        return None
    columns = select(AttemptRow.number, AttemptRow.score, AttemptRow.risk)
    scores = session.exec(
        columns.where(AttemptRow.search_id == row.id).order_by(col(AttemptRow.number))
    )
    points = [ScorePoint(*each) for each in scores]
    if not points:
        return SearchProgress(row, points, None)
    best = max(points, key=lambda point: (point.risk != "RED", point.score, -point.number))
    return SearchProgress(row, points, session.get(AttemptRow, (row.id, best.number)))
