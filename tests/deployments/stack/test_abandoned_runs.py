"""Runs whose process is gone are ended; runs that are alive or not ours are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.server.events.schemas.automations import EventTrigger

from prefect_luthier.deployments.stack.abandoned_runs import (
    Sweeper,
    settle_stopped,
)
from prefect_luthier.deployments.stack.prefect_api import (
    ensure_automations,
    silent_runs,
    state_type,
)
from prefect_luthier.deployments.stack.run_processes import run_has_process

WORKER = "our-worker"
DEAD_PID = 2**22 + 1  # above the kernel's largest


@pytest.fixture
async def api(prefect_server: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the session's server."""
    async with httpx.AsyncClient(base_url=prefect_server, timeout=30) as client:
        yield client


@pytest.fixture
async def pool(api: httpx.AsyncClient) -> str:
    name = f"pool-{uuid4().hex[:8]}"
    (await api.post("/work_pools/", json={"name": name, "type": "process"})).raise_for_status()
    return name


@pytest.fixture
def sweeper(pool: str) -> Sweeper:
    return Sweeper(pool, WORKER, owns_server=True)


@pytest.fixture
def run_process() -> Iterator[Any]:
    """Give a function that starts a process as a worker does for a run."""
    started: list[subprocess.Popen[bytes]] = []

    def start(run_id: str) -> int:
        environment = os.environ | {"PREFECT__FLOW_RUN_ID": run_id}
        argv = [sys.executable, "-c", "import time; time.sleep(60)"]
        started.append(subprocess.Popen(argv, env=environment))
        return started[-1].pid

    yield start
    for process in started:
        process.kill()
        process.wait()


async def _run(
    api: httpx.AsyncClient,
    pool: str,
    state: str,
    worker: str | None = WORKER,
) -> str:
    """Create a run in a state; its process id is that of a process that has ended."""
    flow = (await api.post("/flows/", json={"name": "abandoned"})).json()
    deployment = {"name": pool, "flow_id": flow["id"], "work_pool_name": pool}
    created = await api.post("/deployments/", json=deployment)
    url = f"/deployments/{created.json()['id']}/create_flow_run"
    answer = await api.post(url, json={"state": {"type": "SCHEDULED"}})
    run_id = str(answer.json()["id"])
    if worker:
        labels = {"prefect.worker.name": worker}
        (await api.patch(f"/flow_runs/{run_id}/labels", json=labels)).raise_for_status()
    if state != "PENDING":
        await _set_pid(api, run_id, DEAD_PID)
    await _force(api, run_id, state)
    return run_id


async def _force(api: httpx.AsyncClient, run_id: str, state: str) -> None:
    body = {"state": {"type": state, "name": state.capitalize()}}
    answer = await api.post(f"/flow_runs/{run_id}/set_state", json=body | {"force": True})
    answer.raise_for_status()


async def _set_pid(api: httpx.AsyncClient, run_id: str, pid: int) -> None:
    body = {"infrastructure_pid": str(pid)}
    (await api.patch(f"/flow_runs/{run_id}", json=body)).raise_for_status()


@pytest.mark.parametrize(
    ("before", "after"),
    [("RUNNING", "CRASHED"), ("CANCELLING", "CANCELLED"), ("PENDING", "SCHEDULED")],
)
async def test_an_abandoned_run_is_settled_at_the_second_look(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper, before: str, after: str
) -> None:
    """One look may fall between an end and its report; what has not begun is scheduled again."""
    run_id = await _run(api, pool, before)
    assert await sweeper.sweep(api, worker_pid=None) == []
    assert await state_type(api, run_id) == before
    assert await sweeper.sweep(api, worker_pid=None) == [run_id]
    assert await state_type(api, run_id) == after


async def test_a_rescheduled_run_is_found_by_a_worker(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper
) -> None:
    """What was Pending is offered to workers again."""
    run_id = await _run(api, pool, "PENDING")
    await sweeper.sweep(api, None)
    await sweeper.sweep(api, None)
    offered = await api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={})
    assert [entry["flow_run"]["id"] for entry in offered.json()] == [run_id]


async def test_a_run_with_a_living_process_is_left_alone(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper, run_process: Any
) -> None:
    """Its own worker may be gone; the run goes on."""
    run_id = await _run(api, pool, "RUNNING")
    await _set_pid(api, run_id, run_process(run_id))
    for _ in range(3):
        assert await sweeper.sweep(api, None) == []
    assert await state_type(api, run_id) == "RUNNING"


async def test_a_reused_process_id_counts_as_dead(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper, run_process: Any
) -> None:
    """A living process that executes another run is not this run's."""
    run_id = await _run(api, pool, "RUNNING")
    await _set_pid(api, run_id, run_process("another run"))
    await sweeper.sweep(api, None)
    assert await sweeper.sweep(api, None) == [run_id]


async def test_a_run_that_our_worker_is_just_starting_is_left_alone(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper
) -> None:
    """A Pending run that is younger than the worker is being started."""
    run_id = await _run(api, pool, "PENDING")
    for _ in range(3):
        assert await sweeper.sweep(api, worker_pid=os.getpid()) == []
    assert await state_type(api, run_id) == "PENDING"


@pytest.mark.parametrize("worker", ["their-worker", None], ids=["another worker", "no worker"])
async def test_runs_of_others_on_a_shared_server_are_left_alone(
    api: httpx.AsyncClient, pool: str, worker: str | None
) -> None:
    """On a server that is not ours, only runs that our worker took are ours."""
    run_id = await _run(api, pool, "RUNNING", worker)
    sweeper = Sweeper(pool, WORKER, owns_server=False)
    for _ in range(3):
        assert await sweeper.sweep(api, None) == []
    assert await state_type(api, run_id) == "RUNNING"


async def test_cancelling_a_run_of_a_former_worker_ends_its_process(
    api: httpx.AsyncClient, pool: str, sweeper: Sweeper, run_process: Any
) -> None:
    """The present worker does not know the process, so the sweeper tells it to end."""
    run_id = await _run(api, pool, "CANCELLING")
    await _set_pid(api, run_id, run_process(run_id))
    deadline = time.monotonic() + 5
    while await state_type(api, run_id) == "CANCELLING" and time.monotonic() < deadline:
        await sweeper.sweep(api, worker_pid=None)
    assert await state_type(api, run_id) == "CANCELLED"
    assert not run_has_process(run_id)


@pytest.mark.parametrize(
    ("at_work", "meanwhile", "after"),
    [
        ("RUNNING", None, "CRASHED"),
        ("RUNNING", "COMPLETED", "COMPLETED"),
        ("RUNNING", "CRASHED", "CRASHED"),
        ("PENDING", None, "SCHEDULED"),
        ("CANCELLING", None, "CANCELLED"),
    ],
)
async def test_a_stop_gives_every_run_its_last_state(
    api: httpx.AsyncClient, sweeper: Sweeper, at_work: str, meanwhile: str | None, after: str
) -> None:
    """A run that finished during the stop keeps its result."""
    pool = sweeper.work_pool
    run_id = await _run(api, pool, at_work)
    interrupted = await sweeper.runs_at_work(api)
    assert [run.run_id for run in interrupted] == [run_id]
    if meanwhile:
        await _force(api, run_id, meanwhile)
    await settle_stopped(api, interrupted)
    assert await state_type(api, run_id) == after


async def test_only_runs_that_fell_silent_count_as_silent(
    api: httpx.AsyncClient, pool: str
) -> None:
    """A run without any heartbeat may have them switched off; a recent one means alive."""
    runs = [await _run(api, pool, "RUNNING", None) for _ in range(3)]
    now = datetime.now(UTC)
    heard = {runs[0]: now - timedelta(seconds=60), runs[1]: now + timedelta(seconds=60)}
    events = [
        {
            "event": "prefect.flow-run.heartbeat",
            "resource": {"prefect.resource.id": f"prefect.flow-run.{run_id}"},
            "occurred": occurred.isoformat(),
            "id": str(uuid4()),
        }
        for run_id, occurred in heard.items()
    ]
    (await api.post("/events", json=events)).raise_for_status()
    deadline = time.monotonic() + 20
    found: list[str] = []
    while not found and time.monotonic() < deadline:
        found = [run_id for run_id in await silent_runs(api, 1.0) if run_id in runs]
    assert found == [runs[0]]


async def test_a_run_that_waits_to_be_resumed_is_not_lost(api: httpx.AsyncClient) -> None:
    """A run whose heartbeats stopped is given up, unless anything else was heard of it."""
    await ensure_automations(api)
    listed = (await api.post("/automations/filter")).json()
    (automation,) = [
        found for found in listed if found["name"].endswith("end runs whose process is gone")
    ]
    trigger = EventTrigger.model_validate(automation["trigger"])
    assert trigger.starts_after("prefect.flow-run.heartbeat")
    for state in ("heartbeat", "Crashed", "AwaitingRetry", "Scheduled", "Pending", "Completed"):
        assert trigger.expects(f"prefect.flow-run.{state}")
    assert not trigger.expects("prefect.task-run.Completed")


async def test_automations_are_created_once(api: httpx.AsyncClient) -> None:
    """A second start adds nothing, and a person's change of one stays."""
    await ensure_automations(api)
    created = (await api.post("/automations/filter")).json()
    ours = [automation for automation in created if automation["name"].startswith("Luthier:")]
    assert len(ours) == 2
    (await api.patch(f"/automations/{ours[0]['id']}", json={"enabled": False})).raise_for_status()
    await ensure_automations(api)
    again = (await api.post("/automations/filter")).json()
    assert len(again) == len(created)
    assert [a["enabled"] for a in again if a["id"] == ours[0]["id"]] == [False]
