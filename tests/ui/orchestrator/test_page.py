"""The orchestrator page's logic, with a real database and without a browser or a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select
from streamlit.testing.v1 import AppTest

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.jobs import list_jobs
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow, EffectRow
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.orchestrator.budget_gauge import gauge
from prefect_luthier.ui.orchestrator.plan_cards import _listed
from prefect_luthier.ui.orchestrator.services import Budget

LUNCH = 'email ann@ours.com with subject "Lunch" saying "At noon?"'
POLICY = """
[[rule]]
id = "ours-only"
effect = "allow"
actions = ["smtp.send"]
recipients = ["*@ours.com"]
"""


def _script() -> None:
    from prefect_luthier.ui.orchestrator import page

    page.show()


@pytest.fixture
def page(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[AppTest]:
    """Give the opened page; mails may go to our own people, over SMTP."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY)
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    monkeypatch.setenv("LUTHIER_POLICY_FILE", str(policy))
    monkeypatch.setenv("LUTHIER_ACTOR", "ann")
    yield AppTest.from_function(_script, default_timeout=30).run()
    open_store(load_settings()).dispose()


def words(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def plan(page: AppTest, request: str) -> None:
    page.text_area[0].input(request)
    page.button(key="FormSubmitter:orchestrator_request-Plan").click().run()
    settle(page)


def settle(page: AppTest) -> None:
    deadline = time.monotonic() + 60
    while page.session_state["luthier_orchestrator"].planning is not None:
        assert time.monotonic() < deadline, "no plan within a minute"
        page.run()
    page.run()


def do_it(page: AppTest):
    return next(button for button in page.button if button.label.startswith("Do "))


def test_it_opens_with_what_it_is_for(page: AppTest) -> None:
    """Nothing is planned, nothing is under way, and no limit of tokens is set."""
    assert not page.exception
    assert "No plan yet" in words(page)
    assert "No jobs" in words(page)
    assert "no limit is set" in words(page)


def test_a_plan_shows_what_is_permitted_before_anything_happens(page: AppTest) -> None:
    """The card holds the words of the request, the verdict the rule that decided."""
    plan(page, LUNCH)
    assert not page.exception
    assert [field.value for field in page.text_input if field.label == "To"] == ["ann@ours.com"]
    assert "ours-only" in words(page)
    assert not do_it(page).disabled
    with Session(open_store(load_settings())) as session:
        assert list_jobs(session) == []


def test_an_edit_is_judged_at_once(page: AppTest) -> None:
    """Another recipient is refused with the reason, and nothing can be executed."""
    plan(page, LUNCH)
    next(field for field in page.text_input if field.label == "To").input("bob@theirs.com").run()
    assert "refused" in words(page)
    assert "bob@theirs.com" in words(page)
    assert do_it(page).disabled


def test_what_is_let_happen_becomes_a_job_as_edited(page: AppTest) -> None:
    """The job has the edited text; it stands in the list, and a second click is not offered."""
    plan(page, LUNCH)
    next(field for field in page.text_input if field.label == "Subject").input("Supper").run()
    do_it(page).click().run()
    assert not page.exception
    with Session(open_store(load_settings())) as session:
        (job,) = list_jobs(session)
        assert (job.params["subject"], job.actor, job.status) == ("Supper", "ann", "pending")
    assert "Supper" in words(page)
    assert not [button for button in page.button if button.label.startswith("Do ")]


def test_a_pending_job_can_be_cancelled(page: AppTest) -> None:
    """Nobody has begun it: it ends at once."""
    plan(page, LUNCH)
    do_it(page).click().run()
    next(button for button in page.button if button.label == "Cancel").click().run()
    with Session(open_store(load_settings())) as session:
        assert list_jobs(session)[0].status == "cancelled"


def test_a_question_is_answered_in_place(page: AppTest) -> None:
    """The answer completes the request; the plan follows."""
    plan(page, 'email ann@ours.com saying "At noon?"')
    assert "subject" in words(page)
    page.text_input[0].input('subject "Lunch"')
    page.button(key="FormSubmitter:orchestrator_answer-Answer").click().run()
    settle(page)
    assert [field.value for field in page.text_input if field.label == "Subject"] == ["Lunch"]


def test_a_refusal_says_why(page: AppTest) -> None:
    """What the offline planner cannot do is told with what would help."""
    plan(page, "paint the fence")
    assert "language model" in words(page)


def test_leaving_out_an_action_empties_the_plan(page: AppTest) -> None:
    """Without actions there is nothing to let happen."""
    plan(page, LUNCH)
    next(button for button in page.button if button.label == "Leave out").click().run()
    assert "left out" in words(page)
    assert not [button for button in page.button if button.label.startswith("Do ")]


@pytest.mark.parametrize(
    ("button", "state"), [("It was sent", "sent"), ("It was not sent", "failed")]
)
def test_a_person_settles_what_nobody_knows(page: AppTest, button: str, state: str) -> None:
    """An effect in doubt shows with its mark, and takes the answer once."""
    with Session(open_store(load_settings())) as session:
        session.add(
            EffectRow(
                client_request_id="k-1",
                body_hash="h",
                action="smtp.send",
                state="unknown",
                marker="<mark@luthier>",
                provider_reference={},
                claimed_by="c",
                lease_until=now(),
                updated_at=now() - timedelta(minutes=20),
            )
        )
        session.add(
            ActionJobRow(
                actor="ann",
                provider="smtp",
                action="smtp.send",
                params={"to": ["bob@ours.com"], "subject": "Supper"},
                client_request_id="k-1",
                body_hash="h",
                status="error",
            )
        )
        session.commit()
    page.run()
    assert "&lt;mark@luthier&gt;" in words(page)
    assert "bob@ours.com · Supper" in words(page)
    page.text_input(key="doubt_note_k-1").input("looked into the mailbox").run()
    next(each for each in page.button if each.label == button).click().run()
    assert not page.exception
    with Session(open_store(load_settings())) as session:
        assert session.exec(select(EffectRow.state)).one() == state
    assert "Waiting for you" not in words(page)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a@x.co, b@x.co", ["a@x.co", "b@x.co"]),
        ('"Doe, Ann" <a@x.co>, b@x.co', ['"Doe, Ann" <a@x.co>', "b@x.co"]),
        ('"Doe, Ann <a@x.co>', ['"Doe', "Ann <a@x.co>"]),
        (" , ", []),
    ],
    ids=["two", "a comma in a name", "an open quote", "nobody"],
)
def test_recipients_are_edited_as_a_list(text: str, parts: list[str]) -> None:
    """A comma in a quoted name does not make two recipients of one."""
    assert _listed(text) == parts


def test_the_gauge_tells_spent_from_set_aside() -> None:
    """Both widths stand for their share; a screen reader gets the sum."""
    html = gauge(Budget(settled=2000, reserved=1000, limit=8000))
    assert 'aria-valuenow="3000"' in html
    assert "width:25.0%" in html
    assert "width:12.5%" in html
