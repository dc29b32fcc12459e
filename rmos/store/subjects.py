"""Whatever an id names: a search, one of its attempts, a design, an artifact, an attachment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlmodel import Session

from prefect_luthier.errors import UsageError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION, score
from prefect_luthier.rmos.replay.comparison import RunView
from prefect_luthier.rmos.replay.decision import RecordedStep, replay_design
from prefect_luthier.rmos.replay.report import ReplayReport
from prefect_luthier.rmos.replay.search import RecordedAttempt, RecordedSearch, replay_search
from prefect_luthier.rmos.store.artifacts import artifacts_of, find_artifact
from prefect_luthier.rmos.store.attachments import find_attachment
from prefect_luthier.rmos.store.designs import find_design, history
from prefect_luthier.rmos.store.searches import attempts_of, find_search
from prefect_luthier.rmos.store.tables import (
    AttachmentRow,
    AttemptRow,
    DesignRow,
    RunArtifactRow,
    SearchRow,
)

Subject = SearchRow | AttemptRow | DesignRow | RunArtifactRow | AttachmentRow

_FINDERS: tuple[Callable[[Session, str], Subject], ...] = (
    find_design,
    find_search,
    find_artifact,
    find_attachment,
)
_ABSENT = ("unknown-design", "unknown-search", "unknown-artifact", "unknown-attachment")


def find_subject(session: Session, wanted: str) -> Subject:
    """Return what an id names; ``SEARCH:N`` is an attempt of a search.

    Raises:
        UsageError: Nothing has such an id (``unknown-id``), or several things do.
    """
    head, separator, number = wanted.partition(":")
    if separator and head != "sha256":
        return _attempt(session, head, number)
    found: list[Subject] = []
    for find in _FINDERS:
        try:
            found.append(find(session, wanted))
        except UsageError as error:
            if error.code not in _ABSENT:
                raise
    if not found:
        raise UsageError(
            "unknown-id",
            f"no search, design, artifact or attachment has the id {wanted!r}.",
            "`luthier rosette designs` and `attachments` list what there is.",
        )
    if len(found) > 1:
        kinds = ", ".join(kind_of_subject(each) for each in found)
        raise UsageError(
            "ambiguous-id", f"{wanted!r} is the start of more than one id: {kinds}.", "Give more."
        )
    return found[0]


def _attempt(session: Session, search: str, number: str) -> AttemptRow:
    row = find_search(session, search)
    attempt = session.get(AttemptRow, (row.id, int(number))) if number.isdecimal() else None
    if attempt is None:
        raise UsageError(
            "unknown-attempt",
            f"search {str(row.id)[:8]} has no attempt {number!r}; it made {row.attempts_made}.",
        )
    return attempt


def kind_of_subject(subject: Subject) -> str:
    """Return what a thing is, in one word."""
    return {
        SearchRow: "search",
        AttemptRow: "attempt",
        DesignRow: "design",
        RunArtifactRow: "artifact",
        AttachmentRow: "attachment",
    }[type(subject)]


def replay_of(session: Session, wanted: str) -> ReplayReport:
    """Replay what an id names: a search, or every decision about a design.

    Raises:
        UsageError: There is no such thing, or it was neither searched nor decided.
    """
    subject = find_subject(session, wanted)
    if isinstance(subject, SearchRow):
        return replay_search(_recorded_search(session, subject))
    if isinstance(subject, DesignRow):
        steps = [_recorded_step(each) for _, each in history(session, subject.id)]
        return replay_design(str(subject.id), steps)
    if isinstance(subject, RunArtifactRow):
        return replay_design(str(subject.id), [_recorded_step(subject)])
    raise UsageError(
        "not-replayable",
        f"{wanted!r} is no search and no decision, but an {kind_of_subject(subject)}.",
        "Give the id of a search, a design or an artifact.",
    )


def _recorded_step(row: RunArtifactRow) -> RecordedStep:
    return RecordedStep(row.kind, row.document, row.digest)


def _recorded_search(session: Session, row: SearchRow) -> RecordedSearch:
    return RecordedSearch(
        id=str(row.id),
        context=row.context,
        context_digest=row.context_digest,
        generator=row.generator,
        seed=row.seed,
        budget=row.budget,
        engine=row.engine,
        attempts=[
            RecordedAttempt(
                number=each.number,
                spec=each.spec,
                spec_digest=each.spec_digest,
                score=each.score,
                risk=each.risk,
                codes=tuple(violation["code"] for violation in each.violations),
            )
            for each in attempts_of(session, row.id)
        ],
    )


def view_of(session: Session, wanted: str) -> RunView:
    """Return what an id names, for a comparison.

    Raises:
        UsageError: There is no such thing, or nothing of it can be compared.
    """
    subject = find_subject(session, wanted)
    if isinstance(subject, SearchRow):
        return _search_view(session, subject)
    if isinstance(subject, AttemptRow):
        search = session.get_one(SearchRow, subject.search_id)
        return _attempt_view(search, subject)
    if isinstance(subject, DesignRow):
        return _design_view(session, subject)
    if isinstance(subject, RunArtifactRow):
        return _artifact_view("artifact", str(subject.id), subject, {})
    raise UsageError(
        "not-comparable",
        f"{wanted!r} is an attachment; searches, attempts, designs and artifacts are compared.",
    )


def _search_view(session: Session, row: SearchRow) -> RunView:
    attempts = attempts_of(session, row.id)
    best = next((each for each in attempts if each.spec_digest == row.best_digest), None)
    return RunView(
        kind="search",
        id=str(row.id),
        inputs={
            "generator": row.generator,
            "seed": row.seed,
            "budget": row.budget,
            "engine": row.engine,
        },
        context=row.context,
        spec=best.spec if best else None,
        verdict=_judged_now(best.spec, row.context) if best else None,
        outcome={
            "status": row.status,
            "best_score": row.best_score,
            "best_digest": row.best_digest,
            "attempts_made": row.attempts_made,
            "evaluations": row.evaluations,
            "binding_constraints": row.binding_constraints,
        },
    )


def _attempt_view(search: SearchRow, row: AttemptRow) -> RunView:
    return RunView(
        kind="attempt",
        id=f"{search.id}:{row.number}",
        inputs={"generator": row.generator, "engine": search.engine},
        context=search.context,
        spec=row.spec,
        verdict=_judged_now(row.spec, search.context),
        outcome={"score": row.score, "risk": row.risk},
    )


def _judged_now(spec: dict[str, Any], context: dict[str, Any]) -> dict[str, Any] | None:
    """Return a verdict with its margins, which are not stored with an attempt."""
    if not spec:
        return None
    verdict = score(RosetteSpec.model_validate(spec), Context.model_validate(context))
    return verdict.model_dump(mode="json")


def _design_view(session: Session, row: DesignRow) -> RunView:
    verdicts = [each for each in artifacts_of(session, row.id) if each.decision is not None]
    outcome = {"state": row.state, "revision": row.revision}
    if not verdicts:
        return RunView("design", str(row.id), {}, row.context, row.spec, None, outcome)
    return _artifact_view("design", str(row.id), verdicts[-1], outcome)


def _artifact_view(
    kind: str, subject_id: str, row: RunArtifactRow, outcome: dict[str, Any]
) -> RunView:
    document = row.document
    return RunView(
        kind=kind,
        id=subject_id,
        inputs={"engine": row.engine or ENGINE_VERSION, "event": row.kind},
        context=document.get("context"),
        spec=document.get("spec"),
        verdict=document.get("verdict"),
        outcome=outcome,
    )
