"""The few calls to Prefect's REST API that the supervisor makes, without loading Prefect.

The supervisor lives as long as the stack: without the client library it starts sooner and takes
less memory.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from prefect_luthier.deployments.stack.environment import HEARTBEAT_S

_TIMEOUT_S = 10.0
_PAGE = 200

_LOST_RUNS = "Luthier: end runs whose process is gone"
_LOST_CANCELLATIONS = "Luthier: end cancelled runs whose process is gone"
_HEARTBEAT = "prefect.flow-run.heartbeat"
_ENDS = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed", "Paused", "Suspended")
_MOST_RUNS_ASKED_ABOUT = 50


@dataclass(frozen=True)
class ActiveRun:
    """A flow run that has not ended."""

    run_id: str
    name: str
    state_type: str
    state_since: datetime
    pid: int | None
    worker: str | None


def open_api(url: str) -> httpx.AsyncClient:
    """Open a client for the API at ``url``, with the credentials of the environment."""
    own = url.startswith("http://127.0.0.1")  # no proxy stands between us
    return httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, trust_env=not own, **credentials())


def credentials() -> dict[str, Any]:
    """Return httpx's arguments for the server's shared credential, or a key of Prefect Cloud."""
    names = ("PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING")
    shared = next((os.environ[name] for name in names if os.environ.get(name)), None)
    key = os.environ.get("PREFECT_API_KEY")
    if shared:
        user, _, password = shared.partition(":")
        return {"auth": httpx.BasicAuth(user, password)}
    return {"headers": {"Authorization": f"Bearer {key}"}} if key else {}


async def active_runs(api: httpx.AsyncClient, work_pool: str) -> list[ActiveRun]:
    """Return the runs of a work pool that are pending, running or being cancelled."""
    types = ["PENDING", "RUNNING", "CANCELLING"]
    answer = await api.post(
        "/flow_runs/filter",
        json={
            "flow_runs": {"state": {"type": {"any_": types}}},
            "work_pools": {"name": {"any_": [work_pool]}},
            "limit": _PAGE,
        },
    )
    answer.raise_for_status()
    return [_active_run(run) for run in answer.json()]


def _active_run(run: Mapping[str, Any]) -> ActiveRun:
    pid = str(run.get("infrastructure_pid") or "").rpartition(":")[2]
    return ActiveRun(
        run_id=run["id"],
        name=run["name"],
        state_type=run["state"]["type"],
        state_since=datetime.fromisoformat(run["state"]["timestamp"]),
        pid=int(pid) if pid.isdigit() else None,
        worker=(run.get("labels") or {}).get("prefect.worker.name"),
    )


async def silent_runs(api: httpx.AsyncClient, silence_s: float) -> list[str]:
    """Return running runs, of any origin, that sent heartbeats once and none for ``silence_s``."""
    now = datetime.now(UTC)
    before = (now - timedelta(seconds=silence_s)).isoformat()
    flow_runs = {"state": {"type": {"any_": ["RUNNING"]}}, "start_time": {"before_": before}}
    answer = await api.post(
        "/flow_runs/filter", json={"flow_runs": flow_runs, "limit": _MOST_RUNS_ASKED_ABOUT}
    )
    answer.raise_for_status()
    ids = [run["id"] for run in answer.json()]
    heard = [(run_id, await _last_heartbeat(api, run_id)) for run_id in ids]
    return [
        run_id
        for run_id, last in heard
        if last is not None and (now - last).total_seconds() > silence_s
    ]


async def _last_heartbeat(api: httpx.AsyncClient, run_id: str) -> datetime | None:
    wanted = {
        "event": {"name": [_HEARTBEAT]},
        "resource": {"id": [f"prefect.flow-run.{run_id}"]},
        "order": "DESC",
    }
    answer = await api.post("/events/filter", json={"filter": wanted, "limit": 1})
    answer.raise_for_status()
    events = answer.json()["events"]
    return datetime.fromisoformat(events[0]["occurred"]) if events else None


async def state_type(api: httpx.AsyncClient, run_id: str) -> str | None:
    """Return the type of a run's state, or None when there is no such run."""
    answer = await api.get(f"/flow_runs/{run_id}")
    return str(answer.json()["state"]["type"]) if answer.is_success else None


async def set_state(api: httpx.AsyncClient, run_id: str, state_type: str, message: str) -> None:
    """Set a run's state, past Prefect's rules: the run has no process left that could."""
    state: dict[str, Any] = {
        "type": state_type,
        "name": state_type.capitalize(),
        "message": message,
    }
    details = {"scheduled_time": datetime.now(UTC).isoformat()} if state_type == "SCHEDULED" else {}
    state |= {"state_details": details}
    answer = await api.post(f"/flow_runs/{run_id}/set_state", json={"state": state, "force": True})
    answer.raise_for_status()


async def worker_polls(api: httpx.AsyncClient, work_pool: str, name: str, since: float) -> bool:
    """Return whether the worker ``name`` has reported to its pool since the Unix time ``since``."""
    answer = await api.post(f"/work_pools/{work_pool}/workers/filter", json={})
    if not answer.is_success:
        return False
    return any(
        worker["name"] == name
        and datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() >= since
        for worker in answer.json()
    )


async def ensure_automations(api: httpx.AsyncClient, only_pool: str | None = None) -> None:
    """Create the automations that end abandoned runs, unless they exist.

    Args:
        api: The API.
        only_pool: Restrict them to the runs of this work pool; for servers that are not ours.
    """
    answer = await api.post("/automations/filter", json={"limit": _PAGE})
    answer.raise_for_status()
    existing = {automation["name"] for automation in answer.json()}
    for automation in (_end_lost_runs(only_pool), _end_lost_cancellations(only_pool)):
        if automation["name"] not in existing:
            (await api.post("/automations/", json=automation)).raise_for_status()


def _end_lost_runs(only_pool: str | None) -> dict[str, Any]:
    return _automation(
        _LOST_RUNS,
        f"A run that has sent no heartbeat for {3 * HEARTBEAT_S} s is Crashed.",
        after=_HEARTBEAT,
        # Any change of state counts: a resumed run waits without a heartbeat, and the event of its
        # earlier end may have been lost with the server.
        expect=["prefect.flow-run.*"],
        only_pool=only_pool,
        state="CRASHED",
        message=(
            f"The run's process has sent no heartbeat for {3 * HEARTBEAT_S} s: it was killed, or "
            "its machine went down. `luthier resume` continues it."
        ),
    )


def _end_lost_cancellations(only_pool: str | None) -> dict[str, Any]:
    return _automation(
        _LOST_CANCELLATIONS,
        f"A run that has not ended {3 * HEARTBEAT_S} s after its cancellation is Cancelled.",
        after="prefect.flow-run.Cancelling",
        expect=[f"prefect.flow-run.{end}" for end in _ENDS],
        only_pool=only_pool,
        state="CANCELLED",
        message="Cancelled; the run's process has not confirmed it.",
    )


def _automation(
    name: str,
    description: str,
    *,
    after: str,
    expect: Iterable[str],
    only_pool: str | None,
    state: str,
    message: str,
) -> dict[str, Any]:
    pool = {"prefect.resource.role": "work-pool", "prefect.resource.name": only_pool}
    return {
        "name": name,
        "description": description,
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Proactive",
            "after": [after],
            "expect": list(expect),
            "match": {"prefect.resource.id": "prefect.flow-run.*"},
            "match_related": pool if only_pool else {},
            "for_each": ["prefect.resource.id"],
            "threshold": 1,
            "within": 3 * HEARTBEAT_S,
        },
        "actions": [{"type": "change-flow-run-state", "state": state, "message": message}],
    }
