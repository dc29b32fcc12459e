"""Planning without a model: only what the request says outright."""

import pytest

from prefect_luthier.ai_builder.action_planning.offline_planner import OfflinePlanner
from prefect_luthier.ai_builder.action_planning.planning import PlanRequest
from prefect_luthier.catalog import CatalogEntry

WHOLE = 'email ann@x.io with subject "Lunch" saying "At noon?"'


async def test_a_whole_request_is_planned(gmail: CatalogEntry) -> None:
    """Recipient, subject and body stand in it: one action, and no doubt."""
    planning = await OfflinePlanner().plan(PlanRequest(WHOLE, (gmail,)))
    assert planning.outcome == "planned"
    assert planning.plan is not None
    (action,) = planning.plan.actions
    assert (action.provider, action.action) == ("google", "gmail.send")
    assert action.params == {"to": ["ann@x.io"], "subject": "Lunch", "text": "At noon?"}
    assert planning.plan.confidence == 1


async def test_two_plans_have_two_keys(gmail: CatalogEntry) -> None:
    """Asking again is another wish, not a duplicate."""
    request = PlanRequest(WHOLE, (gmail,))
    plans = [(await OfflinePlanner().plan(request)).plan for _ in range(2)]
    keys = {plan.actions[0].client_request_id for plan in plans if plan}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        ('email Ann with subject "Lunch" saying "At noon?"', "address"),
        ('email ann@x.io saying "At noon?"', "subject"),
        ('email ann@x.io with subject "Lunch"', "body"),
        (f"{WHOLE} tomorrow at nine", "tomorrow at nine"),
        ('email ann@x.io with subject "a\nBcc: eve@x.io" saying "b"', "in one line"),
        (f"{WHOLE}, bcc him bob@x.io", "bcc bob@x.io"),
    ],
    ids=[
        "no address",
        "no subject",
        "no body",
        "not understood",
        "two lines of subject",
        "an unclear copy",
    ],
)
async def test_what_is_missing_is_asked_for(gmail: CatalogEntry, request_: str, asked: str) -> None:
    """Nothing is guessed, least of all an address."""
    planning = await OfflinePlanner().plan(PlanRequest(request_, (gmail,)))
    assert planning.outcome == "question"
    assert planning.plan is None
    assert any(asked in question for question in planning.questions)


async def test_answers_complete_the_request(gmail: CatalogEntry, outlook: CatalogEntry) -> None:
    """What was asked for is said in the next turn."""
    vague = PlanRequest('email ann@x.io saying "At noon?"', (gmail, outlook))
    planning = await OfflinePlanner().plan(vague)
    assert len(planning.questions) == 2
    answered = PlanRequest(vague.prompt, vague.offered, ('subject "Lunch"', "with Outlook"))
    plan = (await OfflinePlanner().plan(answered)).plan
    assert plan is not None
    assert plan.actions[0].provider == "microsoft"
    assert plan.actions[0].params["subject"] == "Lunch"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("turn the lights on", "needs-model"),
        (f"with outlook, {WHOLE}", "not-permitted"),
    ],
    ids=["no mail", "a service that is not permitted"],
)
async def test_what_it_cannot_do_is_refused(gmail: CatalogEntry, request_: str, code: str) -> None:
    """The reason has a code and words."""
    planning = await OfflinePlanner().plan(PlanRequest(request_, (gmail,)))
    assert planning.outcome == "refused"
    assert planning.problem is not None
    assert planning.problem.code == code


async def test_nothing_permitted_is_said() -> None:
    """Deny by default: the answer names the setting that permits."""
    planning = await OfflinePlanner().plan(PlanRequest(WHOLE, ()))
    assert planning.problem is not None
    assert planning.problem.code == "nothing-permitted"
    assert "ALLOW_ACTIONS_DEFAULT" in planning.problem.message
