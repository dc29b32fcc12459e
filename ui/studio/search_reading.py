"""What Prefect and the store know of a search, in the form in which the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.rmos.store.search_progress import ScorePoint, SearchProgress, progress_of
from prefect_luthier.settings import Settings
from prefect_luthier.ui.builder.run_reading import duration_words
from prefect_luthier.ui.studio.flow_runs import FlowState

_FAILED = {"failed": "failed", "crashed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True)
class Best:
    """The best attempt so far."""

    number: int
    score: float
    risk: str
    spec: dict[str, Any]


@dataclass(frozen=True)
class SearchView:
    """Everything that the page shows of one search.

    Args:
        flow: Its flow run.
        status: ``waiting``, ``running``, or how it ended.
        attempts: How many attempts it may make.
        wanted_score: The score that ends it.
        elapsed_s: How long it has run.
        seconds: How long it may run.
        points: The score of each attempt, in order.
        best: The best attempt.
        binding: The constraints that made it fail.
        search_id: Its id in the records.
    """

    flow: FlowState
    status: str = "waiting"
    attempts: int = 1
    wanted_score: float | None = None
    elapsed_s: float = 0.0
    seconds: float = 1.0
    points: Sequence[ScorePoint] = ()
    best: Best | None = None
    binding: Sequence[dict[str, Any]] = field(default=())
    search_id: UUID | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.flow.is_over

    @property
    def word(self) -> str:
        """How it stands, in a word or two."""
        return self.status.replace("_", " ")

    @property
    def look(self) -> str:
        """The state whose look it has."""
        if not self.is_over:
            return self.flow.state
        has_design = self.best is not None and self.best.risk != "RED"
        return "completed" if has_design and self.status != "failed" else "failed"

    @property
    def share(self) -> float:
        """The part of the budget that is spent, 0 to 1."""
        if self.is_over:
            return 1.0
        spent = max(len(self.points) / self.attempts, self.elapsed_s / self.seconds)
        return min(1.0, spent)

    @property
    def progress_words(self) -> str:
        """Attempts and time, in words."""
        if self.status == "waiting":
            return "Waiting for the worker to take it up; that takes a few seconds."
        made = f"{len(self.points):,} of {self.attempts:,} attempts"
        took = duration_words(self.elapsed_s)
        return f"{made} in {took}" if took else made


def view_of(settings: Settings, flow: FlowState) -> SearchView:
    """Return the search of a flow run as it stands."""
    with Session(open_store(settings)) as session:
        found = progress_of(session, UUID(flow.id))
        return _view(flow, found) if found else _unborn(flow)


def _unborn(flow: FlowState) -> SearchView:
    """Return a search whose run has not stored anything, and perhaps never will."""
    return SearchView(flow, status=_FAILED.get(flow.state, "waiting"))


def _view(flow: FlowState, found: SearchProgress) -> SearchView:
    row = found.row
    running = row.ended_at is None
    status = _FAILED.get(flow.state, row.status) if running else row.status
    best = found.best
    return SearchView(
        flow=flow,
        status=status,
        attempts=int(row.budget.get("attempts", 1)),
        wanted_score=row.budget.get("wanted_score"),
        elapsed_s=(now() - row.created_at).total_seconds() if running else row.time_s,
        seconds=float(row.budget.get("seconds", 1.0)),
        points=found.points,
        best=Best(best.number, best.score, best.risk, best.spec) if best and best.spec else None,
        binding=list(row.binding_constraints or ()),
        search_id=row.id,
    )
