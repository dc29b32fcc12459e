"""The built-in flows are deployments with forms, and stay as people changed them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from prefect_luthier.deployments.stack.builtin_flows import register_builtin_flows
from prefect_luthier.flows.builtin_deployments import (
    NAME,
    builtin_deployments,
    current_deployments,
)

POOL = "builtin-flows-test"


def test_the_data_is_what_the_flows_say() -> None:
    """The file that `luthier up` reads is up to date with the code."""
    assert builtin_deployments() == current_deployments()


@pytest.mark.parametrize("each", builtin_deployments(), ids=lambda each: each["flow"])
def test_every_field_of_a_form_is_labelled(each: dict[str, Any]) -> None:
    """A person sees a title and a text for each parameter, in the order of the flow."""
    deployment = each["deployment"]
    assert deployment["description"]
    assert deployment["enforce_parameter_schema"]
    fields = deployment["parameter_openapi_schema"]["properties"]
    assert [field["position"] for field in fields.values()] == list(range(len(fields)))
    for name, field in fields.items():
        assert field["title"], name
        assert field["title"] != name
        assert field.get("description"), name


@pytest.fixture
async def api(prefect_api: str) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of the session's server, with a work pool."""
    async with httpx.AsyncClient(base_url=prefect_api, timeout=30) as client:
        await client.post("/work_pools/", json={"name": POOL, "type": "process"})
        yield client


@pytest.fixture
def flows() -> list[dict[str, Any]]:
    """Give the built-in flows under names that no other test uses."""
    return [each | {"flow": f"{each['flow']}-{uuid4().hex[:6]}"} for each in builtin_deployments()]


async def deployment_of(api: httpx.AsyncClient, flow: str) -> dict[str, Any]:
    """Return a deployment as Prefect has it."""
    found: dict[str, Any] = (await api.get(f"/deployments/name/{flow}/{NAME}")).json()
    return found


async def test_registering_twice_changes_nothing(
    api: httpx.AsyncClient, flows: list[dict[str, Any]]
) -> None:
    """The first start registers every flow in the pool, the second finds them."""
    assert await register_builtin_flows(api, POOL, flows) == len(flows)
    before = [await deployment_of(api, each["flow"]) for each in flows]
    assert await register_builtin_flows(api, POOL, flows) == 0
    assert before == [await deployment_of(api, each["flow"]) for each in flows]
    assert {each["work_pool_name"] for each in before} == {POOL}


async def test_a_new_release_keeps_what_a_person_changed(
    api: httpx.AsyncClient, flows: list[dict[str, Any]]
) -> None:
    """The form is brought up to date; description, tags, values and a pause stay as they are."""
    old = []
    for each in flows[:2]:
        version = "old." + each["deployment"]["version"].partition(".")[2]
        before = {"parameter_openapi_schema": {}, "version": version}
        old.append(each | {"deployment": each["deployment"] | before})
    await register_builtin_flows(api, POOL, old)
    changed = await deployment_of(api, old[0]["flow"])
    mine = {"description": "ours", "tags": ["x"], "parameters": {"note": "hi"}, "paused": True}
    await api.patch(f"/deployments/{changed['id']}", json=mine)
    assert await register_builtin_flows(api, POOL, flows[:2]) == 2
    kept, renewed = [await deployment_of(api, each["flow"]) for each in flows[:2]]
    assert {name: kept[name] for name in mine} == mine
    assert kept["parameter_openapi_schema"]["properties"]
    assert renewed["description"] == flows[1]["deployment"]["description"]


async def test_a_form_is_enforced(api: httpx.AsyncClient, flows: list[dict[str, Any]]) -> None:
    """Prefect refuses a decision that does not exist, with a reason."""
    chosen = [each for each in flows if each["flow"].startswith("advance-design")]
    await register_builtin_flows(api, POOL, chosen)
    deployment = await deployment_of(api, chosen[0]["flow"])
    path = f"/deployments/{deployment['id']}/create_flow_run"
    parameters = {"design": "abcd", "decision": "burn"}
    answer = await api.post(path, json={"parameters": parameters})
    assert answer.status_code == 409
    assert "burn" in answer.text
    parameters["decision"] = "approve"
    assert (await api.post(path, json={"parameters": parameters})).is_success
