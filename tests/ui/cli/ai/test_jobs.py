"""`luthier ai execute`, `job`, `jobs` and `resolve`: documents and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction, PlanResult
from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.action_plans import Asker
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import EffectKey, claim, move
from prefect_luthier.deployments.store.jobs import end_job, list_jobs
from prefect_luthier.errors import LuthierError, ServiceUnreachable, UsageError
from prefect_luthier.flows.acceptance import accept
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.ai.execute import _read
from prefect_luthier.ui.cli.ai.job import job
from prefect_luthier.ui.cli.ai.jobs import jobs
from prefect_luthier.ui.cli.ai.resolve import resolve
from prefect_luthier.ui.cli.ai.taking_on import take_on

PARAMS = {"to": "john@example.com", "subject": "Thanks", "text": "For the meeting."}


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    document: Any
    exit_code: int


Call = Callable[..., Answer]


@pytest.fixture
def settings(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Give settings with a database of the test's own, in which mail is allowed."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send")
    given = load_settings()
    yield given
    open_store(given).dispose()


@pytest.fixture
def call(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that calls a command with `--json`."""

    def run(command: Callable[..., None], *arguments: Any, **options: Any) -> Answer:
        code = 0
        try:
            command(*arguments, as_json=True, **options)
        except typer.Exit as end:
            code = end.exit_code
        return Answer(json.loads(capsys.readouterr().out), code)

    return run


def taken_on(settings: Settings, key: str) -> str:
    """Take a mail on; return its job's id."""
    action = PlannedAction(
        provider="google", action="gmail.send", params=PARAMS, client_request_id=key
    )
    return str(accept([action], Asker("ann"), settings).jobs[0].id)


def in_doubt(settings: Settings, key: str) -> str:
    """Take a mail on whose outcome nobody knows; return its job's id."""
    job_id = taken_on(settings, key)
    at = now()
    with Session(open_store(settings)) as session:
        seen = claim(
            session,
            EffectKey("default", key, "sha256:1", "gmail.send", "<1@example.com>"),
            "host/1/1/1",
            at,
            timedelta(seconds=1),
        )
        move(session, seen, "unknown", at, event="escalated", release=True)
        error = {"code": "outcome-unknown", "message": "?", "advice": ""}
        end_job(session, UUID(job_id), "error", at, error=error)
        session.commit()
    return job_id


def test_a_job_is_found_by_its_id_its_beginning_and_its_key(call: Call, settings: Settings) -> None:
    """All three names show the same document."""
    job_id = taken_on(settings, "key-1")
    documents = [call(job, name).document for name in (job_id, job_id[:8], "key-1")]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["status"] == "pending"
    assert documents[0]["params"] == PARAMS


def test_a_doubt_that_somebody_looks_into_does_not_wait_for_a_person(
    call: Call, settings: Settings
) -> None:
    """While its owner asks the provider, nobody is asked; when the owner is silent, they are."""
    at = now()
    for key, lease in (("looking", 60), ("silent", -1)):
        with Session(open_store(settings)) as session:
            name = EffectKey("default", key, "sha256:1", "gmail.send", "<1@example.com>")
            seen = claim(session, name, "host/1/1/1", at, timedelta(seconds=lease))
            move(session, seen, "unknown", at - timedelta(seconds=5), event="doubtful")
            session.commit()
    found = call(jobs, unknown=True, limit=50).document["unknown"]
    assert [each["client_request_id"] for each in found] == ["silent"]


async def test_nothing_is_accepted_here_when_the_server_is_away(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be done in this process is refused with what to do, and stored nowhere."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    plan = PlanResult(
        intent="x",
        confidence=1,
        actions=(PlannedAction(provider="google", action="gmail.send", params=PARAMS),),
    )
    with pytest.raises(ServiceUnreachable, match="Nothing was accepted"):
        await take_on(plan, Asker("ann"), load_settings(), None, in_process=True)
    with Session(open_store(settings)) as session:
        assert list_jobs(session) == []


def test_jobs_are_filtered(call: Call, settings: Settings) -> None:
    """State, action and actor narrow the list; the newest job comes first."""
    ids = [taken_on(settings, f"key-{number}") for number in range(3)]
    assert [each["job_id"] for each in call(jobs).document["jobs"]] == ids[::-1]
    assert len(call(jobs, limit=2).document["jobs"]) == 2
    assert len(call(jobs, actor="ann").document["jobs"]) == 3
    assert call(jobs, actor="bob").document["jobs"] == []
    assert call(jobs, status=["completed"]).document["jobs"] == []
    assert len(call(jobs, action="gmail.send").document["jobs"]) == 3


def test_a_status_that_does_not_exist_is_refused(call: Call) -> None:
    """The message lists those that do."""
    with pytest.raises(UsageError, match="Choose from pending"):
        call(jobs, status=["done"])


def test_a_pending_job_is_cancelled_at_once(call: Call, settings: Settings) -> None:
    """Nobody has begun it, so nothing can happen any more."""
    job_id = taken_on(settings, "key-1")
    answer = call(job, job_id, cancel=True)
    assert (answer.document["status"], answer.exit_code) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("sent", "state", "status"),
    [
        pytest.param(True, "sent", "completed", id="sent"),
        pytest.param(False, "failed", "error", id="not-sent"),
    ],
)
def test_a_person_resolves_what_nobody_knows(
    call: Call, settings: Settings, sent: bool, state: str, status: str
) -> None:
    """The effect and its job take the person's word, once; the note is kept."""
    job_id = in_doubt(settings, "key-1")
    waiting = call(jobs, unknown=True).document["unknown"]
    assert [each["client_request_id"] for each in waiting] == ["key-1"]
    answer = call(resolve, job_id, sent=sent, note="looked")
    assert (answer.document["state"], answer.document["message_id"]) == (state, "<1@example.com>")
    told = call(job, job_id).document
    assert told["status"] == status
    assert told["history"][-1] | {"at": ""} == {
        "event": "resolved",
        "at": "",
        "state": state,
        "note": "looked",
    }
    assert call(jobs, unknown=True).document["unknown"] == []
    with pytest.raises(LuthierError, match="nothing is to be resolved"):
        call(resolve, job_id, sent=sent)


def test_resolving_needs_an_answer(call: Call) -> None:
    """Neither `--sent` nor `--not-sent` is wrong usage."""
    with pytest.raises(UsageError, match="--not-sent"):
        call(resolve, "key-1")


@pytest.mark.parametrize("name", ["ffffffff", "no-such-key", "", "ab"])
def test_an_unknown_job_is_named(call: Call, name: str) -> None:
    """The message quotes what was asked for."""
    with pytest.raises(UsageError, match="there is no job"):
        call(job, name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("{", "no JSON", id="no-json"),
        pytest.param("[]", "no plan", id="a-list"),
        pytest.param('{"plan": null}', "no plan", id="no-plan"),
        pytest.param('{"intent": "x", "confidence": 2}', "confidence", id="wrong-value"),
        pytest.param("[" * 100_000, "no JSON", id="too-deep"),
    ],
)
def test_a_file_that_is_no_plan(tmp_path: Path, text: str, reason: str) -> None:
    """What cannot be read as a plan is wrong usage, with the place."""
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=reason):
        _read(str(path))


def test_a_file_that_does_not_exist(tmp_path: Path) -> None:
    """A missing file is wrong usage."""
    with pytest.raises(UsageError, match="cannot read"):
        _read(str(tmp_path / "none.json"))


def test_the_plan_of_the_planner_is_read(tmp_path: Path) -> None:
    """A plan alone, or the planner's whole answer, which has the stored plan's id."""
    action = {"provider": "google", "action": "gmail.send", "params": PARAMS}
    plan = {"intent": "send_email", "confidence": 1, "actions": [action]}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    assert _read(str(path))[1] is None
    stored = "8202f2ca-89f7-4b38-a138-d66decb82b3b"
    path.write_text(json.dumps({"id": stored, "plan": plan}))
    read, plan_id = _read(str(path))
    assert (read.actions[0].action, str(plan_id)) == ("gmail.send", stored)
