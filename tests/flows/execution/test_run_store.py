"""Storing a run's results: durable, locked, and found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import Session

from prefect_luthier.deployments.definition.plan import Plan, PlannedStep
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import Parent, StepResult, step_results
from prefect_luthier.deployments.store.tables import RunRecord
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.options import Options
from prefect_luthier.flows.execution.run_store import RunStore
from prefect_luthier.settings import Settings, load_settings

PLAN = Plan(
    workflow="w",
    version="1.0.0",
    name="W",
    definition_digest="sha256:0",
    steps=(PlannedStep(id="a", name="a", run="true"),),
)


@pytest.fixture
def settings(clean_environment, postgres_url, monkeypatch) -> Settings:
    """Give settings with a database of the test's own."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    return load_settings()


async def test_recorded_result_is_durable_and_found_again(settings):
    """What `record` has returned from is in the database for every other connection."""
    run_id = uuid4()
    store = RunStore(settings, run_id)
    stored = await store.open(PLAN, "ann", Options())
    assert stored.results == {}
    result = StepResult("a", "completed", outputs={"x": [1, "nul\0"]}, exit_code=0)
    await store.record(result)
    with Session(open_store(settings)) as session:
        found = step_results(session, run_id)["a"]
    assert found.outputs == {"x": [1, "nul\ufffd"]}
    await store.record(replace(result, state="failed", attempt=2))
    await store.finish("failed", "why", [{"id": "f"}])
    await store.close()

    again = RunStore(settings, run_id)
    continued = await again.open(PLAN, "ann", Options())
    assert continued.results["a"].attempt == 2
    assert continued.started_at == stored.started_at
    await again.close()
    with Session(open_store(settings)) as session:
        assert session.get_one(RunRecord, run_id).artifacts == [{"id": "f"}]


async def test_many_results_at_once_are_all_stored(settings):
    """Results that come together are written together, and none is lost."""
    run_id = uuid4()
    store = RunStore(settings, run_id)
    await store.open(PLAN, "ann", Options())
    results = [StepResult("a", "completed", index=number) for number in range(300)]
    await asyncio.gather(*(store.record(result) for result in results))
    await store.close()
    with Session(open_store(settings)) as session:
        assert len(step_results(session, run_id)) == 300


async def test_two_processes_cannot_execute_one_run(settings):
    """The second is refused as long as the first holds the run, and not any longer."""
    run_id = uuid4()
    first = RunStore(settings, run_id)
    await first.open(PLAN, "ann", Options())
    second = RunStore(settings, run_id)
    with pytest.raises(LuthierError) as caught:
        await second.open(PLAN, "ann", Options())
    assert caught.value.code == "run-active"
    await second.close()
    await first.close()
    third = RunStore(settings, run_id)
    await third.open(PLAN, "ann", Options())
    await third.close()


async def test_another_plan_is_refused_unless_the_run_starts_afresh(settings):
    """Results of one plan never count for another."""
    run_id = uuid4()
    store = RunStore(settings, run_id)
    await store.open(PLAN, "ann", Options())
    await store.record(StepResult("a", "completed"))
    await store.close()
    changed = PLAN.model_copy(update={"version": "2.0.0"})
    store = RunStore(settings, run_id)
    with pytest.raises(LuthierError) as caught:
        await store.open(Plan.model_validate(changed.model_dump()), "ann", Options())
    assert caught.value.code == "plan-changed"
    fresh = await store.open(Plan.model_validate(changed.model_dump()), "ann", Options(fresh=True))
    assert fresh.results == {}
    await store.close()


async def test_sub_run_takes_up_what_an_earlier_try_of_its_step_finished(settings):
    """Prefect gives a repeated step a new sub-run; its finished steps still do not run again."""
    parent = Parent(uuid4(), "step")
    first = RunStore(settings, uuid4())
    await first.open(PLAN, "ann", Options(parent=parent))
    await first.record(StepResult("a", "completed", outputs={"n": 1}))
    await first.close()
    second = RunStore(settings, uuid4())
    stored = await second.open(PLAN, "ann", Options(parent=parent))
    await second.close()
    assert stored.results["a"].outputs == {"n": 1}
    other = RunStore(settings, uuid4())
    assert (await other.open(PLAN, "ann", Options(parent=Parent(uuid4(), "step")))).results == {}
    await other.close()


async def test_lost_connection_is_made_anew(settings, postgres_url):
    """A restart of the database in mid-run delays results and loses none."""
    run_id = uuid4()
    store = RunStore(settings, run_id)
    await store.open(PLAN, "ann", Options())
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await store.record(StepResult("a", "completed"))
    await store.close()
    with Session(open_store(settings)) as session:
        assert step_results(session, run_id)["a"].state == "completed"


async def test_result_that_cannot_be_stored_fails_alone(settings):
    """The database's refusal reaches the one who asked; the others of the batch are stored."""
    run_id = uuid4()
    store = RunStore(settings, run_id)
    await store.open(PLAN, "ann", Options())
    good, bad = await asyncio.gather(
        store.record(StepResult("a", "completed")),
        store.record(StepResult("b", "no such state")),
        return_exceptions=True,
    )
    assert good is None
    assert isinstance(bad, LuthierError)
    assert bad.code == "not-stored"
    await store.close()
