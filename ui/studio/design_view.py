"""The design on the bench: drawn to scale, with its score and what stands against it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

import streamlit as st

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.feasibility.changes import apply_change
from prefect_luthier.rmos.feasibility.verdict import Change, Verdict, Violation
from prefect_luthier.rmos.geometry.radii import outer_diameter_mm
from prefect_luthier.ui.builder.style import chips, empty, note, sentence
from prefect_luthier.ui.studio import conditions
from prefect_luthier.ui.studio.picture_part import drawing
from prefect_luthier.ui.studio.session import StudioSession
from prefect_luthier.ui.studio.starters import starters

_PICTURE = "studio_picture"
_SHOWN = 24
_SHOWN_CHANGE = 0.05


def show(current: StudioSession, verdict: Verdict | None, before: Verdict | None = None) -> None:
    """Show the bench.

    Args:
        current: What is on it.
        verdict: What the engine says of it; None while the conditions have errors.
        before: What it said before the changes; None when there are none.
    """
    spec = current.spec
    if spec is None:
        _nothing_yet(current)
        return
    with st.container(key="studio_bench"):
        st.html(_head(spec, current.origin, verdict, before))
        drawing(
            picture_of(spec, current.context, verdict),
            key=_PICTURE,
            label="The rosette, drawn to scale",
            chosen=current.ring,
            on_ring=lambda: _choose(current),
        )
    if verdict is None:
        mend = "The conditions have errors; mend them first."
        note("warn", "Not scored.", f"{mend} {current.problem}".rstrip())
        return
    _violations(current, verdict.violations)


def _nothing_yet(current: StudioSession) -> None:
    empty(
        "Nothing on the bench yet",
        "Search for a design under your conditions, load a file, or start from a known one.",
    )
    columns = st.columns(len(starters()))
    for index, (column, starter) in enumerate(zip(columns, starters(), strict=True)):
        with column, st.container(key=f"studio_starter_card_{index}"):
            picture = base64.b64encode(design_svg(starter.spec).encode()).decode()
            st.html(
                f'<img class="st-starter" alt="" src="data:image/svg+xml;base64,{picture}">'
                f'<p class="lu-under">{escape(starter.note)}</p>'
            )
            st.button(
                starter.name,
                key=f"studio_starter_{index}",
                on_click=starter.take,
                args=(current,),
                width="stretch",
            )


def _choose(current: StudioSession) -> None:
    chosen = st.session_state[_PICTURE].ring
    current.ring = None if chosen == current.ring else chosen


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={RosetteSpec: lambda s: s.digest,
               Context: lambda c: c.digest, Verdict: lambda v: v.digest})  # fmt: skip
def picture_of(spec: RosetteSpec, context: Context | None, verdict: Verdict | None) -> str:
    """Return the dimensioned drawing, with the violations beside the rings."""
    findings = verdict.violations if verdict else ()
    return design_svg(spec, context, dimensions=True, findings=findings)


def _head(spec: RosetteSpec, origin: str, verdict: Verdict | None, before: Verdict | None) -> str:
    count = len(spec.rings)
    title = f"{count} ring{'' if count == 1 else 's'}, {outer_diameter_mm(spec):g} mm"
    score = _score(verdict, before) if verdict else ""
    return (
        f'<div class="st-head"><div><div class="lu-title"><h2>{escape(title)}</h2>'
        f"<code>{spec.digest.removeprefix('sha256:')[:12]}</code></div>"
        f'<p class="lu-under">{escape(origin)}</p></div>{score}</div>'
    )


def _score(verdict: Verdict, before: Verdict | None) -> str:
    kind = {"GREEN": "good", "YELLOW": "warn", "RED": "bad"}[verdict.risk]
    words = "can be made" if verdict.decision == "ALLOW" else "blocked"
    change = ""
    if before is not None and abs(verdict.score - before.score) >= _SHOWN_CHANGE:
        difference = verdict.score - before.score
        change = f'<small class="change">{difference:+.1f} by your changes</small>'
    return (
        f'<div class="st-verdict {kind}" role="status"><span class="st-score">'
        f"{verdict.score:.1f}</span><span>{chips([words], kind)}{change}</span></div>"
    )


def _violations(current: StudioSession, violations: Sequence[Violation]) -> None:
    if not violations:
        note("good", "Nothing stands against this design.")
        return
    blocking = sum(violation.severity == "RED" for violation in violations)
    warnings = len(violations) - blocking
    parts = [f"{blocking} to mend" if blocking else "", f"{warnings} to know" if warnings else ""]
    st.html(f'<p class="lu-section">What the engine found: {" · ".join(filter(None, parts))}</p>')
    for index, violation in enumerate(sorted(violations, key=_order)[:_SHOWN]):
        _violation(current, violation, index)
    if len(violations) > _SHOWN:
        st.caption(f"… and {len(violations) - _SHOWN} more.")


def _order(violation: Violation) -> tuple[bool, int, str]:
    ring = -1 if violation.ring is None else violation.ring
    return violation.severity != "RED", ring, violation.code


def _violation(current: StudioSession, violation: Violation, index: int) -> None:
    where = "Design" if violation.ring is None else f"Ring {violation.ring + 1}"
    kind = violation.severity.lower()
    chosen = current.ring is not None and violation.ring == current.ring
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        key=f"studio_violation_{kind}_{'chosen_' if chosen else ''}{index}",
    ):
        st.html(
            f'<div class="st-violation {kind}"><span class="where">{where}</span><div>'
            f"<code>{escape(violation.code)}</code> {escape(sentence(violation.message))}"
            f'<span class="fix">{escape(violation.fix)}</span></div></div>',
            width="stretch",
        )
        if violation.change is not None:
            st.button(
                "Apply",
                icon=":material/build:",
                key=f"studio_fix_{index}_{violation.code}_{violation.ring}",
                help=violation.fix,
                on_click=_apply,
                args=(current, violation.change),
            )


def _apply(current: StudioSession, change: Change) -> None:
    """Make the change that a violation proposes, in the design or in the conditions."""
    if current.spec is None or current.context is None:
        return
    try:
        spec, context = apply_change(current.spec, current.context, change)
    except ValueError as error:
        st.toast(f"This cannot be set: {error}", icon=":material/error:")
        return
    if change.document == "spec":
        current.start_from(spec)
    else:
        current.context = context
        current.set_conditions(conditions.form_of(context))
