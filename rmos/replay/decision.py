"""Making decisions again from their records: verdicts, approvals, programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from prefect_luthier.canonical import digest
from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.rules import DECISIONS, Standing, check_decision
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION, score
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.rmos.library.library import Library, Shelf, load_library
from prefect_luthier.rmos.replay.difference import differences
from prefect_luthier.rmos.replay.report import Drift, Replayed, ReplayReport
from prefect_luthier.rmos.toolpaths.folder import toolpaths
from prefect_luthier.rmos.toolpaths.options import CutOptions


@dataclass(frozen=True)
class RecordedStep:
    """One transition of a design: its event, its document and the digest stored with it."""

    event: str
    document: Mapping[str, Any]
    digest: str


def verdict_content(verdict: Verdict) -> dict[str, Any]:
    """Return what is recorded of a verdict."""
    document = verdict.model_dump(mode="json")
    return {"verdict": document, "verdict_digest": digest(document), "engine": verdict.engine}


def replay_design(
    design_id: str, steps: Iterable[RecordedStep], library: Library | None = None
) -> ReplayReport:
    """Make every decision about a design again, in order, from what is recorded.

    Verdicts are scored again, decisions checked against the rules, programs made again.
    """
    recorded = list(steps)
    inputs: Mapping[str, Any] = {}
    replayed: list[Replayed] = []
    engines = [each.document["engine"] for each in recorded if "engine" in each.document]
    for step in recorded:
        if "spec" in step.document and "context" in step.document:
            inputs = step.document
        replayed.append(_replay_step(step, inputs))
    return ReplayReport(
        kind="design",
        id=design_id,
        engine_stored=engines[-1] if engines else "",
        engine_now=ENGINE_VERSION,
        replayed=tuple(replayed),
        drifts=(
            *_engine_drift(engines[-1:]),
            *library_drifts(inputs.get("context") or {}, library or load_library()),
        ),
    )


def _replay_step(step: RecordedStep, inputs: Mapping[str, Any]) -> Replayed:
    if digest(step.document) != step.digest:
        drift = Drift("record", "", step.digest, digest(step.document))
        return Replayed(step.event, step.digest, digest(step.document), (drift,))
    again = _AGAIN.get(step.event, _check_edge if step.event in DECISIONS else _keep)
    try:
        drifts, document = again(step, inputs)
    except ValidationError as error:
        drift = Drift("input", "", None, str(error))
        return Replayed(step.event, step.digest, None, (drift,))
    return Replayed(step.event, step.digest, digest(document), tuple(drifts))


_Again = tuple[list[Drift], Mapping[str, Any]]


def _keep(step: RecordedStep, _inputs: Mapping[str, Any]) -> _Again:
    return [], step.document


def _read(inputs: Mapping[str, Any]) -> tuple[RosetteSpec, Context]:
    return (
        RosetteSpec.model_validate(inputs.get("spec")),
        Context.model_validate(inputs.get("context")),
    )


def _score_again(step: RecordedStep, _inputs: Mapping[str, Any]) -> _Again:
    spec, context = _read(step.document)
    stored = step.document
    now = {
        **stored,
        "spec_digest": spec.digest,
        "context_digest": context.digest,
        **verdict_content(score(spec, context)),
    }
    drifts = []
    for name in ("spec_digest", "context_digest"):
        drifts += [Drift.of("input", each, f"/{name}") for each in _field(stored, now, name)]
    drifts += [
        Drift.of("engine" if each.pointer == "/engine" else "result", each, "/verdict")
        for each in _field(stored, now, "verdict")
    ]
    return drifts, now if drifts else stored


def _field(stored: Mapping[str, Any], now: Mapping[str, Any], name: str) -> list[Any]:
    return list(differences(stored.get(name), now.get(name)))


def _check_edge(step: RecordedStep, _inputs: Mapping[str, Any]) -> _Again:
    """Check that the rules allow today what a person decided then."""
    stored = step.document
    standing = Standing(
        state=stored["source"],
        risk=stored.get("risk"),
        score=stored.get("score"),
        submitted_by=stored.get("submitted_by", ""),
        last_event=stored.get("last_event"),
    )
    decision: Any = step.event
    try:
        target = check_decision(
            decision, standing, actor=stored.get("actor", ""), note=stored.get("note", "")
        )
    except LuthierError as refusal:
        now = {**stored, "target": None}
        return [Drift("rule", "/target", stored["target"], str(refusal))], now
    now = {**stored, "target": target}
    return [Drift.of("rule", each) for each in differences(dict(stored), now)], now


def _make_again(step: RecordedStep, inputs: Mapping[str, Any]) -> _Again:
    spec, context = _read(inputs)
    stored = step.document
    options = CutOptions.model_validate(stored["options"])
    try:
        made = {
            file.name: file.sha256
            for file in toolpaths(spec, context, stored["dialect"], options).files
        }
    except LuthierError as error:
        return [Drift("program", "/files", "released", str(error))], {**stored, "files": []}
    before = {file["path"]: file["sha256"] for file in stored["files"]}
    drifts = [Drift.of("program", each, "/files") for each in differences(before, made)]
    return drifts, {**stored, "files": made} if drifts else stored


_AGAIN: Mapping[str, Callable[[RecordedStep, Mapping[str, Any]], _Again]] = {
    "feasibility_done": _score_again,
    "toolpaths_done": _make_again,
}


def _engine_drift(stored: list[str]) -> list[Drift]:
    return [Drift("engine", "", each, ENGINE_VERSION) for each in stored if each != ENGINE_VERSION]


def library_drifts(context: Mapping[str, Any], library: Library) -> list[Drift]:
    """Return where the library's entries are no longer those that a context was made from."""
    drifts: list[Drift] = []
    shelves: dict[str, Shelf[Any]] = {
        "material": library.materials,
        "tool": library.tools,
        "machine": library.machines,
    }
    for name, shelf in shelves.items():
        stored = context.get(name) or {}
        if stored.get("id", "inline") == "inline":
            continue
        entry = shelf.get(stored["id"])
        now = entry.model_dump(mode="json") if entry else None
        if now is None:
            drifts.append(Drift("library", f"/context/{name}", stored["id"], None))
            continue
        found = differences(stored, now)
        drifts += [Drift.of("library", each, f"/context/{name}") for each in found]
    return drifts
