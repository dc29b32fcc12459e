"""Planning through the flow's function: what is offered, decided and recorded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.store.action_plans import Asker, asker_of, recent_plans
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.decisions import decisions_of
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.flows.plan_actions import (
    choose_planner,
    make_plan_of_actions,
    offered_actions,
)
from prefect_luthier.policy_rules import PolicyFile, Rule, policy_of
from prefect_luthier.settings import Settings

Serve = Callable[..., Any]
ANN = Asker("ann")


def planned(*actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "answer": {
            "intent": "tell",
            "confidence": 0.9,
            "question": None,
            "refusal": None,
            "actions": list(actions),
        }
    }


def tell(message: str) -> dict[str, Any]:
    params = {"message": message, "title": None, "level": None}
    return {"provider": "notify", "action": "notify", "params": params}


@pytest.fixture
def settings(clean_environment: Path, postgres_url: str) -> Callable[..., Settings]:
    def make(**fields: Any) -> Settings:
        return Settings(_env_file=None, DATABASE_URL=postgres_url, **fields)

    return make


async def test_a_plan_is_recorded_with_its_decisions(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """The row holds what was asked and answered; each action has a decision with its rule."""
    server = model_server(planned(tell("one"), tell("two")))
    made = settings(OPENAI_BASE_URL=server.url, ALLOW_ACTIONS_DEFAULT="notify")
    recorded = await make_plan_of_actions("tell them one and two", asker=ANN, settings=made)
    document = recorded.to_json()
    assert [each["allowed"] for each in document["decisions"]] == [True, True]
    assert document["plan"]["actions"][0]["params"] == {"message": "one"}
    assert "notify" in str(server.requests[0]["tools"])
    assert "file.write" not in str(server.requests[0]["tools"])
    with Session(open_store(made)) as session:
        (row,) = recent_plans(session)
        assert (row.id, row.actor, row.outcome) == (recorded.id, "ann", "planned")
        decided = decisions_of(session, row.correlation_id)
        assert [(each.stage, each.rule) for each in decided] == [("plan", "default:notify")] * 2


async def test_a_plan_says_at_once_what_will_be_refused(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """A plan that no execution would accept is not called permitted, whoever wrote it."""
    params = {"to": "bob@ours.com", "subject": "a\r\nBcc: eve@theirs.com", "text": "b"}
    action = {"provider": "google", "action": "gmail.send", "params": params}
    server = model_server(planned(action))
    made = settings(OPENAI_BASE_URL=server.url, ALLOW_ACTIONS_DEFAULT="gmail.send")
    recorded = await make_plan_of_actions("greet bob@ours.com", asker=ANN, settings=made)
    assert [each.rule for each in recorded.decisions] == ["header-injection"]
    with Session(open_store(made)) as session:
        decided = decisions_of(session, recent_plans(session)[0].correlation_id)
        assert [(each.stage, each.allowed) for each in decided] == [("plan", False)]


def test_who_asks_is_what_the_settings_say(settings: Callable[..., Settings]) -> None:
    """Tenant, workspace and actor of the installation hold wherever something is asked."""
    made = settings(tenant="acme", workspace="ops", actor="ann")
    assert asker_of(made) == Asker("ann", "ops", "acme")
    assert asker_of(made, "bob", "lab") == Asker("bob", "lab", "acme")


async def test_by_default_nothing_is_on_offer(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """With no policy, no model is asked and the refusal is recorded."""
    server = model_server()
    made = settings(OPENAI_BASE_URL=server.url)
    recorded = await make_plan_of_actions("tell them", asker=ANN, settings=made)
    assert recorded.planning.outcome == "refused"
    assert server.requests == []
    with Session(open_store(made)) as session:
        assert recent_plans(session)[0].outcome == "refused"


def test_an_action_for_some_recipients_is_offered_for_them_only() -> None:
    """A rule about recipients counts what the request names; the gate is asked again later."""
    catalog = Catalog([CatalogEntry(slug="x.send", kind="action", description="Send.")])
    rule = Rule(id="ours", effect="allow", actions=("x.send",), recipients=("*@ours.com",))
    policy = policy_of((), PolicyFile(rule=(rule,)))
    assert offered_actions(catalog, policy, ANN, "write to Bob@ours.com")
    assert not offered_actions(catalog, policy, ANN, "write to bob@theirs.com")


def test_planners_are_chosen_by_what_is_configured(settings: Callable[..., Settings]) -> None:
    """Without a model the offline planner serves; a wish that cannot be met is told."""
    assert choose_planner(settings(), None).name == "offline"
    with pytest.raises(LuthierError) as caught:
        choose_planner(settings(), "openai")
    assert caught.value.code == "no-model"
    with pytest.raises(UsageError):
        choose_planner(settings(), "oracle")
    made = settings(OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert choose_planner(made, None).name == "openai"
    assert choose_planner(made, "offline").name == "offline"
