"""`luthier rosette designs` and `show`: what is on record."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlmodel import Session

from prefect_luthier.errors import UsageError
from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.rmos.approval.lifecycle import STATES
from prefect_luthier.rmos.approval.rules import possible_decisions
from prefect_luthier.rmos.store.artifacts import is_intact
from prefect_luthier.rmos.store.attachments import attachment_json
from prefect_luthier.rmos.store.designs import history, list_designs, standing
from prefect_luthier.rmos.store.releases import newest_release
from prefect_luthier.rmos.store.searches import attempts_of
from prefect_luthier.rmos.store.subjects import Subject, find_subject
from prefect_luthier.rmos.store.tables import (
    AttachmentRow,
    AttemptRow,
    DesignRow,
    RunArtifactRow,
    SearchRow,
    TransitionRow,
)
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.table_view import show_table

_SHOWN_ATTEMPTS = 20
_COMMANDS = {"request_revision": "revise"}


def designs(
    *,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the designs on record, the ones that moved last first."""
    if state is not None and state not in STATES:
        raise UsageError(
            "unknown-state", f"there is no state {state!r}.", f"States are {', '.join(STATES)}."
        )
    records = open_records()
    with records.session() as session:
        rows = list_designs(session, state=state, limit=limit)
    if as_json:
        print_json({"designs": [_design_json(row) for row in rows]})
        return
    show_table(
        ("id", "state", "risk", "score", "by", "moved", "name"),
        [
            (str(row.id)[:8], row.state, row.risk, _score(row.score), row.actor,
             f"{row.updated_at:%Y-%m-%d %H:%M}", row.name)
            for row in rows
        ],
        empty="No design is on record. `luthier rosette bind` submits one.",
    )  # fmt: skip


def show(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help="A design, search, artifact or attachment.")
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what is on record: a design with its history, a search, one decision, a file.

    The start of an id is enough; SEARCH:N is an attempt of a search.
    """
    records = open_records()
    with records.session() as session:
        subject = find_subject(session, wanted)
        document = _document(session, subject)
        if as_json:
            print_json(document)
        elif isinstance(subject, DesignRow):
            _show_design(document)
        elif isinstance(subject, SearchRow):
            _show_search(document)
        else:
            print_json(document)


def _document(session: Session, subject: Subject) -> dict[str, Any]:
    if isinstance(subject, DesignRow):
        return _full_design(session, subject)
    if isinstance(subject, SearchRow):
        return _search_json(subject) | {
            "attempts": [_attempt_json(row) for row in attempts_of(session, subject.id)]
        }
    if isinstance(subject, AttemptRow):
        return {"kind": "attempt", **_attempt_json(subject), "spec": subject.spec}
    if isinstance(subject, AttachmentRow):
        return attachment_json(subject)
    return _artifact_json(subject) | {"document": subject.document}


def _design_json(row: DesignRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "name": row.name,
        "state": row.state,
        "version": row.version,
        "revision": row.revision,
        "decision": row.decision,
        "risk": row.risk,
        "score": row.score,
        "spec_digest": row.spec_digest,
        "context_digest": row.context_digest,
        "verdict_digest": row.verdict_digest,
        "search": str(row.search_id) if row.search_id else None,
        "submitted_by": row.actor,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def _full_design(session: Session, row: DesignRow) -> dict[str, Any]:
    stands = standing(session, row)
    steps = history(session, row.id)
    released = newest_release(session, row.id)
    verdicts = [artifact for _, artifact in steps if artifact.decision is not None]
    return {
        "kind": "design",
        **_design_json(row),
        "possible": possible_decisions(stands),
        "spec": row.spec,
        "context": row.context,
        "verdict": verdicts[-1].document["verdict"] if verdicts else None,
        "history": [_step_json(step, artifact) for step, artifact in steps],
        "release": released.to_json() if released else None,
    }


def _step_json(step: TransitionRow, artifact: RunArtifactRow) -> dict[str, Any]:
    return {
        "number": step.number,
        "event": step.event,
        "source": step.source,
        "target": step.target,
        "actor": step.actor,
        "note": step.note,
        "at": step.created_at.isoformat(),
        "run_id": str(step.flow_run_id) if step.flow_run_id else None,
        "artifact": _artifact_json(artifact),
    }


def _artifact_json(row: RunArtifactRow) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "decision": row.decision,
        "digest": row.digest,
        "intact": is_intact(row),
        "engine": row.engine,
        "actor": row.actor,
        "created_at": row.created_at.isoformat(),
    }


def _search_json(row: SearchRow) -> dict[str, Any]:
    return {
        "kind": "search",
        "id": str(row.id),
        "status": row.status,
        "generator": row.generator,
        "seed": row.seed,
        "budget": row.budget,
        "engine": row.engine,
        "best_digest": row.best_digest,
        "best_score": row.best_score,
        "attempts_made": row.attempts_made,
        "evaluations": row.evaluations,
        "time_s": row.time_s,
        "binding_constraints": row.binding_constraints,
        "context": row.context,
        "context_digest": row.context_digest,
        "run_id": str(row.flow_run_id) if row.flow_run_id else None,
        "actor": row.actor,
        "created_at": row.created_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }


def _attempt_json(row: AttemptRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "digest": row.spec_digest,
        "score": row.score,
        "risk": row.risk,
        "violations": row.violations,
        "generator": row.generator,
        "time_s": row.time_s,
    }


def _show_design(document: dict[str, Any]) -> None:
    say(f"design {document['id']}  {document['name']}")
    say(
        f"  {document['state']}, {document['risk']} {_score(document['score'])}, "
        f"revision {document['revision']}, by {document['submitted_by']}"
    )
    verdict = document["verdict"] or {"violations": []}
    for each in verdict["violations"]:
        say(f"  {each['severity']} {each['code']}: {each['message']} {each['fix']}")
    show_table(
        ("#", "event", "state", "by", "at", "record", "note"),
        [
            (each["number"], each["event"], each["target"], each["actor"], each["at"][:16],
             each["artifact"]["id"][:8], each["note"])
            for each in document["history"]
        ],
    )  # fmt: skip
    if document["release"]:
        for file in document["release"]["files"]:
            say(f"  {file['sha256'][:12]}  {file['kind']:<17} {file['path']}")
    commands = [_COMMANDS.get(event, event) for event in document["possible"]]
    say(f"  possible now: {', '.join(commands) or 'nothing'}")


def _show_search(document: dict[str, Any]) -> None:
    say(
        f"search {document['id']}\n  {document['status']}, best {_score(document['best_score'])}, "
        f"{document['attempts_made']} attempts in {document['time_s']:.1f} s, "
        f"{document['generator']}, seed {document['seed']}"
    )
    best = sorted(document["attempts"], key=lambda each: -each["score"])[:_SHOWN_ATTEMPTS]
    show_table(
        ("attempt", "score", "risk", "violations"),
        [
            (each["number"], _score(each["score"]), each["risk"],
             ", ".join(sorted({violation["code"] for violation in each["violations"]})))
            for each in best
        ],
    )  # fmt: skip
    if len(document["attempts"]) > _SHOWN_ATTEMPTS:
        say(f"  the best {_SHOWN_ATTEMPTS} of {len(document['attempts'])}; --json has them all")


def _score(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
