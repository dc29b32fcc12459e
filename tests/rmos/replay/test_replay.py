"""A replay proves the same digests, or names the drift and its cause."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.canonical import digest
from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION, score
from prefect_luthier.rmos.library.library import Library, Shelf, load_library
from prefect_luthier.rmos.replay.decision import RecordedStep, replay_design, verdict_content
from prefect_luthier.rmos.replay.report import ReplayReport
from prefect_luthier.rmos.replay.search import RecordedAttempt, RecordedSearch, replay_search
from prefect_luthier.rmos.search.attempts import Attempt
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.request import prepare
from prefect_luthier.rmos.search.search import run_search
from prefect_luthier.rmos.toolpaths.folder import toolpaths
from prefect_luthier.rmos.toolpaths.options import CutOptions

FAKES = Path(__file__).parents[2] / "fakes"


@pytest.fixture(scope="module")
def context() -> Context:
    """Give a context that designs can be made in."""
    value = context_from_json((FAKES / "rosette_context.json").read_bytes()).value
    assert value is not None
    return value


@pytest.fixture(scope="module")
def spec() -> RosetteSpec:
    """Give a design that can be made."""
    value = spec_from_json((FAKES / "rosette_spec.json").read_bytes()).value
    assert value is not None
    return value


def step(event: str, document: dict[str, Any]) -> RecordedStep:
    """Return a step as the store has it: through JSON, with its digest."""
    stored = json.loads(json.dumps(document))
    return RecordedStep(event, stored, digest(stored))


def judged(spec: RosetteSpec, context: Context, **changes: Any) -> RecordedStep:
    """Return the record of a verdict, with changes."""
    content = {
        "event": "feasibility_done",
        "spec": spec.model_dump(mode="json"),
        "context": context.model_dump(mode="json"),
        "spec_digest": spec.digest,
        "context_digest": context.digest,
        **verdict_content(score(spec, context)),
    }
    return step("feasibility_done", content | changes)


def causes(report: ReplayReport) -> set[str]:
    """Return the causes of all drifts."""
    return {each["cause"] for each in report.to_json()["drifts"]}


def test_a_verdict_is_the_same_again(spec: RosetteSpec, context: Context) -> None:
    """The same inputs and the same engine give the same digest."""
    report = replay_design("d", [judged(spec, context)])
    assert report.same
    assert causes(report) == set()


def test_another_verdict_is_a_drift(spec: RosetteSpec, context: Context) -> None:
    """A score that is another one now is shown with both values."""
    content = verdict_content(score(spec, context))
    content["verdict"]["score"] = 1.0
    report = replay_design("d", [judged(spec, context, **content)])
    assert not report.same
    drift = report.to_json()["drifts"][0]
    assert (drift["cause"], drift["where"], drift["stored"]) == ("result", "/verdict/score", 1.0)


def test_another_engine_is_named(spec: RosetteSpec, context: Context) -> None:
    """A verdict of an earlier engine says which one, also where the verdict is the same."""
    content = verdict_content(score(spec, context).model_copy(update={"engine": "0.9"}))
    report = replay_design("d", [judged(spec, context, **content)])
    assert not report.same
    assert causes(report) == {"engine"}
    assert report.to_json()["engine"] == {"stored": "0.9", "now": ENGINE_VERSION}


def test_changed_library_data_is_named(spec: RosetteSpec, context: Context) -> None:
    """The verdict stays, since the record has the figures; the figure that changed is shown."""
    library = load_library()
    entry = library.machines.find(context.machine.id)
    slower = entry.model_copy(update={"max_feed_mm_min": 1.0})
    machines: Shelf[Any] = replace(library.machines, entries={entry.id: slower})
    now: Library = replace(library, machines=machines)
    report = replay_design("d", [judged(spec, context)], now)
    assert report.same
    drift = report.to_json()["drifts"][0]
    assert drift["cause"] == "library"
    assert drift["where"] == "/context/machine/max_feed_mm_min"
    assert drift["now"] == 1.0


def test_a_record_that_was_changed_is_named(spec: RosetteSpec, context: Context) -> None:
    """A document without its digest is no basis for a replay."""
    honest = judged(spec, context)
    forged = RecordedStep(honest.event, {**honest.document, "spec": {}}, honest.digest)
    report = replay_design("d", [forged])
    assert not report.same
    assert causes(report) == {"record"}


def test_an_input_that_no_longer_reads_is_named(spec: RosetteSpec, context: Context) -> None:
    """A design that the present model refuses is a drift of the input, not a crash."""
    document = {**judged(spec, context).document, "spec": {"rings": []}}
    report = replay_design("d", [step("feasibility_done", document)])
    assert not report.same
    assert causes(report) == {"input"}


@pytest.mark.parametrize(
    ("changes", "same"),
    [({}, True), ({"score": 10.0}, False), ({"risk": "RED"}, False)],
    ids=["as-it-was", "low-score", "red"],
)
def test_a_decision_is_held_against_the_rules(changes: dict[str, Any], same: bool) -> None:
    """An approval that the rules would refuse today is a drift."""
    document = {
        "event": "approve",
        "source": "feasibility_ready",
        "target": "approved",
        "actor": "bert",
        "note": "",
        "risk": "YELLOW",
        "score": 80.0,
        "submitted_by": "anna",
        "last_event": "feasibility_done",
    }
    report = replay_design("d", [step("approve", document | changes)])
    assert report.same is same
    assert causes(report) == (set() if same else {"rule"})


def test_programs_are_made_again(spec: RosetteSpec, context: Context) -> None:
    """Every file has the same checksum again; one that has not is named."""
    made = toolpaths(spec, context, "grbl")
    files = [{"path": file.name, "sha256": file.sha256} for file in made.files]
    content = {"dialect": "grbl", "options": CutOptions().model_dump(), "files": files}
    given = judged(spec, context)
    assert replay_design("d", [given, step("toolpaths_done", content)]).same
    files[0]["sha256"] = "0" * 64
    report = replay_design("d", [given, step("toolpaths_done", content)])
    assert not report.same
    assert report.to_json()["drifts"][0]["where"] == f"/files/{files[0]['path']}"


def searched(context: Context, *, seconds: float = 60.0, attempts: int = 40) -> RecordedSearch:
    """Search, and return what the store would have."""
    budget = Budget(attempts=attempts, seconds=seconds, wanted_score=101.0, islands=2)
    prepared = prepare(context, replace(budget, wanted_score=100.0), seed=11)
    found: list[Attempt] = []
    ticks = iter(range(10_000_000))
    run_search(
        prepared.problem,
        prepared.generator,
        prepared.budget,
        lambda: next(ticks) * 1e-3,
        lambda made, _: found.extend(made),
    )
    return RecordedSearch(
        id="s",
        context=json.loads(json.dumps(context.model_dump(mode="json"))),
        context_digest=context.digest,
        generator="numeric",
        seed=11,
        budget=prepared.budget.to_json(),
        engine=ENGINE_VERSION,
        attempts=[recorded(each) for each in found],
    )


def recorded(attempt: Attempt) -> RecordedAttempt:
    """Return an attempt as the store has it."""
    return RecordedAttempt(
        number=attempt.number,
        spec=attempt.spec.model_dump(mode="json") if attempt.spec else {},
        spec_digest=attempt.digest,
        score=attempt.score,
        risk=attempt.risk,
        codes=tuple(each.code for each in attempt.violations),
    )


def test_a_search_makes_the_same_attempts_again(context: Context) -> None:
    """Every attempt has the same design, score and violations."""
    stored = searched(context)
    assert len(stored.attempts) == 40
    report = replay_search(stored)
    assert report.same, report.to_json()["drifts"][:3]
    assert len(report.replayed) == 40


def test_a_search_that_ran_out_of_time_is_replayed_as_far_as_it_came(context: Context) -> None:
    """A replay is not cut short by time, and compares what there was."""
    stored = searched(context, seconds=0.05, attempts=2000)
    assert 0 < len(stored.attempts) < 2000
    assert replay_search(stored).same


def test_a_changed_attempt_or_input_is_named(context: Context) -> None:
    """One forged score is one drift; another seed gives other designs."""
    stored = searched(context)
    first = replace(stored.attempts[0], score=99.0)
    report = replay_search(replace(stored, attempts=[first, *stored.attempts[1:]]))
    assert [each.what for each in report.replayed if not each.same] == ["attempt 1"]
    assert not replay_search(replace(stored, seed=12)).same
    older = replay_search(replace(stored, engine="0.9", context_digest="sha256:0"))
    assert causes(older) == {"engine", "input"}


def test_a_search_that_policy_would_refuse_now_is_named(context: Context) -> None:
    """Limits that were lowered since are a drift with its cause."""
    stored = searched(context)
    report = replay_search(replace(stored, budget=stored.budget | {"attempts": 10**9}))
    assert not report.same
    assert "policy" in causes(report)


def test_designs_of_a_model_are_scored_again(context: Context) -> None:
    """A model is not asked twice; what it proposed is judged again, and the report says so."""
    wish = context.model_copy(update={"intent": Intent(patterns=("shell",))})
    unwished = replace(searched(context), context=wish.model_dump(mode="json"))
    first = replace(unwished.attempts[0], score=0.0, risk="RED", codes=("INTENT",))
    report = replay_search(
        replace(unwished, generator="llm", context_digest=wish.digest, attempts=[first])
    )
    assert {each.where for each in report.replayed[0].drifts} <= {"/codes/1", "/codes/2"}
    stored = replace(searched(context), generator="llm")
    answer = RecordedAttempt(999, {}, "sha256:x", 0.0, "RED", ("ANSWER",))
    report = replay_search(replace(stored, attempts=[*stored.attempts, answer]))
    assert report.same
    assert "scored again" in report.notes[0]
