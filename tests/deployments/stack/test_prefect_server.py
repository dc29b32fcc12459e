"""The Prefect server that Luthier ships: it takes many writers at once, and its schedules run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest


@pytest.fixture
async def api(prefect_server: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the session's server, which nothing makes ask twice."""
    async with httpx.AsyncClient(base_url=prefect_server, timeout=60) as client:
        yield client


@pytest.fixture
async def flow_id(api: httpx.AsyncClient) -> str:
    answer = await api.post("/flows/", json={"name": f"flow-{uuid4().hex[:8]}"})
    return str(answer.raise_for_status().json()["id"])


async def deploy(api: httpx.AsyncClient, flow_id: str, **fields: Any) -> str:
    answer = await api.post("/deployments/", json={"name": "d", "flow_id": flow_id, **fields})
    return str(answer.raise_for_status().json()["id"])


async def test_nobody_is_turned_away_while_others_write(
    api: httpx.AsyncClient, flow_id: str
) -> None:
    """Sixteen clients that create and move runs all the time never get a 503."""
    deployment = await deploy(api, flow_id)
    answers: Counter[int] = Counter()

    async def post(url: str, body: dict[str, Any]) -> httpx.Response:
        answer = await api.post(url, json=body)
        answers[answer.status_code] += 1
        return answer.raise_for_status()

    async def client() -> None:
        for _ in range(3):
            run = (await post(f"/deployments/{deployment}/create_flow_run", {})).json()
            for state in ("PENDING", "RUNNING", "COMPLETED"):
                await post(f"/flow_runs/{run['id']}/set_state", {"state": {"type": state}})
            await post("/deployments/", {"name": "d", "flow_id": flow_id})

    await asyncio.gather(*(client() for _ in range(16)))
    assert set(answers) == {200, 201}
    assert answers.total() == 16 * 3 * 5


async def test_a_schedule_makes_runs(api: httpx.AsyncClient, flow_id: str) -> None:
    """A deployment with a schedule has its next runs waiting soon after it was made."""
    schedule = {"schedule": {"cron": "0 7 * * 1-5"}, "active": True}
    deployment = await deploy(api, flow_id, schedules=[schedule])
    wanted = {"deployments": {"id": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_ASC"}
    runs: list[dict[str, Any]] = []
    for _ in range(150):
        runs = (await api.post("/flow_runs/filter", json=wanted)).raise_for_status().json()
        if runs:
            break
        await asyncio.sleep(0.2)
    assert runs
    assert all(run["auto_scheduled"] and run["state_type"] == "SCHEDULED" for run in runs)
    assert "T07:00:00" in runs[0]["expected_start_time"]
