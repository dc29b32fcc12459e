"""The picture of a workflow: its steps, what they wait for, and how far a run has come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_markup
from pathlib import Path

from prefect_luthier.ui.dag_icons import icon_path
from prefect_luthier.ui.dag_layout import Layout, Point, Sizes, lay_out

PICTURE_STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

MAX_STEPS = 150
MAX_LAYERS_ACROSS = 5
MARGIN = 20

_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_TITLE_CHARS = 20
_SUBTITLE_CHARS = 26
_LABEL_CHARS = 27
_STATE_ICONS = {
    "completed": "check",
    "failed": "cross",
    "crashed": "cross",
    "cancelled": "stop",
    "skipped": "skip",
    "running": "play",
    "pending": "wait",
}


@dataclass(frozen=True)
class PictureStep:
    """What the picture says of a step.

    Args:
        id: The step's id.
        title: Its label.
        detail: The action it uses, or its command.
        icon: Name of its icon.
        needs: Steps it waits for.
        when: Its condition.
        foreach: The list it goes over.
    """

    id: str
    title: str
    detail: str
    icon: str
    needs: tuple[str, ...] = ()
    when: str | None = None
    foreach: str | None = None


@dataclass(frozen=True)
class Mark:
    """How a step of a run stands.

    Args:
        state: ``pending``, ``running``, ``completed``, ``failed``, ``skipped``, ``cancelled``
            or ``crashed``.
        note: A few characters, such as the duration.
        reason: Why it failed or was skipped.
    """

    state: str
    note: str = ""
    reason: str = ""


def draw(
    steps: Sequence[PictureStep],
    layers: Sequence[Sequence[str]],
    *,
    title: str,
    starts: str = "",
    marks: Mapping[str, Mark] | None = None,
) -> str:
    """Return the picture as an SVG element that follows the page's light or dark scheme.

    Args:
        steps: The steps.
        layers: Their ids in layers: a step stands after all that it needs.
        title: Name of the workflow, for screen readers.
        starts: When it starts by itself, in words.
        marks: State of each step in a run; None for a definition.
    """
    if len(steps) > MAX_STEPS:
        return _too_many(steps, layers)
    by_id = {step.id: step for step in steps}
    edges = [(need, step.id) for step in steps for need in step.needs if need in by_id]
    downwards = len(layers) > MAX_LAYERS_ACROSS
    sizes = Sizes(
        layer_gap=44 if downwards else 56, box_gap=26 if downwards else 36, downwards=downwards
    )
    layout = lay_out(layers, edges, sizes)
    body = "".join(_edge(layout, edge, by_id, marks, sizes) for edge in edges)
    body += "".join(_node(by_id[box], layout.boxes[box], sizes, marks) for box in layout.boxes)
    lead = 34 if starts else 0
    width, height = layout.width + 2 * MARGIN, layout.height + 2 * MARGIN + lead
    described = _description(steps, layers, marks)
    return (
        f'<svg class="dag" xmlns="http://www.w3.org/2000/svg" role="group" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" '
        f'aria-labelledby="dag-title dag-desc">'
        f'<title id="dag-title">{escape(title)}</title>'
        f'<desc id="dag-desc">{escape(described)}</desc>'
        f"<style>{PICTURE_STYLE}</style>{_starts(starts)}"
        f'<g transform="translate({MARGIN} {MARGIN + lead})">{body}</g></svg>'
    )


def _starts(words: str) -> str:
    if not words:
        return ""
    shown = _cut(words, 70)
    width = 36 + 6.6 * len(shown)
    return (
        f'<g class="starts" transform="translate({MARGIN} 8)"><title>{escape(words)}</title>'
        f'<rect width="{width:.0f}" height="26" rx="13"/>'
        f'<path class="icon" transform="translate(9 5) scale(.67)" d="{icon_path("clock")}"/>'
        f'<text x="30" y="17.5">{escape(shown)}</text></g>'
    )


def _edge(
    layout: Layout,
    edge: tuple[str, str],
    by_id: Mapping[str, PictureStep],
    marks: Mapping[str, Mark] | None,
    sizes: Sizes,
) -> str:
    points = layout.routes[edge]
    classes = ["edge"]
    if by_id[edge[1]].when:
        classes.append("conditional")
    if marks is not None:
        state = marks.get(edge[1], Mark("pending")).state
        classes.append({"pending": "waiting", "skipped": "untaken"}.get(state, "taken"))
    head = _arrow_head(points[-1], sizes)
    return f'<g class="{" ".join(classes)}"><path d="{_curve(points, sizes)}"/>{head}</g>'


def _curve(points: Sequence[Point], sizes: Sizes) -> str:
    """Return a smooth path: curves between layers, straight where a layer is passed."""
    (x, y), *rest = points
    path = f"M{x:.1f} {y:.1f}"
    for index, (to_x, to_y) in enumerate(rest):
        if index % 2:
            path += f"L{to_x:.1f} {to_y:.1f}"
        elif sizes.downwards:
            middle = (y + to_y) / 2
            path += f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
        else:
            middle = (x + to_x) / 2
            path += f"C{middle:.1f} {y:.1f} {middle:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        x, y = to_x, to_y
    return path


def _arrow_head(tip: Point, sizes: Sizes) -> str:
    x, y = tip
    if sizes.downwards:
        return f'<path class="head" d="M{x - 4.5:.1f} {y - 8:.1f}L{x:.1f} {y - 1:.1f}l4.5 -7"/>'
    return f'<path class="head" d="M{x - 8:.1f} {y - 4.5:.1f}L{x - 1:.1f} {y:.1f}l-7 4.5"/>'


def _node(step: PictureStep, corner: Point, sizes: Sizes, marks: Mapping[str, Mark] | None) -> str:
    mark = marks.get(step.id, Mark("pending")) if marks is not None else None
    classes = ["step", f"icon-{step.icon}", *([f"is-{mark.state}"] if mark else [])]
    detail = _cut(step.detail, _detail_chars(mark))
    behind = (
        f'<rect class="card" x="5" y="5" width="{sizes.width}" height="{sizes.height}" rx="12"/>'
    )
    return (
        f'<g class="{" ".join(classes)}" data-step="{escape(step.id)}" tabindex="0" '
        f'role="button" aria-label="{escape(_spoken(step, mark))}" '
        f'transform="translate({corner[0]:.1f} {corner[1]:.1f})">'
        f"<title>{escape(_tooltip(step, mark))}</title>{behind if step.foreach else ''}"
        f'<rect class="card" width="{sizes.width}" height="{sizes.height}" rx="12"/>'
        f'<rect class="badge" x="12" y="14" width="36" height="36" rx="9"/>'
        f'<path class="icon" transform="translate(19 21) scale(.92)" d="{icon_path(step.icon)}"/>'
        f'<text class="name" x="60" y="29">{escape(_cut(step.title, _TITLE_CHARS))}</text>'
        f'<text class="detail" x="60" y="47">{escape(detail)}</text>'
        f"{_labels(step, sizes)}{_state(mark, sizes)}</g>"
    )


def _detail_chars(mark: Mark | None) -> int:
    return _SUBTITLE_CHARS - 4 - (len(mark.note) + 2 if mark and mark.note else 0)


def _labels(step: PictureStep, sizes: Sizes) -> str:
    text = ""
    if step.when:
        text += _label(f"if {_short(step.when)}", 14, -9, "when")
    if step.foreach:
        text += _label(f"each of {_short(step.foreach)}", 14, sizes.height - 8, "foreach")
    return text


def _label(text: str, x: float, y: float, kind: str) -> str:
    shown = _cut(text, _LABEL_CHARS)
    return (
        f'<g class="label {kind}" transform="translate({x:.0f} {y:.0f})">'
        f'<rect width="{16 + 6.65 * len(shown):.0f}" height="18" rx="9"/>'
        f'<text x="8" y="12.8">{escape(shown)}</text></g>'
    )


def _state(mark: Mark | None, sizes: Sizes) -> str:
    if mark is None:
        return ""
    note = (
        f'<text class="note" x="{sizes.width - 12:.0f}" y="47">{escape(mark.note)}</text>'
        if mark.note
        else ""
    )
    spin = '<circle class="spin" r="11.5"/>' if mark.state == "running" else ""
    icon = icon_path(_STATE_ICONS.get(mark.state, "wait"))
    return (
        f'{note}<g class="state" transform="translate({sizes.width - 4:.0f} 4)">'
        f'<circle class="disc" r="11.5"/>{spin}'
        f'<path class="icon" transform="translate(-7.2 -7.2) scale(.6)" d="{icon}"/></g>'
    )


def _tooltip(step: PictureStep, mark: Mark | None) -> str:
    lines = [step.title if step.title == step.id else f"{step.title} ({step.id})", step.detail]
    if step.when:
        lines.append(f"only if {step.when}")
    if step.foreach:
        lines.append(f"once for each of {step.foreach}")
    if mark:
        lines.append(" ".join(filter(None, [mark.state, mark.note, mark.reason])))
    return "\n".join(lines)


def _spoken(step: PictureStep, mark: Mark | None) -> str:
    return "step " + _tooltip(step, mark).replace("\n", ", ")


def _description(
    steps: Sequence[PictureStep],
    layers: Sequence[Sequence[str]],
    marks: Mapping[str, Mark] | None,
) -> str:
    """Return the picture in words, one sentence for each step, in the order in which they run."""
    by_id = {step.id: step for step in steps}
    sentences = []
    for step in (by_id[box] for layer in layers for box in layer):
        needs = f" after {', '.join(step.needs)}" if step.needs else " first"
        condition = f", only if {step.when}" if step.when else ""
        state = f": {marks[step.id].state}" if marks and step.id in marks else ""
        sentences.append(f"{step.title} runs{needs}{condition}{state}.")
    return " ".join(sentences)


def _too_many(steps: Sequence[PictureStep], layers: Sequence[Sequence[str]]) -> str:
    widest = max(len(layer) for layer in layers)
    return (
        f'<p class="dag-too-many">{len(steps):,} steps in {len(layers):,} stages, '
        f"up to {widest:,} at once: too many for a picture that helps.</p>"
    )


def escape(text: str) -> str:
    """Return text as markup, without the characters that XML cannot hold."""
    return escape_markup(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text))


def _short(expression: str) -> str:
    """Return an expression without the words that every reference has."""
    plain = re.sub(r"\bsteps\.(\w+)\.outputs\.", r"\1.", expression)
    return re.sub(r"\b(?:steps|params)\.", "", plain)


def _cut(text: str, length: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1].rstrip() + "…"
