"""Registration against a real Prefect server and a real PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError
from sqlmodel import Session

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.store.audit import events_of
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import load_definition
from prefect_luthier.errors import InvalidDefinition, LuthierError, ServiceUnreachable, UsageError
from prefect_luthier.flows.register import list_registered, register, unregister
from prefect_luthier.settings import Settings, load_settings

EXAMPLE: dict[str, Any] = {
    "id": "report",
    "version": "1.0.0",
    "name": "A report",
    "tags": ["git"],
    "parameters": {"repo": {"type": "path", "required": True}, "days": {"type": "integer"}},
    "triggers": [{"cron": "0 7 * * 1-5", "timezone": "Europe/Berlin"}],
    "steps": {
        "show": {"run": "git -C ${{ params.repo }} log"},
        "count": {"run": "wc -l", "needs": ["show"]},
    },
}


def example(**changes: Any) -> Definition:
    """Return the example definition with changes."""
    return Definition.model_validate({**EXAMPLE, **changes})


@pytest.fixture
def settings(
    clean_environment: Any, postgres_url: str, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Give settings that name the test's database and server."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    monkeypatch.setenv("LUTHIER_ACTOR", "alice")
    return load_settings()


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[PrefectClient]:
    """Give a client of a server with the work pool, and no deployment left over."""
    async with get_client() as opened:
        with contextlib.suppress(ObjectAlreadyExists):
            await opened.create_work_pool(WorkPoolCreate(name=settings.work_pool, type="process"))
        yield opened
        for deployment in await opened.read_deployments():
            await opened.delete_deployment(deployment.id)


async def test_a_definition_becomes_a_deployment(client: PrefectClient, settings: Settings) -> None:
    """Flow name, tags, version, schedule, form and provenance are what a person sees in Prefect."""
    done = await register(
        example(), "text", values={"repo": "/src"}, provenance={"drafter": "offline"}
    )
    found = await client.read_deployment_by_name("report/luthier")
    assert done.created
    assert str(found.id) == done.deployment_id
    assert done.url.endswith(f"/deployments/deployment/{found.id}")
    assert found.tags == ["git", "luthier"]
    assert found.version == "1.0.0"
    assert found.schedules[0].active
    assert found.parameters["inputs"] == {"repo": "/src"}
    assert "drafter | offline" in (found.description or "")
    assert "registered by | alice" in (found.description or "")
    assert "show" in (found.description or "")
    assert example().digest in (found.description or "")
    with Session(open_store(settings)) as session:
        stored = load_definition(session, "report", digest=example().digest)
        assert stored is not None
        assert stored.text == "text"
        assert [event.action for event in events_of(session, "report")] == ["workflow.registered"]


async def test_registering_twice_changes_nothing(client: PrefectClient) -> None:
    """The second time nothing is written, in Prefect or in the store."""
    first = await register(example(), "text")
    before = await client.read_deployment_by_name("report/luthier")
    second = await register(example(), "text")
    after = await client.read_deployment_by_name("report/luthier")
    assert (second.created, second.updated) == (False, False)
    assert second.deployment_id == first.deployment_id
    assert after.updated == before.updated


async def test_what_a_person_changed_stays(client: PrefectClient) -> None:
    """A paused schedule, an added schedule and a limit survive an update."""
    await register(example(), "text", values={"repo": "/src"})
    found = await client.read_deployment_by_name("report/luthier")
    await client.update_deployment_schedule(found.id, found.schedules[0].id, active=False)
    base: Any = f"/deployments/{found.id}"
    added = {"schedule": {"cron": "0 0 * * 0"}, "active": True, "max_scheduled_runs": 2}
    await client.request("POST", f"{base}/schedules", json=[added])  # type: ignore[arg-type]
    await client.request("PATCH", base, json={"concurrency_limit": 7})
    done = await register(example(version="1.1.0"), "text 2")
    after = await client.read_deployment_by_name("report/luthier")
    assert done.updated
    assert sorted((s.schedule.cron, s.active) for s in after.schedules) == [
        ("0 0 * * 0", True),
        ("0 7 * * 1-5", False),
    ]
    assert {s.max_scheduled_runs for s in after.schedules} == {None, 2}
    assert after.global_concurrency_limit.limit == 7
    assert after.version == "1.1.0"
    assert len(done.kept) == 3


async def test_a_breaking_parameter_change_is_refused(client: PrefectClient) -> None:
    """A new required parameter would break the schedule: refused, unless told or given."""
    await register(example(), "text", values={"repo": "/src"})
    breaking = example(parameters={**EXAMPLE["parameters"], "team": {"required": True}})
    with pytest.raises(LuthierError, match=r"0 7 \* \* 1-5 .*team") as refused:
        await register(breaking, "text")
    assert refused.value.code == "breaks-schedules"
    assert (await client.read_deployment_by_name("report/luthier")).version == "1.0.0"
    given = await register(breaking, "text", values={"team": "red"})
    assert given.updated
    worse = example(parameters={**EXAMPLE["parameters"], "other": {"required": True}})
    assert (await register(worse, "text", replace=True)).updated


async def test_the_form_is_enforced_by_the_server(client: PrefectClient) -> None:
    """A wrong value, an unknown field and another identity are refused with a reason."""
    done = await register(example(), "text")
    path: Any = f"/deployments/{done.deployment_id}/create_flow_run"
    for parameters, reason in (
        ({"inputs": {}}, "repo"),
        ({"inputs": {"repo": "/src", "days": "many"}}, "days"),
        ({"inputs": {"repo": "/src"}, "workflow": "other"}, "workflow"),
    ):
        with pytest.raises(PrefectHTTPStatusError) as refused:
            await client.request("POST", path, json={"parameters": parameters})
        assert refused.value.response.status_code == 409
        assert reason in refused.value.response.text
    accepted = await client.request(
        "POST", path, json={"parameters": {"inputs": {"repo": "/src", "days": 3}}}
    )
    assert accepted.json()["parameters"]["digest"] == example().digest


async def test_equal_triggers_are_one_schedule(client: PrefectClient) -> None:
    """A trigger that is written twice is a warning, and no reason to register nothing."""
    await register(example(triggers=[*EXAMPLE["triggers"], *EXAMPLE["triggers"]]), "text")
    written = await client.read_deployment_by_name("report/luthier")
    assert len(written.schedules) == 1


async def test_a_schedule_waits_for_its_required_value(client: PrefectClient) -> None:
    """Without a value the schedule is registered paused; the value switches it on."""
    without = await register(example(), "text")
    before = await client.read_deployment_by_name("report/luthier")
    given = await register(example(), "text", values={"repo": "/src"})
    again = await register(example(), "text")
    after = await client.read_deployment_by_name("report/luthier")
    assert without.waiting == ["schedule 0 7 * * 1-5 Europe/Berlin stays off: no repo"]
    assert "schedule 0 7 * * 1-5 Europe/Berlin is switched on" in given.changes
    assert given.waiting == again.waiting == []
    assert [s.active for s in before.schedules] == [False]
    assert [s.active for s in after.schedules] == [True]
    assert before.schedules[0].id == after.schedules[0].id


async def test_a_dry_run_writes_nothing(client: PrefectClient) -> None:
    """A dry run says what would change."""
    await register(example(), "text")
    planned = await register(example(version="2.0.0"), "text", dry_run=True)
    assert "version: 1.0.0 -> 2.0.0" in planned.changes
    assert (await client.read_deployment_by_name("report/luthier")).version == "1.0.0"


async def test_a_wrong_value_registers_nothing(client: PrefectClient) -> None:
    """A value that does not fit its parameter is refused before anything is written."""
    with pytest.raises(InvalidDefinition, match="cannot be used"):
        await register(example(), "text", values={"days": "many"})
    assert await list_registered() == []


async def test_list_and_unregister(client: PrefectClient, settings: Settings) -> None:
    """What is registered is listed; what is unregistered is gone, its definition stays."""
    await register(example(), "text")
    assert [(w.id, w.version) for w in await list_registered()] == [("report", "1.0.0")]
    assert await unregister("report")
    assert await list_registered() == []
    with Session(open_store(settings)) as session:
        assert load_definition(session, "report") is not None
    with pytest.raises(UsageError, match="no workflow 'report'"):
        await unregister("report")


async def test_a_deployment_deleted_in_prefect_comes_back(client: PrefectClient) -> None:
    """Registering after a person deleted the deployment creates it anew."""
    first = await register(example(), "text")
    await client.delete_deployment(first.deployment_id)
    again = await register(example(), "text")
    assert again.created
    assert again.deployment_id != first.deployment_id


async def test_an_absent_server_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer is one clear error."""
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:1/api does not answer"):
        await list_registered()
