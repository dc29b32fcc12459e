"""What the page remembers: texts, edits, the conversation."""

from __future__ import annotations

from prefect_luthier.ai_builder.drafting import Draft, Refusal, Turn
from prefect_luthier.ui.builder.session import BuilderSession, Exchange


def test_an_edit_of_an_older_text_is_not_taken() -> None:
    """What was typed before the page replaced the text must not overwrite the new text."""
    session = BuilderSession()
    session.replace_text("first")
    session.take_edit({"text": "first, edited", "revision": 1, "sequence": 1})
    assert (session.text, session.edited) == ("first, edited", True)
    session.replace_text("second")
    session.take_edit({"text": "late", "revision": 1, "sequence": 2})
    assert (session.text, session.edited) == ("second", False)


def test_edits_that_arrive_twice_or_late_change_nothing() -> None:
    """The newest edit of a text wins, in whatever order they come."""
    session = BuilderSession()
    session.replace_text("text")
    session.take_edit({"text": "two", "revision": 1, "sequence": 2})
    session.take_edit({"text": "one", "revision": 1, "sequence": 1})
    assert session.text == "two"


def test_replacing_remembers_what_to_compare_with() -> None:
    """The diff shows the last replacement, hand edits before it included."""
    session = BuilderSession()
    session.replace_text("draft")
    session.take_edit({"text": "draft by hand", "revision": 1, "sequence": 1})
    session.replace_text("refined")
    assert session.compared_with == "draft by hand"


def test_showing_the_same_place_twice_moves_twice() -> None:
    """Each click on a line moves the cursor, also to the line where it was sent before."""
    session = BuilderSession()
    session.show(4)
    first = session.reveal
    session.show(4)
    assert first
    assert session.reveal
    assert first["token"] != session.reveal["token"]


def test_the_drafter_hears_the_whole_conversation() -> None:
    """Requests, refusals and questions are passed on; fixes by the operator are not."""
    asked = Draft("offline", "sha256:0", questions=("Which repository?",))
    refused = Draft("offline", "sha256:0", refusal=Refusal("vague-request", "Too vague."))
    session = BuilderSession(
        exchanges=[
            Exchange("do something", draft=refused),
            Exchange('write "x"', is_fix=True),
            Exchange("summarise a repository", draft=asked),
        ]
    )
    assert session.conversation() == (
        Turn("operator", "do something"),
        Turn("drafter", "Too vague."),
        Turn("operator", "summarise a repository"),
        Turn("drafter", "Which repository?"),
    )
