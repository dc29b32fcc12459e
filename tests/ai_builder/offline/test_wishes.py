"""What is no wish for a workflow is told from what is, by the whole request."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.wishes import contradiction, is_mood, is_question

QUESTIONS = (
    "what can you do?",
    "Which actions do you have for invoices?",
    "Why did the backup fail last night?",
    "Hello! Are you a robot?",
)
WORK = (
    "which files changed in the repository? mail them to me",
    "can you send an email to Bob?",
    "how many tickets are open?",
    "fetch the page, then say what it is about",
)


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_no_work(text: str) -> None:
    """A lone question to the drafter asks for no workflow."""
    assert is_question(text)


@pytest.mark.parametrize("text", WORK)
def test_work_may_be_put_as_a_question(text: str) -> None:
    """A polite order, a measurement and a question with an order behind it are work."""
    assert not is_question(text)


CONTRADICTIONS = {
    "send the invoice and never send the invoice": (),
    "delete the logs but do not delete anything": (),
    "run it every day, but never on any day": ("0 9 * * *",),
    "run exactly once a day, every fifteen minutes": ("0 9 * * *", "*/15 * * * *"),
}
COMPATIBLE = {
    "send the report to Anna, but don't send it to Bob": (),
    "send the invoice if it is paid, and don't send the invoice otherwise": (),
    "run exactly once a day at 9": ("0 9 * * *",),
}


@pytest.mark.parametrize(("text", "crons"), CONTRADICTIONS.items(), ids=list(CONTRADICTIONS))
def test_a_contradiction_is_found(text: str, crons: tuple[str, ...]) -> None:
    """What is asked for and forbidden at once is named."""
    found = contradiction(text, crons)
    assert found is not None
    assert found in text


@pytest.mark.parametrize(("text", "crons"), COMPATIBLE.items(), ids=list(COMPATIBLE))
def test_a_limit_is_no_contradiction(text: str, crons: tuple[str, ...]) -> None:
    """Other objects, cases and a plain schedule exclude nothing."""
    assert contradiction(text, crons) is None


def test_a_mood_names_nothing_to_do() -> None:
    """`Help the sales people` is vague, an order after it is not."""
    assert is_mood("Help the sales people a bit")
    assert not is_mood("help the sales people: export the leads and mail them")
