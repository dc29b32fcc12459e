"""The picture of a workflow as SVG."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import pytest

from prefect_luthier.ui.dag_icons import icon_name, icon_path
from prefect_luthier.ui.dag_picture import MAX_STEPS, Mark, PictureStep, draw

SVG = "{http://www.w3.org/2000/svg}"

STEPS = [
    PictureStep("history", "History", "git.log@1", "git"),
    PictureStep(
        "digest", "digest", "file.write@1", "file", ("history",), "steps.history.outputs.count > 0"
    ),
    PictureStep(
        "tell", "tell", "notify@1", "bell", ("history",), foreach="steps.history.outputs.commits"
    ),
]
LAYERS = [["history"], ["digest", "tell"]]


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]


def groups(picture: str, name: str) -> list[ET.Element]:
    return [
        g for g in ET.fromstring(picture).iter(f"{SVG}g") if name in (g.get("class") or "").split()
    ]


def test_it_shows_every_step_with_its_action() -> None:
    """Names and actions are there to be read."""
    shown = texts(draw(STEPS, LAYERS, title="Digest"))
    assert {"History", "git.log@1", "digest", "file.write@1", "tell", "notify@1"} <= set(shown)


def test_it_says_when_a_step_runs_and_over_what() -> None:
    """Conditions and loops stand at the step, without the words that all of them share."""
    shown = texts(draw(STEPS, LAYERS, title="Digest"))
    assert "if history.count > 0" in shown
    assert "each of history.commits" in shown


def test_edges_to_conditional_steps_are_dashed() -> None:
    """Of the two edges, one leads to a step with a condition."""
    picture = draw(STEPS, LAYERS, title="Digest")
    assert len(groups(picture, "edge")) == 2
    assert len(groups(picture, "conditional")) == 1


def test_it_can_be_read_without_eyes() -> None:
    """Title, description, and a label on each step that the keyboard reaches."""
    picture = ET.fromstring(draw(STEPS, LAYERS, title="Digest", starts="At 07:00"))
    assert picture.findtext(f"{SVG}title") == "Digest"
    assert "digest runs after history, only if" in (picture.findtext(f"{SVG}desc") or "")
    steps = groups(draw(STEPS, LAYERS, title="Digest"), "step")
    assert [step.get("tabindex") for step in steps] == ["0"] * 3
    assert all((step.get("aria-label") or "").startswith("step ") for step in steps)


def test_marks_show_how_a_run_stands() -> None:
    """State, duration and reason of each step; a step without a mark is pending."""
    marks = {"history": Mark("completed", "1.2 s"), "digest": Mark("skipped", reason="no commits")}
    picture = draw(STEPS, LAYERS, title="Digest", marks=marks)
    assert len(groups(picture, "is-completed")) == 1
    assert len(groups(picture, "is-skipped")) == 1
    assert len(groups(picture, "is-pending")) == 1
    assert "1.2 s" in texts(picture)
    assert "no commits" in picture


@pytest.mark.parametrize(
    "evil",
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&amp;]]>", "\x07bell"],
    ids=["script", "attribute", "entities", "control"],
)
def test_text_from_a_definition_cannot_become_markup(evil: str) -> None:
    """Whatever stands in a definition is text in the picture."""
    step = PictureStep("s", evil, evil, "action", when=evil, foreach=evil)
    picture = draw(
        [step], [["s"]], title=evil, starts=evil, marks={"s": Mark("failed", evil, evil)}
    )
    root = ET.fromstring(picture)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "title", "desc", "style", "g", "rect", "path", "text", "circle",
    }  # fmt: skip
    assert "<script" not in picture


def test_long_texts_are_cut_and_kept_in_the_tooltip() -> None:
    """A long name does not leave its card; hovering shows it whole."""
    name = "a very long name that no card could ever hold"
    picture = draw([PictureStep("s", name, name, "action")], [["s"]], title="t")
    assert all(len(text) < 30 for text in texts(picture))
    assert name in picture


def test_a_huge_workflow_is_described_instead_of_drawn() -> None:
    """Ten thousand steps give a sentence, at once."""
    steps = [PictureStep(f"s{n}", f"s{n}", "x@1", "action") for n in range(10_000)]
    started = time.perf_counter()
    picture = draw(steps, [[step.id for step in steps]], title="huge")
    assert time.perf_counter() - started < 20
    assert "10,000 steps" in picture
    assert "<svg" not in picture


def test_the_largest_drawn_workflow_is_drawn_quickly() -> None:
    """The picture is made anew at each change of the text, so it must not be felt."""
    steps = [
        PictureStep(
            f"s{n}", f"s{n}", "x@1", "action", tuple(f"s{m}" for m in range(max(0, n - 3), n))
        )
        for n in range(MAX_STEPS)
    ]
    started = time.perf_counter()
    draw(steps, [[step.id] for step in steps], title="long")
    assert time.perf_counter() - started < 20


def test_icons_follow_the_family_of_an_action() -> None:
    """What is unknown gets the icon of its kind."""
    assert icon_name(None) == "shell"
    assert icon_name("git.log@1") == "git"
    assert icon_name("gmail.send@2.1") == "mail"
    assert icon_name("payroll@1", "workflow") == "flow"
    assert icon_path(icon_name("never.heard@1")) == icon_path("action")
