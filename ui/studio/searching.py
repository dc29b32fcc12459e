"""The search: started from the conditions, watched while it runs, its best design on the bench."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.ui.builder.style import kind_note, note
from prefect_luthier.ui.studio import services
from prefect_luthier.ui.studio.picture_part import figure
from prefect_luthier.ui.studio.search_curve import curve, words
from prefect_luthier.ui.studio.search_reading import SearchView
from prefect_luthier.ui.studio.session import StudioSession

_OVER = "studio_search_over"

STATUS_WORDS = {
    "success": ("good", "A design with the wanted score."),
    "best_effort": ("good", "The best design within the budget."),
    "exhausted": ("bad", "No design can be made under these conditions."),
    "timeout": ("bad", "Time ran out before a design was found that can be made."),
    "cancelled": ("warn", "Cancelled; what was found until then is kept."),
    "failed": ("bad", "The search failed."),
}


def is_live(current: StudioSession) -> bool:
    """Return whether a search is shown that still runs."""
    run = current.search_run
    return current.step == "Search" and run is not None and st.session_state.get(_OVER) != run


def show(current: StudioSession) -> None:
    """Show the settings of a search, or the search."""
    if current.search_run is None:
        _settings(current)
        return
    view = services.read_search(current.search_run)
    _take_best(current, view)
    _head(view)
    _progress(view)
    if view.is_over:
        _outcome(current, view)
    if view.is_over and st.session_state.get(_OVER) != current.search_run:
        st.session_state[_OVER] = current.search_run
        st.rerun()


def _settings(current: StudioSession) -> None:
    st.html('<p class="lu-section">Search</p>')
    if current.context is None:
        note("warn", "The conditions have errors.", "Mend them in the first step.")
        return
    st.html(f'<p class="lu-under">{escape(_wishes_words(current))}</p>')
    with st.form("studio_search", border=False):
        wish = _budget_fields()
        if services.has_model():
            names = {"numeric": "Numeric", "llm": "Language model"}
            wish["generator"] = st.radio(
                "Who proposes", list(names), format_func=names.__getitem__, horizontal=True
            )
        started = st.form_submit_button(
            "Search", type="primary", icon=":material/search:", width="stretch"
        )
    if started:
        _start(current, wish)


def _budget_fields() -> dict[str, Any]:
    """Show what a search may spend, within the policy; return it as the flow takes it."""
    limits, usual = default_policy().limits, default_policy().defaults
    left, right = st.columns(2)
    return {
        "attempts": left.number_input("Attempts", 1, limits.attempts, usual.attempts, step=50),
        "seconds": right.number_input(
            "Seconds", 1.0, limits.seconds, usual.seconds, step=5.0, format="%.0f"
        ),
        "wanted_score": left.number_input(
            "Wanted score",
            0.0,
            100.0,
            usual.wanted_score,
            step=1.0,
            format="%.0f",
            help="A design with this score ends the search early.",
        ),
        "seed": right.number_input(
            "Seed", 0, 2**31 - 1, 0, help="The same seed and conditions propose the same designs."
        ),
    }


def _start(current: StudioSession, wish: dict[str, Any]) -> None:
    try:
        current.search_run = services.start_search(current.conditions, wish)
    except LuthierError as error:
        kind_note(error)
        return
    current.taken_attempt = None
    st.session_state.pop(_OVER, None)
    st.rerun(scope="app")


def _wishes_words(current: StudioSession) -> str:
    intent = current.conditions.get("intent") or {}
    hole = current.conditions.get("soundhole_diameter_mm")
    target = current.conditions.get("target_diameter_mm")
    parts = [
        f"soundhole {hole:g} mm" if hole else "soundhole free",
        f"outer diameter {target:g} mm" if target else "outer diameter free",
        "{} to {} rings".format(*intent["rings"]) if intent.get("rings") else "any number of rings",
        ", ".join(intent.get("patterns") or ["every pattern"]),
    ]
    return "Looks for: " + " · ".join(parts) + "."


def _take_best(current: StudioSession, view: SearchView) -> None:
    """Put the best design so far onto the bench, once for each that is better."""
    best = view.best
    if best is None or current.taken_attempt == best.number:
        return
    current.taken_attempt = best.number
    spec = RosetteSpec.model_validate_json(json.dumps(best.spec))
    found_by = str(view.search_id) if best.risk != "RED" else ""
    origin = f"Attempt {best.number:,} of the search {view.flow.name}"
    current.put_on_bench(spec, origin, found_by=found_by)


def _head(view: SearchView) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="lu-title"><h2>Search</h2><span class="lu-state {view.look}" '
            f'role="status">{escape(view.word)}</span></div>',
            width="stretch",
        )
        if not view.is_over and st.button("Cancel", icon=":material/stop_circle:"):
            services.cancel_run(view.flow.id)
            st.toast("Asked the worker to end the search.", icon=":material/stop_circle:")
        st.link_button("Open in Prefect", view.flow.url, icon=":material/open_in_new:")


def _progress(view: SearchView) -> None:
    st.progress(view.share, text=view.progress_words)
    if not view.points:
        return
    picture = curve(view.points, attempts=view.attempts, wanted=view.wanted_score)
    figure(picture, key="studio_curve")
    st.html(
        '<p class="st-legend"><span><i style="background:var(--lu-good)"></i>good</span>'
        '<span><i style="background:var(--lu-brass)"></i>with warnings</span>'
        '<span><i style="background:light-dark(#d9b8b0,#6b3f37)"></i>blocked</span>'
        '<span><i style="background:var(--lu-accent);border-radius:2px;height:3px;width:1rem"></i>'
        "best so far</span></p>"
        f'<p class="lu-under">{escape(words(view.points))}</p>'
    )


def _outcome(current: StudioSession, view: SearchView) -> None:
    kind, sentence = STATUS_WORDS.get(view.status, ("bad", f"It ended as {view.status}."))
    if view.status == "timeout" and view.best is not None and view.best.risk != "RED":
        kind, sentence = "good", "Time ran out; this is the best design until then."
    note(kind, sentence, view.flow.message if view.status == "failed" else "")
    for binding in view.binding:
        note("warn", f"{binding.get('code', '')}: {binding.get('message', '')}")
    with st.container(horizontal=True):
        st.button("Search again", icon=":material/restart_alt:", on_click=_again, args=(current,))
        if view.best is not None:
            st.button(
                "Change the rings",
                icon=":material/tune:",
                on_click=current.go_to,
                args=("Rings",),
            )
            st.button(
                "Decide",
                type="primary",
                icon=":material/gavel:",
                on_click=current.go_to,
                args=("Decision",),
            )


def _again(current: StudioSession) -> None:
    current.search_run = None
