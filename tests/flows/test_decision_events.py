"""What Prefect's automations are told of decisions, and what they are not told."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.deployments.store.action_plans import Asker
from prefect_luthier.flows.acceptance import accept
from prefect_luthier.flows.decision_events import discreet, publish
from prefect_luthier.flows.execute_actions import execute_actions, tell
from prefect_luthier.settings import Settings, load_settings

MAIL = PlannedAction(
    provider="google",
    action="gmail.send",
    params={"to": "eve@elsewhere.example", "subject": "s", "text": "t"},
)


async def events(prefect_api: str, name: str) -> list[dict[str, Any]]:
    """Wait until the server has kept events of this name, and return them."""
    asked = {"filter": {"event": {"name": [name]}}}
    async with httpx.AsyncClient(base_url=prefect_api) as api:
        async with asyncio.timeout(30):
            while True:
                found = (await api.post("/events/filter", json=asked)).json()["events"]
                if found:
                    return found
                await asyncio.sleep(0.2)


async def test_a_refusal_is_an_event_that_names_nobody(
    luthier_settings: Settings, prefect_api: str
) -> None:
    """Who asked, the action and the rule are told; the recipient's name is not."""
    asker = Asker("ann", "lab")
    settings = load_settings()
    await tell(accept([MAIL], asker, settings), asker, settings)
    payload = next(
        event["payload"]
        for event in await events(prefect_api, "luthier.actions.denied")
        if event["payload"]["workspace"] == "lab"
    )
    assert (payload["actor"], payload["denied"][0]["rule"]) == ("ann", "no-rule-allows")
    assert "…@elsewhere.example" in payload["denied"][0]["reason"]
    assert "eve" not in str(payload)


async def test_a_refused_run_names_nobody(luthier_settings: Settings, prefect_api: str) -> None:
    """The state of the run, which Prefect keeps, has the reason without the recipient."""
    state = await execute_actions([MAIL], return_state=True)
    assert state.is_failed()
    assert "no-rule-allows" in str(state.message)
    assert "eve" not in str(state.message)


async def test_without_a_server_nobody_is_told(clean_environment: Any) -> None:
    """Decisions do not depend on a server that hears of them."""
    nowhere = Settings(_env_file=None, LUTHIER_PREFECT_API_URL="http://127.0.0.1:9/api")
    await publish(nowhere, "luthier.test", {"prefect.resource.id": "luthier.test"}, {})
    await publish(Settings(_env_file=None), "luthier.test", {"prefect.resource.id": "x"}, {})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("550 <bob@x.example> no such user", "550 <…@x.example> no such user"),
        ("'o.b+c@x.example', d@y.example", "'…@x.example', …@y.example"),
        ("mailto:b@x.example", "mailto:…@x.example"),
        (f"<luthier.{'a1' * 20}@x.example>", f"<luthier.{'a1' * 20}@x.example>"),
        ("@handle and a @ b", "@handle and a @ b"),
    ],
    ids=["in brackets", "several", "link", "our own Message-ID", "no address"],
)
def test_addresses_are_shortened(text: str, told: str) -> None:
    """The domain stays, by which an operator sees what kind of recipient it was."""
    assert discreet({"a": [text]}) == {"a": [told]}
