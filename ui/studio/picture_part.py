"""The page's own components: drawings that can be zoomed and chosen from, and figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from prefect_luthier.canonical import digest_bytes

_FRONTEND = Path(__file__).parent / "frontend"

_component = st.components.v2.component(
    "luthier_rosette",
    html='<div class="frame" role="group"><div class="stage"></div><div class="tools">'
    '<button type="button" aria-label="Zoom in" title="Zoom in">+</button>'
    '<button type="button" aria-label="Zoom out" title="Zoom out">&minus;</button>'
    '<button type="button" aria-label="Whole drawing" title="Whole drawing">⤢</button>'
    "</div></div>",
    css=(_FRONTEND / "rosette.css").read_text(encoding="utf-8"),
    js=(_FRONTEND / "rosette.js").read_text(encoding="utf-8"),
)

_figure = st.components.v2.component(
    "luthier_figure",
    html='<div class="figure"></div>',
    css=(_FRONTEND / "curve.css").read_text(encoding="utf-8"),
    js="export default ({ data, parentElement }) => {"
    ' parentElement.querySelector(".figure").innerHTML = data.svg; };',
)


def figure(svg: str, *, key: str) -> None:
    """Show a small figure made by this page; `st.html` would leave out what is drawn.

    Args:
        svg: The figure.
        key: Key of the component.
    """
    _figure(key=key, data={"svg": svg})


def drawing(
    svg: str,
    *,
    key: str,
    label: str,
    chosen: int | None = None,
    on_ring: Callable[[], None] | None = None,
) -> None:
    """Show a drawing made by the modules of ``rmos/drawing``.

    Args:
        svg: The drawing.
        key: Key of the component.
        label: What a screen reader calls it.
        chosen: Index of the ring that is chosen.
        on_ring: Called when a ring was chosen; ``ring`` in the state holds its index.
    """
    _component(
        key=key,
        data={
            "svg": svg,
            "digest": digest_bytes(svg.encode()),
            "label": label,
            "chosen": chosen,
            "selectable": on_ring is not None,
        },
        on_ring_change=on_ring or (lambda: None),
    )
