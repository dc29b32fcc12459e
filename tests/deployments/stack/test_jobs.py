"""Planned mail on the real stack: planned, permitted, executed by the worker, sent once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "fakes"))

from fault_server import Fault, serving
from gmail_server import GmailServer
from openai_server import scripted

pytestmark = pytest.mark.stack

SAVE_ACCOUNT = """
import sys
from prefect_luthier.blocks.mail_credentials import GmailCredentials
GmailCredentials(
    sender="ann@example.com", client_id="client-1", client_secret="secret-1",
    refresh_token="refresh-1", base_url=sys.argv[1], token_url=sys.argv[1] + "/token", timeout_s=30,
).save("default", overwrite=True)
"""
REQUEST = 'Email john@example.com with gmail, subject "Thanks", saying "Thanks for the meeting"'


@pytest.fixture
def gmail() -> Iterator[GmailServer]:
    """Play Gmail."""
    with serving(GmailServer()) as server:
        yield server


@pytest.fixture
def mailing(stopped: Any, gmail: GmailServer) -> Iterator[Any]:
    """Give a running stack that may mail through the Gmail that is played."""
    stopped.up(ALLOW_ACTIONS_DEFAULT="gmail.send", LUTHIER_EFFECT_SETTLE_S="1")
    subprocess.run(
        [sys.executable, "-c", SAVE_ACCOUNT, gmail.url],
        env=stopped.environment | {"PREFECT_API_URL": stopped.state().prefect_api_url},
        check=True,
        timeout=120,
    )
    yield stopped
    stopped.down()


def execute(stack: Any, plan: Path) -> dict[str, Any]:
    """Execute a plan, and return the document of its only job."""
    done = stack.luthier("ai", "execute", str(plan), "--json", ALLOW_ACTIONS_DEFAULT="gmail.send")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["jobs"][0]


def job(stack: Any, job_id: str) -> dict[str, Any]:
    """Return a job's document."""
    return json.loads(stack.luthier("ai", "job", job_id, "--json").stdout)


def check_that_a_model_plans_within_its_budget(mailing: Any) -> None:
    """Outlook is planned by a model; a call that does not fit says when it will, unsent."""
    answer = {
        "intent": "send_email",
        "confidence": 0.95,
        "question": None,
        "refusal": None,
        "actions": [
            {
                "provider": "microsoft",
                "action": "outlook.send",
                "params": {"to": "john@example.com", "subject": "Thanks", "text": "Thank you."},
            }
        ],
    }
    usage = {"prompt_tokens": 1500, "completion_tokens": 400}
    with scripted({"answer": answer, "usage": usage, "repeat": True}) as model:
        settings = {
            "OPENAI_BASE_URL": model.url,
            "ALLOW_ACTIONS_DEFAULT": "outlook.send",
            "AI_MAX_OUTPUT_TOKENS": "800",
            "AI_MAX_TOKENS_PER_MIN": "5000",
        }
        request = ("ai", "plan", "thank john@example.com with outlook", "--json")
        first = mailing.luthier(*request, **settings)
        assert first.returncode == 0, first.stderr
        document = json.loads(first.stdout)
        assert document["plan"]["actions"][0]["provider"] == "microsoft"
        meta = document["meta"]
        assert (meta["tokens_in"], meta["tokens_out"]) == (1500, 400)
        outcomes = [json.loads(mailing.luthier(*request, **settings).stdout) for _ in range(2)]
        assert outcomes[-1]["refusal"]["code"] == "model-budget"
        assert "it fits at" in outcomes[-1]["refusal"]["message"]
        assert len(model.requests) < 3


def scraped(mailing: Any) -> dict[str, float]:
    """Return the metrics of this stack, which the tests of this file share."""
    lines = mailing.luthier("metrics").stdout.splitlines()
    pairs = [line.rpartition(" ") for line in lines if not line.startswith("#")]
    return {name: float(value) for name, _, value in pairs}


def check_that_all_was_counted(before: dict[str, float], now: dict[str, float]) -> None:
    """The metrics know the plans, the tokens and the jobs that came since."""

    def since(name: str) -> float:
        return sum(now[key] - before.get(key, 0) for key in now if key.startswith(name))

    assert since('luthier_ai_plans_total{status="planned"}') >= 2
    assert since('luthier_ai_plans_total{status="error"}') >= 1
    assert since('luthier_ai_tokens_total{direction="input"') > 0
    assert since('luthier_action_outcomes_total{action="gmail.send",status="completed"}') == 3
    allowed = 'luthier_policy_decisions_total{action="gmail.send",answer="allowed",stage="effect"}'
    assert since(allowed) >= 3
    assert since('luthier_effects{state="sent"}') == 2
    assert now["luthier_action_queue_oldest_seconds"] == 0


def test_a_stopped_process_loses_nothing(mailing: Any, gmail: GmailServer, tmp_path: Path) -> None:
    """Jobs whose process is asked to end, waiting or in doubt, are done again, and once."""
    plan = tmp_path / "plan.json"
    mailing.luthier("ai", "plan", REQUEST, "-o", str(plan), ALLOW_ACTIONS_DEFAULT="gmail.send")

    def ask_to_end(key: str) -> None:
        gmail.on_accept = None
        for pid in mailing.run_pids(job(mailing, key)["flow_run_id"]):
            os.kill(pid, signal.SIGTERM)

    def events(key: str) -> list[str]:
        return [each["event"] for each in job(mailing, key)["history"]]

    def ended(key: str) -> bool:
        return job(mailing, key)["status"] not in {"pending", "running"}

    for key in ("in-doubt", "waiting"):
        other = json.loads(plan.read_text())
        other["plan"]["actions"][0]["client_request_id"] = key
        plan.write_text(json.dumps(other))
        if key == "in-doubt":
            gmail.faults.append(Fault("send", "timeout-after"))
            gmail.on_accept = partial(ask_to_end, key)
            execute(mailing, plan)
        else:
            pause = {"Retry-After": "60"}
            gmail.faults.append(Fault("send", "status-before", 429, headers=pause))
            execute(mailing, plan)
            assert mailing.eventually(lambda: "not-sent" in events("waiting"), 90)
            ask_to_end(key)
        assert mailing.eventually(partial(ended, key), 120)
        told = job(mailing, key)
        assert (told["status"], told["attempts"]) == ("completed", 2), told
        assert "interrupted" in events(key)
    assert len(gmail.messages) == 2


def test_planned_mail_goes_out_once(mailing: Any, gmail: GmailServer, tmp_path: Path) -> None:
    """Plan, execute, execute again, kill a run in mid-send; a model, its budget, the metrics."""
    before = scraped(mailing)
    plan = tmp_path / "plan.json"
    planned = mailing.luthier(
        "ai", "plan", REQUEST, "-o", str(plan), ALLOW_ACTIONS_DEFAULT="gmail.send"
    )
    assert planned.returncode == 0, planned.stderr
    first = execute(mailing, plan)
    assert first["status"] == "pending"
    assert mailing.eventually(lambda: job(mailing, first["job_id"])["status"] == "completed", 90)
    ended = job(mailing, first["job_id"])
    assert ended["flow_run_url"].endswith(ended["flow_run_id"])
    assert mailing.run_state(ended["flow_run_id"])["type"] == "COMPLETED"

    again = execute(mailing, plan)
    assert mailing.eventually(lambda: job(mailing, again["job_id"])["status"] == "completed", 90)
    assert job(mailing, again["job_id"])["result"] == ended["result"]
    assert len(gmail.messages) == 1

    def kill() -> None:
        gmail.on_accept = None
        for pid in mailing.run_pids(job(mailing, "another-key")["flow_run_id"]):
            os.kill(pid, signal.SIGKILL)

    gmail.on_accept = kill
    other = json.loads(plan.read_text())
    other["plan"]["actions"][0]["client_request_id"] = "another-key"
    plan.write_text(json.dumps(other))
    killed = execute(mailing, plan)
    assert mailing.eventually(lambda: job(mailing, killed["job_id"])["status"] == "completed", 120)
    told = job(mailing, killed["job_id"])
    assert told["attempts"] == 2
    assert "found-sent" in [event["event"] for event in told["history"]]
    assert len(gmail.messages) == 2

    check_that_a_model_plans_within_its_budget(mailing)
    check_that_all_was_counted(before, scraped(mailing))


def test_what_nobody_allowed_is_refused_before_it_is_stored(running: Any, tmp_path: Path) -> None:
    """An action that no rule allows ends with exit code 1 and its reason; there is no job."""
    plan = tmp_path / "plan.json"
    params = {"to": "a@example.com", "subject": "s", "text": "t"}
    action = {"provider": "smtp", "action": "smtp.send", "params": params}
    plan.write_text(json.dumps({"intent": "send", "confidence": 1, "actions": [action]}))
    done = running.luthier("ai", "execute", str(plan), "--json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["job_ids"] == []
    assert "no rule allows smtp.send" in document["denied"][0]["reason"]
