"""Searching as a flow: on a real server and database, with a scripted model over real HTTP."""

from __future__ import annotations

import asyncio
import importlib
import json
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import Session

from prefect_luthier.flows.rosette import search_runners
from prefect_luthier.flows.rosette.context_form import ContextForm
from prefect_luthier.flows.rosette.search_progress import Round, search_listener
from prefect_luthier.flows.rosette.search_rosette import quick_check, search_rosette
from prefect_luthier.rmos.store.searches import attempts_of, find_search, recent_searches
from prefect_luthier.settings import Settings

CONTEXT: dict[str, Any] = {
    "target_diameter_mm": 116.0,
    "intent": {
        "rings": [3, 7],
        "patterns": ["herringbone", "line"],
        "complexity": "medium",
        "note": "warm",
    },
}
IMPOSSIBLE = CONTEXT | {"top_thickness_mm": 0.9}
ANSWER = {
    "thought": "",
    "soundhole_diameter_mm": None,
    "edge_land_mm": 5.0,
    "channel_depth_mm": 1.2,
    "inlay_thickness_mm": 1.4,
    "glue_gap_mm": 0.05,
    "depth_per_pass_mm": 0.6,
    "rings": [
        {
            "width_mm": 3.0,
            "land_after_mm": 0.0,
            "pattern": pattern,
            "material": material,
            "tile_length_mm": None,
        }
        for pattern, material in (("line", "ebony"), ("herringbone", "holly"), ("line", "ebony"))
    ],
}


@pytest.fixture
def settings(luthier_settings: Settings, prefect_api: str) -> Settings:
    """Give settings with a store and a Prefect server."""
    assert prefect_api
    return luthier_settings


def form(**changes: Any) -> ContextForm:
    return ContextForm.model_validate(CONTEXT | changes)


def artifacts_of(api: str, run_id: str) -> dict[str, str]:
    found = httpx.post(
        f"{api}/artifacts/filter",
        json={"artifacts": {"flow_run_id": {"any_": [run_id]}}},
    ).json()
    return {each["key"]: each["type"] for each in found}


async def test_a_search_is_recorded_and_shown(
    settings: Settings, prefect_api: str, session: Session
) -> None:
    """Every attempt is a row, equal to the document's; Prefect shows progress, table, picture."""
    rounds: list[Round] = []
    token = search_listener.set(rounds.append)
    try:
        document = await search_rosette(form(), attempts=40, seconds=120, seed=7, wanted_score=100)
    finally:
        search_listener.reset(token)
    assert (document["status"], document["attempts_made"]) == ("best_effort", 40)
    row = find_search(session, document["run_id"])
    assert (row.status, row.best_digest, row.best_score) == (
        "best_effort", document["digest"], document["score"],
    )  # fmt: skip
    attempts = attempts_of(session, row.id)
    assert [each.spec_digest for each in attempts] == [a["digest"] for a in document["attempts"]]
    assert [each.number for each in attempts] == list(range(1, 41))
    assert rounds[-1].made == 40
    assert artifacts_of(prefect_api, document["run_id"]) == {
        "rosette-search-progress": "progress",
        "rosette-search": "markdown",
        "rosette-search-attempts": "table",
        "rosette-search-best": "image",
    }
    again = await search_rosette(form(), attempts=40, seconds=120, seed=7, wanted_score=100)
    assert [a["digest"] for a in again["attempts"]] == [a["digest"] for a in document["attempts"]]


async def test_processes_make_the_same_attempts(settings: Settings) -> None:
    """Where the islands run changes no attempt."""
    wish: dict[str, Any] = {"attempts": 24, "seconds": 120, "islands": 2, "wanted_score": 100}
    here = await search_rosette(form(), **wish)
    there = await search_rosette(form(), **wish, task_runner="processes")
    assert [a["digest"] for a in there["attempts"]] == [a["digest"] for a in here["attempts"]]


async def test_what_cannot_be_made_is_an_answer(settings: Settings, session: Session) -> None:
    """The run completes, names the constraint, and the record has it."""
    document = await quick_check(ContextForm.model_validate(IMPOSSIBLE))
    assert (document["status"], document["best"], document["attempts"]) == ("exhausted", None, [])
    assert [each["code"] for each in document["binding_constraints"]] == ["FLOOR"]
    row = find_search(session, document["run_id"])
    assert row.binding_constraints == document["binding_constraints"]


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"attempts": 10**7}, "attempts is"),
        ({"seconds": -1.0}, "seconds is -1"),
        ({"context": form(material="spruce-pine")}, "spruce-pine"),
        ({"generator": "llm"}, "no language model is configured"),
        ({"generator": "llm", "llm_provider": "nobody"}, "nobody"),
    ],
    ids=["attempts", "seconds", "material", "no model", "no block"],
)
async def test_what_is_refused_leaves_nothing(
    settings: Settings, session: Session, wish: dict[str, Any], says: str
) -> None:
    """The run fails with the finding, and no search is stored."""
    state = await search_rosette(return_state=True, **wish)
    assert state.is_failed()
    assert says in state.message
    with pytest.raises(Exception, match="no search"):
        find_search(session, state.state_details.flow_run_id)


async def test_dask_is_an_extra(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without prefect-dask the run fails with the command that installs it."""
    monkeypatch.setitem(sys.modules, "prefect_dask", None)
    state = await search_rosette(form(), attempts=5, task_runner="dask", return_state=True)
    assert state.is_failed()
    assert "pip install 'prefect-luthier[dask]'" in state.message


async def test_dask_makes_the_same_attempts(settings: Settings) -> None:
    """A Dask cluster of the machine's own changes no attempt either."""
    pytest.importorskip("prefect_dask")
    importlib.reload(search_runners)
    wish: dict[str, Any] = {"attempts": 16, "seconds": 120, "islands": 2, "wanted_score": 100}
    here = await search_rosette(form(), **wish)
    there = await search_rosette(form(), **wish, task_runner="dask")
    assert [a["digest"] for a in there["attempts"]] == [a["digest"] for a in here["attempts"]]


async def test_a_model_proposes_over_http(
    settings: Settings,
    session: Session,
    model_server: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bad answers, refusals and errors are attempts with reasons; the good one is the result."""
    server = model_server(
        {"raw": "{not json"},
        {"refusal": "I will not."},
        {"answer": ANSWER | {"rings": []}},
        {"answer": ANSWER, "expect": "best_so_far"},
        {"answer": ANSWER | {"glue_gap_mm": 0.07}, "expect": '\\"score\\"'},
    )
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    document = await search_rosette(
        form(), attempts=5, seconds=120, generator="llm", wanted_score=100
    )
    assert document["status"] == "best_effort", document["attempts"]
    codes = [[v["code"] for v in a["violations"]] for a in document["attempts"]]
    assert codes == [["ANSWER"], ["MODEL"], ["ANSWER"], [], []]
    temperatures = [request["temperature"] for request in server.requests]
    assert temperatures == sorted(temperatures)
    assert temperatures[0] < temperatures[-1]
    row = find_search(session, document["run_id"])
    stored = attempts_of(session, row.id)
    assert [bool(each.spec) for each in stored] == [False, False, False, True, True]
    assert row.generator == "llm"


async def test_a_model_that_never_answers_fails_the_run(
    settings: Settings,
    session: Session,
    model_server: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The run says what the model's server said; the calls are recorded."""
    server = model_server({"status": 401, "error": {"message": "bad key"}, "repeat": True})
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    state = await search_rosette(form(), attempts=9, generator="llm", return_state=True)
    assert state.is_failed()
    assert "the model never answered" in state.message
    row = find_search(session, state.state_details.flow_run_id)
    assert (row.status, len(attempts_of(session, row.id))) == ("exhausted", 3)


async def test_a_model_is_not_waited_for_beyond_the_time(
    settings: Settings, model_server: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow model costs what is left of the time, not its own time limit."""
    server = model_server({"answer": ANSWER}, {"answer": ANSWER, "delay_s": 30, "repeat": True})
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", server.url)
    document = await search_rosette(
        form(), attempts=9, seconds=3, generator="llm", wanted_score=100
    )
    assert document["status"] == "timeout"
    assert document["best"] is not None
    assert document["time_s"] < 20


SCRIPT = """
import asyncio, sys
from prefect_luthier.flows.rosette.context_form import ContextForm
from prefect_luthier.flows.rosette.search_progress import search_listener
from prefect_luthier.flows.rosette.search_rosette import search_rosette
search_listener.set(lambda brought: print(brought.made, flush=True))
context = ContextForm.model_validate_json(sys.argv[1])
wish = {"attempts": 20000, "seconds": 600, "wanted_score": 100}
asyncio.run(search_rosette(context, **wish, return_state=True))
"""


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, "cancelled"), (signal.SIGKILL, "running")],
    ids=["cancelled", "killed"],
)
async def test_an_ended_search_leaves_a_consistent_record(
    settings: Settings, session: Session, number: signal.Signals, status: str
) -> None:
    """Cancelled or killed: the attempts that anybody heard of are stored, without a hole."""
    search = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SCRIPT, json.dumps(CONTEXT), stdout=asyncio.subprocess.PIPE
    )
    assert search.stdout is not None
    heard = [int(await search.stdout.readline()) for _ in range(2)][-1]
    search.send_signal(number)
    await search.communicate()
    row = recent_searches(session, 1)[0]
    assert row.status == status
    numbers = [each.number for each in attempts_of(session, row.id)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= heard
    if status == "cancelled":
        assert row.attempts_made == len(numbers)
        assert row.ended_at is not None


async def test_a_run_that_is_executed_again_has_one_record(
    settings: Settings, session: Session, prefect_api: str
) -> None:
    """Prefect's retry finds the search of the run again and repeats its attempts."""
    first = await search_rosette(form(), attempts=6, seconds=120, wanted_score=100)
    from prefect.client.orchestration import get_client
    from prefect.flow_engine import run_flow_async
    from prefect.states import Pending

    async with get_client() as client:
        run_id = UUID(first["run_id"])
        await client.set_flow_run_state(run_id, Pending(), force=True)
        flow_run = await client.read_flow_run(run_id)
    again = await run_flow_async(
        search_rosette,
        flow_run=flow_run,
        parameters={"context": form(), "attempts": 6, "seconds": 120, "wanted_score": 100},
    )
    assert again["run_id"] == first["run_id"]
    assert len(attempts_of(session, find_search(session, first["run_id"]).id)) == 6
