"""Actions that are taken on are durable, permitted and done once; jobs say how they ended."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import Session, select

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.blocks.blob_store import open_blob_store
from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.jobs.rates import ensure_rates, rate_name
from prefect_luthier.deployments.jobs.submission import prepare_prefect
from prefect_luthier.deployments.jobs.sweep import JobSweeper
from prefect_luthier.deployments.store.action_plans import Asker
from prefect_luthier.deployments.store.catalog import seed
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.jobs import find_job, job_document, list_jobs, start_job
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow, PolicyDecisionRow
from prefect_luthier.errors import UsageError
from prefect_luthier.flows.acceptance import Accepted, accept
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.settings import Settings, load_settings

sys.path.append(str(Path(__file__).parents[1] / "fakes"))

from fault_server import Fault, serving
from gmail_server import GmailServer

ASKER = Asker("ann")
_NONE = timedelta(seconds=-60)


def mail(key: str = "", **params: Any) -> PlannedAction:
    """Return a planned mail to john."""
    given = {"to": "john@example.com", "subject": "Thanks", "text": "For the meeting.", **params}
    return PlannedAction(
        provider="google",
        action="gmail.send",
        params=given,
        client_request_id=key or str(uuid4()),
    )


@pytest.fixture
def allowed(luthier_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Allow mail through Gmail; settle quickly."""
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send")
    monkeypatch.setenv("LUTHIER_EFFECT_SETTLE_S", "1")
    return load_settings()


@pytest.fixture
async def gmail(allowed: Settings, prefect_api: str) -> Any:
    """Play Gmail, with the account `default` of Prefect pointing to it, and the rate limits."""
    from prefect_luthier.blocks.mail_credentials import GmailCredentials
    from prefect_luthier.flows.effects import tokens

    tokens._kept.clear()
    with serving(GmailServer()) as server:
        block: Any = GmailCredentials(
            sender="ann@example.com",
            client_id="client-1",
            client_secret="secret-1",
            refresh_token="refresh-1",
            base_url=server.url,
            token_url=f"{server.url}/token",
            timeout_s=0.5,
        )
        await block.save("default", overwrite=True)
        async with httpx.AsyncClient(base_url=prefect_api) as api:
            await ensure_rates(api, 6000)
        yield server


@pytest.fixture
def session(allowed: Settings) -> Iterator[Session]:
    """Give a session on the store."""
    with Session(open_store(allowed)) as opened:
        yield opened


async def do(accepted: Accepted) -> list[dict[str, Any]]:
    """Do the jobs in this process, and return their documents."""
    from prefect_luthier.flows.run_action_job import run_action_job

    for job in accepted.jobs:
        await run_action_job(job.id, return_state=True)
    with Session(open_store(load_settings())) as session:
        return [job_document(find_job(session, str(job.id))) for job in accepted.jobs]


async def test_a_planned_mail_is_sent_and_its_job_says_so(gmail: Any, allowed: Settings) -> None:
    """A job goes from pending to completed, with result, duration, attempts and its run."""
    accepted = accept([mail("key-1")], ASKER, allowed)
    with Session(open_store(allowed)) as session:
        assert find_job(session, str(accepted.jobs[0].id)).status == "pending"
    (job,) = await do(accepted)
    assert (job["status"], job["error"], job["attempts"]) == ("completed", None, 1)
    assert job["result"]["recipients"] == ["john@example.com"]
    assert job["duration_ms"] >= 0
    assert job["flow_run_id"]
    assert gmail.messages[0].mail["Subject"] == "Thanks"


async def test_the_same_plan_twice_is_one_message(gmail: Any, allowed: Settings) -> None:
    """A second execution under the same keys completes with the first outcome."""
    first = await do(accept([mail("key-1")], ASKER, allowed))
    second = await do(accept([mail("key-1")], ASKER, allowed))
    assert first[0]["result"] == second[0]["result"]
    assert len(gmail.messages) == 1


async def test_the_same_wish_in_other_words_is_the_same(gmail: Any, allowed: Settings) -> None:
    """One address or a list of one, a default written out or left out: no conflict, one message."""
    first = await do(accept([mail("key-1")], ASKER, allowed))
    written_out = mail("key-1", to=["john@example.com"], cc=[], html="", account="default")
    second = await do(accept([written_out], ASKER, allowed))
    assert first[0]["result"] == second[0]["result"]
    assert len(gmail.messages) == 1
    (denied,) = accept([mail("key-1", cc=["eve@example.com"])], ASKER, allowed).denied
    assert denied["rule"] == "request-conflict"


async def test_a_run_that_is_delivered_twice_sends_once(gmail: Any, allowed: Settings) -> None:
    """Two workers with the same job at the same time lead to one message and one end."""
    accepted = accept([mail()], ASKER, allowed)
    ends = await asyncio.gather(do(accepted), do(accepted))
    assert [end[0]["status"] for end in ends][-1] == "completed"
    assert len(gmail.messages) == 1


async def test_a_permission_that_was_taken_back_stops_the_worker(
    gmail: Any, allowed: Settings, monkeypatch: pytest.MonkeyPatch, session: Session
) -> None:
    """What was permitted when it was accepted is asked again just before the effect."""
    accepted = accept([mail()], ASKER, allowed)
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "")
    (job,) = await do(accepted)
    assert (job["status"], job["error"]["code"]) == ("error", "action-denied")
    assert gmail.messages == []
    rows = session.exec(select(PolicyDecisionRow)).all()
    assert {(row.stage, row.allowed) for row in rows} == {("enqueue", True), ("effect", False)}


async def test_an_unknown_outcome_is_an_error_that_a_person_resolves(
    gmail: Any, allowed: Settings
) -> None:
    """A job whose mail may have been sent says what to do, and takes the person's answer."""
    from prefect_luthier.deployments.jobs.resolution import resolve_effect

    gmail.faults.append(Fault("send", "timeout-after"))
    gmail.faults += [Fault("list", "status-before", status=503)] * 50
    (job,) = await do(accept([mail("key-1")], ASKER, allowed))
    assert (job["status"], job["error"]["code"]) == ("error", "outcome-unknown")
    resolve_effect(allowed, job["job_id"], sent=True, note="it is in Sent", actor="ann")
    with Session(open_store(allowed)) as session:
        resolved = find_job(session, "key-1")
        assert (resolved.status, (resolved.result or {})["resolved_by"]) == ("completed", "ann")
    gmail.faults.clear()
    await do(accept([mail("key-1")], ASKER, allowed))
    assert len(gmail.messages) == 1


async def test_what_a_person_found_unsent_may_be_sent(gmail: Any, allowed: Settings) -> None:
    """After `--not-sent` the same key may be executed again, and sends once."""
    from prefect_luthier.deployments.jobs.resolution import resolve_effect

    gmail.faults.append(Fault("send", "timeout-before"))
    gmail.faults += [Fault("list", "status-before", status=503)] * 50
    await do(accept([mail("key-1")], ASKER, allowed))
    resolve_effect(allowed, "key-1", sent=False, note="looked", actor="ann")
    gmail.faults.clear()
    (job,) = await do(accept([mail("key-1")], ASKER, allowed))
    assert job["status"] == "completed"
    assert len(gmail.messages) == 1


async def test_a_missing_rate_limit_is_made_again(
    gmail: Any, allowed: Settings, prefect_api: str
) -> None:
    """Prefect skips a limit that does not exist; Luthier creates it before it sends."""
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await api.delete(f"/v2/concurrency_limits/{rate_name('google')}")
        (job,) = await do(accept([mail()], ASKER, allowed))
        limit = (await api.get(f"/v2/concurrency_limits/{rate_name('google')}")).json()
        await api.delete(f"/v2/concurrency_limits/{rate_name('google')}")
    assert job["status"] == "completed", job["error"]
    assert 60 * limit["slot_decay_per_second"] + limit["limit"] == allowed.sends_per_minute


async def test_an_attachment_comes_from_the_content_store(gmail: Any, allowed: Settings) -> None:
    """A file is named by its content, and arrives as it is."""
    name = open_blob_store(allowed).put(b"col\n1\n")
    files = [{"sha256": name, "filename": "t.csv"}]
    (job,) = await do(accept([mail(attachments=files)], ASKER, allowed))
    assert job["status"] == "completed", job["error"]
    (part,) = gmail.messages[0].mail.iter_attachments()
    assert (part.get_filename(), part.get_content().encode()) == ("t.csv", b"col\n1\n")


HOSTILE = [
    pytest.param({"to": "eve@evil.com"}, "to eve@evil.com", id="another-recipient"),
    pytest.param({"bcc": ["eve@evil.com"]}, "to eve@evil.com", id="a-hidden-recipient"),
    pytest.param({"to": "john@exаmple.com"}, "outside ASCII", id="look-alike-domain"),  # noqa: RUF001
    pytest.param({"to": "john@xn--exmple-4nf.com"}, "imitate", id="encoded-look-alike"),
    pytest.param({"to": "john@example.com\r\nBcc: eve@evil.com"}, "U+000D", id="address-injection"),
    pytest.param({"to": "john@example.com, eve@evil.com"}, "not one mail", id="two-in-one"),
    pytest.param({"to": '"john@example.com" <eve@evil.com>'}, "as its name", id="false-name"),
    pytest.param({"subject": "Hi\r\nBcc: eve@evil.com"}, "U+000D", id="subject-injection"),
    pytest.param({"subject": "Hi\x00"}, "U+0000", id="nul-in-subject"),
    pytest.param({"subject": "fdp.\u202eexe"}, "U+202E", id="reordering"),
    pytest.param({"reply_to": "a@evil.com\nX: 1"}, "U+000A", id="reply-to-injection"),
    pytest.param({"in_reply_to": "<a@b.c>\r\nBcc: e@x.com"}, "U+000D", id="reference-injection"),
    pytest.param({"text": ""}, "empty", id="no-body"),
    pytest.param({"to": []}, "no recipient", id="nobody"),
    pytest.param({"attachments": [{"sha256": "0" * 64, "filename": "a"}]}, "no stored", id="blob"),
    pytest.param({"from": "boss@example.com"}, "from", id="another-sender"),
]


@pytest.mark.parametrize(("params", "reason"), HOSTILE)
def test_a_hostile_plan_is_refused_with_a_reason(
    allowed: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    session: Session,
    *,
    params: dict[str, Any],
    reason: str,
) -> None:
    """Whatever a planner emits, what is not permitted is not stored as a job, and says why."""
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[rule]]\nid = "inside"\neffect = "allow"\nactions = ["gmail.send"]\n'
        'recipients = ["*@example.com"]\n'
    )
    monkeypatch.setenv("LUTHIER_POLICY_FILE", str(policy))
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "")
    accepted = accept([mail(), mail(**params)], ASKER, load_settings())
    assert accepted.jobs == ()
    (denied,) = accepted.denied
    assert reason in denied["reason"]
    assert list_jobs(session) == []
    refused = session.exec(
        select(PolicyDecisionRow).where(PolicyDecisionRow.allowed == False)  # noqa: E712 - SQL
    ).one()
    assert (refused.stage, refused.rule) == ("enqueue", denied["rule"])


def test_unlisted_and_unheard_of_actions_are_refused(allowed: Settings, session: Session) -> None:
    """An action that nobody allowed, and one that does not exist, are told apart."""
    actions = [
        PlannedAction(provider="smtp", action="smtp.send", params=mail().params),
        PlannedAction(provider="shell", action="rm.everything", params={}),
        PlannedAction(provider="microsoft", action="gmail.send", params=mail().params),
        PlannedAction(provider="python", action="python.call", params={"function": "os:abort"}),
    ]
    accepted = accept(actions, ASKER, allowed)
    assert [each["rule"] for each in accepted.denied] == [
        "no-rule-allows",
        "unknown-action",
        "wrong-provider",
        "no-rule-allows",
    ]
    assert session.exec(select(ActionJobRow)).all() == []


def test_ten_thousand_actions_are_refused_each_with_a_reason(
    allowed: Settings, session: Session
) -> None:
    """A flood is refused as a whole; every action's refusal is kept."""
    accepted = accept([mail() for _ in range(10_000)], ASKER, allowed)
    assert len(accepted.denied) == 10_000
    assert all("10000 actions" in each["reason"] for each in accepted.denied)
    assert len(session.exec(select(PolicyDecisionRow.id)).all()) == 10_000


def test_a_plan_of_another_store_is_taken_on(allowed: Settings) -> None:
    """A plan's id that this store does not know is left out, and its actions are done."""
    accepted = accept([mail()], ASKER, allowed, uuid4())
    assert [job.plan_id for job in accepted.jobs] == [None]


@pytest.mark.parametrize("earlier", [True, False], ids=["in-an-earlier-plan", "in-the-same-plan"])
def test_a_key_for_two_contents_is_refused(allowed: Settings, earlier: bool) -> None:
    """The same client_request_id cannot stand for two messages."""
    if earlier:
        accept([mail("key-1")], ASKER, allowed)
        accepted = accept([mail("key-1", text="Other.")], ASKER, allowed)
    else:
        accepted = accept([mail("key-1"), mail("key-1", text="Other.")], ASKER, allowed)
    assert {each["rule"] for each in accepted.denied} == {"request-conflict"}


async def test_a_job_that_was_never_handed_over_is_handed_over(
    gmail: Any, allowed: Settings, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash between accepting and handing over, the stack's sweep finds the job."""
    accepted = accept([mail()], ASKER, allowed)
    monkeypatch.setattr("prefect_luthier.deployments.jobs.sweep._PATIENCE", _NONE)
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await _make_pool(api, allowed.work_pool)
        assert await JobSweeper(allowed).sweep(api) == [accepted.jobs[0].id]
        assert await JobSweeper(allowed).sweep(api) == []
        run = await api.get(f"/flow_runs/{_run_of(allowed, accepted.jobs[0].id)}")
    assert run.json()["parameters"] == {"job_id": str(accepted.jobs[0].id)}


async def test_jobs_wait_in_a_queue_of_their_own_with_a_limit(
    allowed: Settings, prefect_api: str
) -> None:
    """A plan of a hundred actions is not a hundred processes; a limit that people set stays."""
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await _make_pool(api, allowed.work_pool)
        queue = f"/work_pools/{allowed.work_pool}/queues/luthier-jobs"
        deployment_id = await prepare_prefect(api, allowed)
        assert (await api.get(queue)).json()["concurrency_limit"] == allowed.jobs_at_once
        deployment = (await api.get(f"/deployments/{deployment_id}")).json()
        assert deployment["work_queue_name"] == "luthier-jobs"
        await api.patch(queue, json={"concurrency_limit": 3})
        assert await prepare_prefect(api, allowed) == deployment_id
        assert (await api.get(queue)).json()["concurrency_limit"] == 3
        await api.patch(queue, json={"concurrency_limit": allowed.jobs_at_once})


async def test_every_lost_job_is_handed_over_however_many_there_are(
    allowed: Settings, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest is not forgotten behind newer ones, whose runs are looked at page by page."""
    monkeypatch.setattr("prefect_luthier.deployments.jobs.sweep._PATIENCE", _NONE)
    monkeypatch.setattr("prefect_luthier.deployments.jobs.sweep._PAGE", 2)
    jobs = {accept([mail()], ASKER, allowed).jobs[0].id for _ in range(5)}
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await _make_pool(api, allowed.work_pool)
        assert set(await JobSweeper(allowed).sweep(api)) == jobs
        assert await JobSweeper(allowed).sweep(api) == []
        lost = min(jobs)
        await api.delete(f"/flow_runs/{_run_of(allowed, lost)}")
        assert await JobSweeper(allowed).sweep(api) == [lost]


def test_tenants_do_not_see_each_others_jobs(allowed: Settings) -> None:
    """The same key of two tenants is two wishes; each finds its own and no other."""
    ours, theirs = Asker("ann", tenant="ours"), Asker("ann", tenant="theirs")
    (our_job,) = accept([mail("key-1")], ours, allowed).jobs
    (their_job,) = accept([mail("key-1", subject="Other")], theirs, allowed).jobs
    with Session(open_store(allowed)) as session:
        assert [job.id for job in list_jobs(session, tenant="ours")] == [our_job.id]
        assert find_job(session, "key-1", "ours").id == our_job.id
        assert find_job(session, "key-1", "theirs").id == their_job.id
        with pytest.raises(UsageError):
            find_job(session, str(their_job.id), "ours")


async def test_what_does_not_happen_once_is_not_done_again(
    allowed: Settings, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost run of an action without a key may have done its work: it is reported."""
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "notify")
    action = PlannedAction(provider="notify", action="notify", params={"message": "Hello"})
    job_id = accept([action], ASKER, load_settings()).jobs[0].id
    monkeypatch.setattr("prefect_luthier.deployments.jobs.sweep._PATIENCE", _NONE)
    with Session(open_store(allowed)) as session:
        start_job(session, job_id, uuid4(), now())
        session.commit()
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await _make_pool(api, allowed.work_pool)
        await JobSweeper(allowed).sweep(api)
    with Session(open_store(allowed)) as session:
        job = find_job(session, str(job_id))
    assert (job.status, (job.error or {})["code"]) == ("error", "interrupted")


async def test_a_cancelled_run_cancels_its_job(
    gmail: Any, allowed: Settings, prefect_api: str
) -> None:
    """A job whose run is cancelled while it waits to be sent ends as cancelled, unsent."""
    gmail.faults += [Fault("send", "status-before", status=429, headers={"Retry-After": "60"})] * 3
    accepted = accept([mail()], ASKER, allowed)
    doing = asyncio.create_task(do(accepted))
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        while not gmail.calls.count("send"):  # noqa: ASYNC110 - a thread of the server counts
            await asyncio.sleep(0.05)
        run_id = _run_of(allowed, accepted.jobs[0].id)
        state = {"type": "CANCELLING", "name": "Cancelling"}
        await api.post(f"/flow_runs/{run_id}/set_state", json={"state": state, "force": True})
    (job,) = await doing
    assert job["status"] == "cancelled", job
    assert gmail.messages == []


@pytest.mark.parametrize(
    ("state", "status"),
    [
        pytest.param("CRASHED", "pending", id="crashed-is-handed-over-again"),
        pytest.param("CANCELLED", "cancelled", id="cancelled-stays-so"),
    ],
)
async def test_a_job_whose_run_was_lost_is_not_stranded(
    gmail: Any,
    allowed: Settings,
    prefect_api: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    state: str,
    status: str,
) -> None:
    """A run that ended without a result leads to another run, or to the job's end."""
    accepted = accept([mail()], ASKER, allowed)
    job_id = accepted.jobs[0].id
    monkeypatch.setattr("prefect_luthier.deployments.jobs.sweep._PATIENCE", _NONE)
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        await _make_pool(api, allowed.work_pool)
        with Session(open_store(allowed)) as session:
            seed(session, installed_catalog())
            session.commit()
        await JobSweeper(allowed).sweep(api)
        first = _run_of(allowed, job_id)
        await api.post(
            f"/flow_runs/{first}/set_state", json={"state": {"type": state}, "force": True}
        )
        assert await JobSweeper(allowed).sweep(api) == [job_id]
    with Session(open_store(allowed)) as session:
        job = find_job(session, str(job_id))
    assert job.status == status
    assert (job.flow_run_id == first) == (state == "CANCELLED")


def _run_of(settings: Settings, job_id: UUID) -> UUID | None:
    with Session(open_store(settings)) as session:
        return find_job(session, str(job_id)).flow_run_id


async def _make_pool(api: httpx.AsyncClient, name: str) -> None:
    await api.post("/work_pools/", json={"name": name, "type": "process"})
