"""What others wrote is shown on a terminal without obeying it."""

from __future__ import annotations

import pytest

from prefect_luthier.diagnostics import Diagnostic, Span, render
from prefect_luthier.terminal_text import inert


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain 'text'", "plain 'text'"),
        ("größe 木 🎸", "größe 木 🎸"),
        ("a\x1b[2Jb\a", "a␛[2Jb␇"),
        ("a\u202eb\u2066", "a\ufffdb\ufffd"),
        ("\x9b1A\x7f\ud800", "\ufffd1A\ufffd\ufffd"),
        ("two\nlines\u2028", "two␊lines\ufffd"),
    ],
    ids=["plain", "other-scripts", "escape", "direction", "c1-and-half", "line-ends"],
)
def test_steering_characters_are_shown_and_not_obeyed(text: str, shown: str) -> None:
    """Each stays one character wide, so that carets below still point at their place."""
    assert inert(text) == shown
    assert len(shown) == len(text)


def test_a_finding_obeys_neither_its_source_nor_its_message() -> None:
    """A definition of somebody else cannot clear the screen of who checks it."""
    finding = Diagnostic("code", "error", "no step '\x1b[2Jz'", span=Span(1, 1, 1, 3))
    text = render(finding, ["na\x1b[1A\u202eme"], "w.toml")
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.splitlines()[1:] == ["    1 | na␛[1A\ufffdme", "      | ^^"]
