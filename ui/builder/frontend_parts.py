"""The page's own components: the code editor and the workflow's picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from prefect_luthier.canonical import digest_bytes
from prefect_luthier.diagnostics import Diagnostic

_FRONTEND = Path(__file__).parent / "frontend"


def _asset(name: str) -> str:
    return (_FRONTEND / name).read_text(encoding="utf-8")


_editor = st.components.v2.component(
    "luthier_editor",
    html='<div class="editor"></div><p class="hint"><kbd>Ctrl</kbd>+<kbd>Enter</kbd> checks · '
    "<kbd>F8</kbd> next finding · <kbd>Esc</kbd> then <kbd>Tab</kbd> leaves the editor</p>",
    css=_asset("editor.css"),
    js=_asset("editor.js"),
)

_picture = st.components.v2.component(
    "luthier_picture",
    html='<div class="picture" role="group"></div>',
    css=_asset("picture.css"),
    js=_asset("picture.js"),
)


def code_editor(
    text: str,
    diagnostics: Sequence[Diagnostic],
    *,
    key: str,
    revision: int,
    sequence: int,
    reveal: dict[str, Any] | None,
    on_edit: Callable[[], None],
    on_fix: Callable[[], None],
) -> None:
    """Show the TOML editor. Its value stands in the session state under ``key``.

    Args:
        text: Put into the editor whenever ``revision`` changes; else what is typed stays.
        diagnostics: Findings on the text as it was after ``sequence`` edits.
        key: Key of the component.
        revision: Number of the text.
        sequence: Number of the last edit that was seen.
        reveal: Line, column and token of a place to show.
        on_edit: Called when the text was changed; ``draft`` holds text, revision, sequence.
        on_fix: Called when a fix was chosen; ``fix`` holds the diagnostic's index.
    """
    findings = [{"index": i} | d.to_json() for i, d in enumerate(diagnostics)]
    _editor(
        key=key,
        data={
            "text": text,
            "findings": findings,
            "revision": revision,
            "sequence": sequence,
            "reveal": reveal,
        },
        on_draft_change=on_edit,
        on_fix_change=on_fix,
        on_check_change=on_edit,
    )


def workflow_picture(
    svg: str,
    *,
    key: str,
    label: str,
    is_stale: bool = False,
    on_step: Callable[[], None] | None = None,
) -> None:
    """Show a picture made by ``dag_picture.draw``.

    Args:
        svg: The picture.
        key: Key of the component.
        label: What a screen reader calls it.
        is_stale: Whether the text has changed since in a way that cannot be drawn.
        on_step: Called when a step was chosen; ``step`` holds its id.
    """
    _picture(
        key=key,
        data={
            "svg": svg,
            "digest": digest_bytes(svg.encode()),
            "label": label,
            "stale": is_stale,
        },
        on_step_change=on_step or (lambda: None),
    )
