"""The page's logic, without a browser and without a running stack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import prefect_luthier.ui.builder as package
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.builder.opening import EXAMPLES

APP = Path(package.__file__).parent / "app.py"


@pytest.fixture
def page(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AppTest]:
    """Give the freshly opened page, with a database and without a Prefect server."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    yield AppTest.from_file(str(APP), default_timeout=30).run()
    open_store(load_settings()).dispose()


def words(page: AppTest) -> str:
    """Return what the page says in its own markup and in Streamlit's."""
    own = [element.proto.body for element in page.get("html")]
    return "\n".join([*own, *(element.value for element in [*page.caption, *page.markdown])])


def session(page: AppTest):
    return page.session_state["luthier_builder"]


def settle(page: AppTest) -> None:
    """Run the page until the draft under way is there, as a browser does by itself."""
    deadline = time.monotonic() + 30
    while session(page).pending_request is not None:
        assert time.monotonic() < deadline, "no draft within 30 seconds"
        page.run()


def click_example(page: AppTest) -> None:
    page.button(key=f"example_{EXAMPLES[0][:40]}").click().run()
    settle(page)


def draft(page: AppTest, request: str) -> None:
    page.text_area(key="opening_request").input(request)
    page.button(key="FormSubmitter:request_form-Draft the workflow").click().run()
    settle(page)


def test_it_opens_with_a_question_and_examples(page: AppTest) -> None:
    """A stranger sees what to do, and that nothing runs by itself."""
    assert not page.exception
    assert "What should run for you?" in words(page)
    labels = {button.label.replace("\\", "") for button in page.button}
    assert labels >= set(EXAMPLES)


def test_it_says_kindly_that_no_server_runs(page: AppTest) -> None:
    """Drafting works without the stack, and the page says what is missing."""
    assert "Prefect does not answer" in words(page)
    assert "luthier up" in words(page)


def test_an_example_becomes_a_valid_definition_that_can_be_registered(page: AppTest) -> None:
    """One click: a definition, its summary, and the button to register it."""
    click_example(page)
    assert not page.exception
    assert "git.log@1" in session(page).text
    assert "Drafted" in words(page)
    assert not page.button(key="register").disabled
    assert "offline drafter, no model" in words(page)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_gives_a_valid_draft_without_questions(page: AppTest, example: str) -> None:
    """What the page offers to click works, without a model."""
    page.button(key=f"example_{example[:40]}").click().run()
    settle(page)
    made = session(page).exchanges[-1].draft
    assert made.ok
    assert made.questions == ()
    assert not page.button(key="register").disabled


def test_an_empty_request_asks_nobody(page: AppTest) -> None:
    """Pressing the button with nothing in the box leaves the page as it is."""
    draft(page, "   ")
    assert "What should run for you?" in words(page)


def test_a_refusal_says_what_can_be_done(page: AppTest) -> None:
    """No draft, no stack trace: a reason, and a next step."""
    draft(page, "what is the capital of France?")
    assert not page.exception
    last = session(page).exchanges[-1]
    assert last.draft.refusal
    assert "lu-note warn" in words(page)
    assert not session(page).text


def test_an_error_in_the_text_switches_registering_off_and_says_why(page: AppTest) -> None:
    """The button is there, off, with the reason beside it."""
    click_example(page)
    session(page).replace_text(session(page).text + '\n[steps.extra]\nuses = "nowhere@1"\n')
    page.run()
    assert page.button(key="register").disabled
    assert "Repair 1 error first" in words(page)


def test_one_click_applies_a_fix_and_notes_it(page: AppTest) -> None:
    """The text is mended, the cursor goes there, and the conversation says so."""
    click_example(page)
    good = session(page).text
    session(page).replace_text(good.replace("[steps.notify]", '[steps.notify]\ntimout = "5s"'))
    page.run()
    fixes = [button for button in page.button if (button.key or "").startswith("fix_")]
    assert len(fixes) == 1
    fixes[0].click().run()
    assert 'timeout = "5s"' in session(page).text
    assert "Applied the fix" in words(page)
    assert (
        session(page).reveal["line"]
        == session(page).text[: session(page).text.index("timeout")].count("\n") + 1
    )
    assert not page.button(key="register").disabled


def test_a_new_permission_must_be_allowed_first(page: AppTest) -> None:
    """A change that reaches further than the draft before needs an explicit yes."""
    click_example(page)
    step = '\n[steps.ping]\nuses = "http.request@1"\ninputs = { url = "https://example.com" }\n'
    session(page).replace_text(session(page).text + step)
    page.run()
    assert page.button(key="register").disabled
    assert "It now asks for more" in words(page)
    page.button(key="allow").click().run()
    assert not page.button(key="register").disabled
    assert "It now asks for more" not in words(page)


def test_the_changes_tab_tells_what_a_turn_changed(page: AppTest) -> None:
    """In sentences and line by line, against the text before."""
    click_example(page)
    session(page).replace_text(session(page).text.replace("0 7 * * 1-5", "30 8 * * 1-5"))
    page.run()
    assert "Changed the schedule: At 08:30" in words(page)
    assert 'tr class="removed"' in words(page)


def test_registering_without_a_server_fails_with_advice(page: AppTest) -> None:
    """The page stays as it was, with the reason and what to do."""
    click_example(page)
    page.button(key="register").click().run()
    assert not page.exception
    assert "lu-note bad" in words(page)
    assert "luthier up" in words(page)
    assert session(page).registration is None


def test_starting_over_forgets_everything(page: AppTest) -> None:
    """Back to the question."""
    click_example(page)
    next(button for button in page.button if button.label == "Start over").click().run()
    assert "What should run for you?" in words(page)


@pytest.mark.parametrize(
    "text",
    ["", "]]", "\x00", "[" * 3000, "é" * 10_000],
    ids=["empty", "syntax", "nul", "deep", "long"],
)
def test_no_text_breaks_the_page(page: AppTest, text: str) -> None:
    """Whatever is typed, the page shows findings and no error of its own."""
    click_example(page)
    session(page).replace_text(text)
    page.run()
    assert not page.exception
    assert "internal" not in words(page)
    if text:
        assert page.button(key="register").disabled


def test_an_emptied_editor_stays(page: AppTest) -> None:
    """Deleting everything leaves an editor to write in, not an empty bench."""
    click_example(page)
    session(page).replace_text("")
    page.run()
    assert "Nothing on the bench" not in words(page)
    assert page.button(key="register").disabled


def test_a_server_that_does_not_answer_is_said_kindly(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an address set and nothing there, every part of the page says so and stays."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    page = AppTest.from_file(str(APP), default_timeout=30).run()
    assert not page.exception
    assert "http://127.0.0.1:9/api does not answer" in words(page)
    open_store(load_settings()).dispose()


def test_the_operator_can_see_what_the_drafter_reads(page: AppTest) -> None:
    """Offline: the catalog's entries, and that nothing leaves the machine."""
    click_example(page)
    assert "Nothing leaves this machine" in words(page)


def test_the_operator_can_see_a_models_prompt(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a model: the prompt word for word, and its number of tokens."""
    click_example(page)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    page.run()
    assert not page.exception
    assert "tokens" in words(page)
    prompt = "\n".join(block.value for block in page.code)
    assert "git.log" in prompt
    assert "[steps.git_log]" in prompt
