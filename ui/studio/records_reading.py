"""What the records know of a design, in the form in which the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prefect_luthier.flows.rosette.records import Records
from prefect_luthier.rmos.approval.rules import Decision, NotAllowed, obstacle, possible_decisions
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.store.designs import find_design, history, list_designs, standing
from prefect_luthier.rmos.store.releases import Release, newest_release
from prefect_luthier.rmos.store.tables import DesignRow


@dataclass(frozen=True)
class HistoryLine:
    """One transition of a design."""

    number: int
    event: str
    target: str
    actor: str
    note: str
    time: datetime
    digest: str


@dataclass(frozen=True)
class DesignView:
    """A design on record.

    Args:
        row: The design as it stands.
        lines: Its transitions, oldest first.
        decisions: What a person may decide now.
        unapprovable: The rule that forbids to approve it, where only a rule does.
        release: What is released for it.
    """

    row: DesignRow
    lines: Sequence[HistoryLine]
    decisions: Sequence[Decision]
    unapprovable: NotAllowed | None
    release: Release | None

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.row.id)

    @property
    def spec(self) -> RosetteSpec | None:
        """The design itself."""
        return RosetteSpec.model_validate(self.row.spec) if self.row.spec else None

    @property
    def context(self) -> Context | None:
        """What it was judged under."""
        return Context.model_validate(self.row.context) if self.row.context else None


def read_design(records: Records, wanted: str) -> DesignView:
    """Return a design on record with its history.

    Raises:
        UsageError: There is none, or several start like this.
    """
    with records.session() as session:
        row = find_design(session, wanted)
        lines = [
            HistoryLine(
                step.number,
                step.event,
                step.target,
                step.actor,
                step.note,
                step.created_at,
                artifact.digest,
            )
            for step, artifact in history(session, row.id)
        ]
        stands = standing(session, row)
        against = obstacle("approve", stands)
        session.expunge_all()
        release = newest_release(session, row.id)
    return DesignView(
        row,
        lines,
        possible_decisions(stands),
        against if isinstance(against, NotAllowed) else None,
        release,
    )


def recent_designs(records: Records, limit: int = 30) -> list[tuple[UUID, str]]:
    """Return the designs that moved last: id, and a line about each."""
    with records.session() as session:
        return [(row.id, _line(row)) for row in list_designs(session, limit=limit)]


def _line(row: DesignRow) -> str:
    score = f", {row.score:.1f}" if row.score is not None else ""
    return f"{row.name or str(row.id)[:8]} · {row.state.replace('_', ' ')}{score} · {row.actor}"
