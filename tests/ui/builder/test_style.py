"""Text on the page: marked up where meant, and never by what somebody else wrote."""

from __future__ import annotations

import pytest

from prefect_luthier.ui.builder.style import chips, inline


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("use `luthier up`", "use <code>luthier up</code>"),
        ("**Digest**: 3 steps", "<strong>Digest</strong>: 3 steps"),
        ("<b>`<i>`</b>", "&lt;b&gt;<code>&lt;i&gt;</code>&lt;/b&gt;"),
        ("a ` alone", "a ` alone"),
    ],
    ids=["code", "strong", "foreign-markup", "lone-backtick"],
)
def test_only_code_and_emphasis_become_markup(text: str, markup: str) -> None:
    """Everything else is shown as it was written."""
    assert inline(text) == markup


def test_chips_show_text_as_text() -> None:
    """A tag from a definition cannot bring markup into the page."""
    assert "<script>" not in chips(["<script>"])
