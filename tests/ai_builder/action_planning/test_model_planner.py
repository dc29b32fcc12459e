"""Planning with a model over real HTTP: what is sent, what is believed, what is asked."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from prefect_luthier.ai_builder.action_planning.model_planner import MAX_ROUNDS, ModelPlanner
from prefect_luthier.ai_builder.action_planning.planning import Planning, PlanRequest
from prefect_luthier.ai_builder.gate import Reservation, open_gate
from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.deployments.store.token_ledger import OverBudget

Serve = Callable[..., Any]
PROMPT = "thank john@example.com for the meeting"


async def no_wait(_seconds: float) -> None:
    return None


def mail(**params: Any) -> dict[str, Any]:
    base = {"to": ["john@example.com"], "cc": None, "subject": "Thanks", "text": "Thank you."}
    return {
        "provider": "google",
        "action": "gmail.send",
        "params": base | {"client_request_id": None} | params,
    }


def answer(*actions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    whole = {"intent": "send_email", "confidence": 0.9, "question": None, "refusal": None}
    return {"answer": whole | {"actions": list(actions)} | fields}


async def planned(
    serve: Serve, *script: dict[str, Any], prompt: str = PROMPT, offered: Any = ()
) -> tuple[Planning, Any]:
    server = serve(*script)
    provider = LLMProvider(base_url=server.url, model="scripted")
    caller = ModelCaller(provider, open_gate, sleep=no_wait)
    return await ModelPlanner(caller, 2.0, 8.0).plan(PlanRequest(prompt, offered)), server


async def test_a_plan_has_its_actions_and_what_it_cost(
    model_server: Serve, gmail: CatalogEntry
) -> None:
    """Keys are ours, nulls are gone, and tokens, attempts and cost are those of the server."""
    step = answer(mail()) | {"usage": {"prompt_tokens": 150, "completion_tokens": 200}}
    planning, server = await planned(model_server, step, offered=(gmail,))
    assert planning.plan is not None
    (action,) = planning.plan.actions
    assert action.params == {
        "to": ["john@example.com"],
        "subject": "Thanks",
        "text": "Thank you.",
    }
    assert len(action.client_request_id) == 36
    meta = planning.meta.to_json()
    assert (meta["tokens_in"], meta["tokens_out"], meta["attempts"]) == (150, 200, 1)
    assert meta["cost"] == pytest.approx((150 * 2 + 200 * 8) / 1e6)
    (sent,) = server.requests
    assert sent["tools"][0]["function"]["strict"] is True


async def test_over_budget_says_when_it_fits(model_server: Serve, gmail: CatalogEntry) -> None:
    """Nothing is sent; programs get the time, and people what to do."""
    fits_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    @asynccontextmanager
    async def full(estimate: int) -> AsyncIterator[Reservation]:
        raise OverBudget(estimate, 10, "total", fits_at)
        yield Reservation(estimate)

    server = model_server()
    caller = ModelCaller(LLMProvider(base_url=server.url, model="scripted"), full, sleep=no_wait)
    planning = await ModelPlanner(caller).plan(PlanRequest(PROMPT, (gmail,)))
    assert server.requests == []
    assert planning.outcome == "error"
    refusal = planning.to_json()["refusal"]
    assert (refusal["code"], refusal["fits_at"]) == ("model-budget", fits_at.isoformat())
    assert "03:04:05" in refusal["message"]
    assert refusal["message"].endswith("Wait until then and try again.")


async def test_only_what_is_offered_can_be_answered(
    model_server: Serve, gmail: CatalogEntry, outlook: CatalogEntry
) -> None:
    """The schema that is sent names the offered actions and no others."""
    _, server = await planned(model_server, answer(mail()), offered=(gmail, outlook))
    assert "gmail.send" in str(server.requests[0]["tools"])
    assert "outlook.send" in str(server.requests[0]["tools"])
    _, server = await planned(model_server, answer(mail()), offered=(gmail,))
    assert "outlook.send" not in str(server.requests[0])


async def test_the_provider_is_that_of_the_action(model_server: Serve, gmail: CatalogEntry) -> None:
    """A model cannot call an action another provider's."""
    planning, _ = await planned(
        model_server, answer(mail() | {"provider": "microsoft"}), offered=(gmail,)
    )
    assert planning.plan is not None
    assert planning.plan.actions[0].provider == "google"


async def test_an_account_that_is_named_is_taken(model_server: Serve, gmail: CatalogEntry) -> None:
    """The person chooses from whom a message comes."""
    planning, _ = await planned(
        model_server,
        answer(mail(account="boss")),
        prompt=f"{PROMPT}, from the account boss",
        offered=(gmail,),
    )
    assert planning.plan is not None
    assert planning.plan.actions[0].params["account"] == "boss"


async def test_a_key_of_the_models_own_is_not_taken(
    model_server: Serve, gmail: CatalogEntry
) -> None:
    """A model that repeats a key could hide a message, or replay one; it is not even asked."""
    planning, server = await planned(
        model_server, answer(mail(client_request_id="mine")), offered=(gmail,)
    )
    assert planning.plan is not None
    assert "client_request_id" not in planning.plan.actions[0].params
    assert planning.plan.actions[0].client_request_id != "mine"
    assert "client_request_id" not in str(server.requests[0]["tools"])


async def test_a_wrong_plan_is_mended(model_server: Serve, gmail: CatalogEntry) -> None:
    """What was wrong is told, and the next answer counts."""
    planning, server = await planned(
        model_server,
        answer({"provider": "x", "action": "files.delete", "params": {}}),
        answer(mail(text="")),
        answer(mail()),
        offered=(gmail,),
    )
    assert planning.outcome == "planned"
    assert planning.meta.attempts == 3
    assert "files.delete" in str(server.requests[1]["messages"][-1])
    assert "text" in str(server.requests[2]["messages"][-1])


async def test_an_invented_address_becomes_a_question(
    model_server: Serve, gmail: CatalogEntry
) -> None:
    """The request names nobody else; the person is asked, not the model."""
    script = answer(mail(to=["john@example.com", "boss@example.com"]))
    planning, server = await planned(model_server, script, offered=(gmail,))
    assert planning.outcome == "question"
    assert "boss@example.com" in planning.questions[0]
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "address",
    [
        "john@example.com, evil@x.io",
        "john@ex\u0430mple.com",
        "John <evil@x.io>",
        "john@example.com\r\nBcc: evil@x.io",
        "john@example.com.evil.io",
        "evil@[192.0.2.1], john@example.com",
        "evil%x.io@example.com",
    ],
    ids=[
        "two in one",
        "look-alike",
        "named",
        "header injection",
        "longer domain",
        "beside a known one",
        "route",
    ],
)
async def test_no_disguise_makes_an_address_known(
    model_server: Serve, gmail: CatalogEntry, address: str
) -> None:
    """Whatever a hijacked model writes, nobody is reached whom the person did not name."""
    script = answer(mail(to=[address]))
    planning, _ = await planned(model_server, script, offered=(gmail,))
    assert planning.plan is None
    assert planning.outcome == "question"


async def test_ten_thousand_actions_are_refused(model_server: Serve, gmail: CatalogEntry) -> None:
    """A flood is not a plan."""
    flood = answer(*[mail()] * 10_000)
    planning, _ = await planned(model_server, *[flood] * MAX_ROUNDS, offered=(gmail,))
    assert planning.outcome == "error"
    assert planning.problem is not None
    assert planning.problem.code == "too-many-actions"


@pytest.mark.parametrize(
    ("script", "outcome", "code"),
    [
        (answer(question="Which John?"), "question", None),
        (answer(refusal="I cannot book flights."), "refused", "not-possible"),
        (answer(mail(), refusal="I must not."), "refused", "not-possible"),
        (answer(mail(), confidence=7) | {"repeat": True}, "error", "bad-plan"),
        (answer(mail(account="boss")) | {"repeat": True}, "error", "unstated-account"),
        (answer(mail(), confidence=0.2), "question", None),
        (answer(), "question", None),
        ({"refusal": "I will not."}, "refused", "model-refused"),
        ({"text": "Su", "finish_reason": "length"}, "error", "model-truncated"),
        ({"status": 401, "error": {"message": "no"}}, "error", "model-bad-key"),
    ],
    ids=[
        "question",
        "refusal",
        "refusal with actions",
        "more than sure",
        "another's account",
        "unsure",
        "no action",
        "model refuses",
        "cut off",
        "bad key",
    ],
)
async def test_every_other_end_has_its_type(
    model_server: Serve, gmail: CatalogEntry, script: dict[str, Any], outcome: str, code: str | None
) -> None:
    """Refusals, cut-off answers, doubts and failures are told apart."""
    planning, _ = await planned(model_server, script, offered=(gmail,))
    assert planning.outcome == outcome
    assert (planning.problem.code if planning.problem else None) == code


async def test_with_nothing_on_offer_no_model_is_asked(model_server: Serve) -> None:
    """Deny by default costs no tokens."""
    planning, server = await planned(model_server)
    assert planning.problem is not None
    assert planning.problem.code == "nothing-permitted"
    assert server.requests == []
