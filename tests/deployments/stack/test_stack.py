"""The stack as processes: it starts, is found, survives kills, and leaves nothing behind.

The tests share one data directory and, where they can, one running stack.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from prefect_luthier.deployments.stack.state import read_state, running_stack
from prefect_luthier.flows.builtin_deployments import builtin_deployments

pytestmark = pytest.mark.stack


def _query(url: str, statement: str) -> Any:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(statement).fetchall()


def test_up_starts_every_part(running: Any) -> None:
    """All parts are ready, each can be reached where `up` says, and `status` agrees."""
    status = json.loads(running.luthier("status", "--json").stdout)
    assert status["running"]
    assert status["healthy"]
    assert {part["name"]: part["status"] for part in status["parts"]} == {
        "database": "ready",
        "server": "ready",
        "worker": "ready",
        "builder": "ready",
    }
    assert httpx.get(f"{status['prefect_api_url']}/health").json() is True
    assert httpx.get(status["builder_url"]).is_success
    assert _query(status["database_url"], "SELECT count(*) FROM catalog_entry")[0][0] > 0


def test_the_prefect_page_talks_to_its_own_server(running: Any) -> None:
    """On another port than 4200 the UI must be told where its API is."""
    state = running.state()
    answer = httpx.get(f"{state.prefect_ui_url}/ui-settings").json()
    assert answer["api_url"] == state.prefect_api_url


def test_the_built_in_flows_are_registered(running: Any) -> None:
    """Every flow that ships is a deployment in our work pool, ready to be started in the UI."""
    api = running.state().prefect_api_url
    wanted = {"deployments": {"tags": {"all_": ["built-in"]}}}
    found = httpx.post(f"{api}/deployments/filter", json=wanted).json()
    entrypoints = {each["entrypoint"] for each in found}
    assert entrypoints == {each["deployment"]["entrypoint"] for each in builtin_deployments()}
    assert {each["work_pool_name"] for each in found} == {running.settings.work_pool}


def test_a_built_in_flow_runs_from_its_form(running: Any) -> None:
    """Started with nothing but the form's defaults, it completes on the stack's worker."""
    api = running.state().prefect_api_url
    deployment = httpx.get(f"{api}/deployments/name/quick-check/luthier").json()
    path = f"{api}/deployments/{deployment['id']}/create_flow_run"
    run = httpx.post(path, json={}).json()
    deadline = time.monotonic() + 120
    while run["state"]["type"] not in {"COMPLETED", "FAILED", "CRASHED"}:
        assert time.monotonic() < deadline, run["state"]
        time.sleep(0.3)
        run = httpx.get(f"{api}/flow_runs/{run['id']}").json()
    assert run["state"]["type"] == "COMPLETED", run["state"]
    searches = _query(running.state().database_url, "SELECT status FROM rosette_search")
    assert len(searches) == 1


def test_everything_listens_on_loopback_only(running: Any) -> None:
    """No part can be reached from another machine."""
    pids = {process.pid for process in running.processes()}
    listening = [
        connection.laddr.ip
        for connection in psutil.net_connections("inet")
        if connection.pid in pids and connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 2
    assert set(listening) == {"127.0.0.1"}


def test_a_second_up_finds_the_first(running: Any) -> None:
    """It prints the same addresses, ends with success, and starts nothing."""
    before = running.state()
    for detach in ([], ["--detach"]):
        done = running.luthier("up", "--json", *detach)
        assert done.returncode == 0
        assert json.loads(done.stdout)["prefect_api_url"] == before.prefect_api_url
        assert "already running" in done.stderr
    assert running.state().pids == before.pids


def test_other_commands_find_the_stack(running: Any) -> None:
    """`running_stack` gives the addresses; only the owner may read the file they stand in."""
    found = running_stack(running.settings)
    assert found is not None
    assert found.prefect_api_url == running.state().prefect_api_url
    file = running.settings.run_dir / "state.json"
    assert file.stat().st_mode & 0o077 == 0


def test_the_automations_exist_once(running: Any) -> None:
    """What ends abandoned runs is there, however often the stack was started."""
    with running.api() as api:
        names = [automation["name"] for automation in api.post("/automations/filter").json()]
    assert sorted(names) == [
        "Luthier: end cancelled runs whose process is gone",
        "Luthier: end runs whose process is gone",
    ]


@pytest.mark.parametrize("part", ["database", "builder", "server"])
def test_a_killed_part_comes_back(running: Any, part: str) -> None:
    """SIGKILL of a part: it is back at the same address within seconds, and is reported."""
    before = running.state()
    restarts = running.part(part).restarts
    os.kill(before.pids[part], signal.SIGKILL)
    assert running.eventually(lambda: running.part(part).restarts > restarts)
    assert running.eventually(lambda: running.part(part).status == "ready")
    after = running.state()
    assert after.pids[part] != before.pids[part]
    assert after.prefect_api_url == before.prefect_api_url
    assert "SIGKILL" in running.part(part).detail
    assert httpx.get(f"{after.prefect_api_url}/health", timeout=20).is_success
    assert httpx.get(str(after.builder_url), timeout=20).is_success
    assert _query(after.database_url, "SELECT 1") == [(1,)]


def test_a_killed_keeper_is_replaced(running: Any) -> None:
    """SIGKILL of the process that looks after the worker: the worker ends and comes back."""
    worker = running.pid("worker")
    keeper = psutil.Process(worker).ppid()
    os.kill(keeper, signal.SIGKILL)
    assert running.eventually(lambda: running.pid("worker") != worker)
    assert running.eventually(lambda: worker not in {p.pid for p in running.processes()})


def test_a_run_survives_its_worker_and_can_still_be_cancelled(running: Any) -> None:
    """SIGKILL of the worker: the run goes on; cancelling it ends its processes all the same."""
    run_id = running.start_run(300)
    assert running.eventually(lambda: len(running.run_pids(run_id)) >= 2)
    pids, worker = running.run_pids(run_id), running.pid("worker")
    os.kill(worker, signal.SIGKILL)
    assert running.eventually(lambda: running.pid("worker") != worker)
    assert running.run_pids(run_id) == pids
    with running.api() as api:
        cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
        api.post(f"/flow_runs/{run_id}/set_state", json=cancelling)
    assert running.eventually(lambda: running.run_state(run_id)["type"] == "CANCELLED", 30)
    assert running.run_pids(run_id) == []


def test_a_run_whose_worker_and_process_are_killed_crashes(running: Any) -> None:
    """Nothing is left to report its end, so the stack does, with the reason."""
    run_id = running.start_run(300)
    for pid in [running.pid("worker"), *running.run_pids(run_id)]:
        os.kill(pid, signal.SIGKILL)
    assert running.eventually(lambda: running.run_state(run_id)["type"] == "CRASHED", 30)
    assert "has ended without a result" in running.run_state(run_id)["message"]


def test_a_killed_supervisor_leaves_nothing_and_the_next_up_mends_all(running: Any) -> None:
    """SIGKILL of the supervisor: all else ends by itself; `up` recovers data, runs and state."""
    run_id = running.start_run(300)
    old = running.state()
    os.kill(old.pid, signal.SIGKILL)
    assert running.eventually(lambda: not running.processes(), 15), running.processes()
    assert read_state(running.settings) is not None  # stale
    assert running_stack(running.settings) is None
    assert running.luthier("status").returncode == 3
    running.up()
    assert running.state().stack_id != old.stack_id
    assert running.eventually(lambda: running.run_state(run_id)["type"] == "CRASHED", 30)


def test_down_ends_runs_and_ctrl_c_ends_everything(running: Any) -> None:
    """`down` leaves no process; the next start has the run, Crashed by the stop; so does Ctrl-C.

    The second start happens in a terminal, and passes over a port that is taken.
    """
    run_id = running.start_run(300)
    started = time.monotonic()
    running.down()
    assert time.monotonic() - started < 60
    assert running.processes() == []
    assert read_state(running.settings) is None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with _up_in_a_terminal(running, f"--port={port}") as up:
            assert running.eventually(lambda: running_stack(running.settings), 60)
            assert not running.state().prefect_ui_url.endswith(f":{port}")
            state = running.run_state(run_id)
            os.killpg(up.pid, signal.SIGINT)
            assert up.wait(timeout=15) == 0
    assert state["type"] == "CRASHED"
    assert "stack was stopped" in state["message"]
    assert running.processes() == []


def _up_in_a_terminal(stack: Any, *arguments: str) -> subprocess.Popen[bytes]:
    # Tests that run without a terminal may ignore SIGHUP, and what they start inherits it.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    return subprocess.Popen(
        stack.argv("up", *arguments),
        env=stack.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_down_without_up_is_no_error(stopped: Any) -> None:
    """Stopping what does not run succeeds and says so; `status` answers 3."""
    done = stopped.luthier("down", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"ok": True, "stopped": False})
    status = stopped.luthier("status", "--json")
    assert status.returncode == 3
    assert json.loads(status.stdout)["running"] is False


def test_a_closed_terminal_during_the_start_stops_what_has_started(stopped: Any) -> None:
    """SIGHUP ends everything as Ctrl-C does, and does not wait until all is ready."""
    with _up_in_a_terminal(stopped) as up:
        assert stopped.eventually(lambda: "server" in stopped.state().pids)
        os.killpg(up.pid, signal.SIGHUP)
        assert up.wait(timeout=15) == 0
    assert stopped.processes() == []


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["here", "detached"])
def test_a_database_that_does_not_answer_is_reported(stopped: Any, detach: list[str]) -> None:
    """Exit code 3, the URL without its password, and what to do; nothing keeps running."""
    url = "postgresql://someone:secret@127.0.0.1:1/db"
    done = stopped.luthier("up", *detach, DATABASE_URL=url)
    assert done.returncode == 3
    assert "database-unreachable" in done.stderr
    assert "Check DATABASE_URL" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert stopped.processes() == []


def test_a_part_that_cannot_start_is_reported_with_its_log(stopped: Any) -> None:
    """A setting that Prefect refuses: exit code 3 and the end of the log, not a wait."""
    done = stopped.luthier("up", "--json", PREFECT_SERVER_DATABASE_TIMEOUT="soon")
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert error["code"] in {"server-not-started", "worker-not-started"}
    assert "valid number" in error["message"]
    assert stopped.processes() == []
