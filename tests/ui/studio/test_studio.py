"""The studio's logic, without a browser and without a running stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.studio.session import StudioSession
from prefect_luthier.ui.studio.starters import starters

EXAMPLES = Path(__file__).parents[3] / "docs/examples/rosette"


def studio() -> None:
    """Show the page by itself, as the app does."""
    from prefect_luthier.ui.studio import page

    page.show()


@pytest.fixture
def page(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """Give the freshly opened studio, without a Prefect server."""
    monkeypatch.setenv("LUTHIER_ACTOR", "Ada")
    return AppTest.from_function(studio, default_timeout=60).run()


@pytest.fixture
def records(
    clean_environment: Path,  # first: it removes what is set here
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Give the page a database of the test's own."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    yield
    open_store(load_settings()).dispose()


def words(page: AppTest) -> str:
    """Return what the page says in its own markup and in Streamlit's."""
    own = [element.proto.body for element in page.get("html")]
    return "\n".join([*own, *(element.value for element in [*page.caption, *page.markdown])])


def session(page: AppTest) -> StudioSession:
    return page.session_state["luthier_studio"]


def take(page: AppTest, index: int = 0) -> None:
    page.button(key=f"studio_starter_{index}").click().run()


def open_step(page: AppTest, step: str) -> None:
    page.segmented_control(key="studio_step").set_value(step).run()
    assert not page.exception


def slider(page: AppTest, label: str):
    return next(each for each in page.slider if each.label.startswith(label))


def test_it_opens_with_conditions_and_designs_to_start_from(page: AppTest) -> None:
    """A stranger sees the key figures of what is chosen, and what to do."""
    assert not page.exception
    said = words(page)
    assert "Nothing on the bench yet" in said
    assert "2 flutes of 6.35 mm" in said
    assert "425 by 465 by 80 mm" in said
    assert isinstance(session(page).context, Context)
    assert not next(b for b in page.button if b.label == "Search for a design").disabled


@pytest.mark.parametrize("index", range(len(starters())), ids=[s.name for s in starters()])
def test_every_known_design_can_be_made(page: AppTest, index: int) -> None:
    """What the page offers to start from is allowed under the conditions that it sets."""
    take(page, index)
    assert session(page).spec == starters()[index].spec
    assert "can be made" in words(page)


def test_another_cutter_brings_its_usual_speeds(page: AppTest) -> None:
    """The fields follow the chipload table until somebody changes them."""
    before = session(page).context
    next(s for s in page.selectbox if s.label == "Cutter").set_value("downcut-3.175").run()
    after = session(page).context
    assert after.tool.diameter_mm == 3.175
    assert after.feed_mm_min > before.feed_mm_min
    chipload = after.feed_mm_min / (after.tool.flutes * after.spindle_rpm)
    assert chipload == pytest.approx(0.029, rel=0.02)


def test_what_was_wished_is_in_the_context(page: AppTest) -> None:
    """Rings, palette and note reach the search as they were given."""
    next(s for s in page.slider if s.label == "Rings").set_value((2, 5)).run()
    next(s for s in page.multiselect if s.label == "Palette").set_value(["ebony", "koa"]).run()
    next(s for s in page.text_area if s.label == "Note").set_value("warm").run()
    intent = session(page).context.intent
    assert (intent.rings, intent.palette, intent.note) == ((2, 5), ("ebony", "koa"), "warm")


def test_moving_a_dial_scores_anew(page: AppTest) -> None:
    """A channel as deep as the top is blocked, says why, and offers the change that mends it."""
    take(page)
    open_step(page, "Rings")
    slider(page, "Channel depth").set_value(2.5).run()
    assert session(page).spec.channel_depth_mm == 2.5
    assert session(page).changed
    said = words(page)
    assert "blocked" in said
    assert "FLOOR" in said
    assert "by your changes" in said


def test_a_proposed_change_is_one_click(page: AppTest) -> None:
    """Apply does what the violation says, and the violation is gone."""
    take(page)
    open_step(page, "Rings")
    slider(page, "Channel depth").set_value(2.5).run()
    fix = next(
        b for b in page.button if (b.key or "").startswith("studio_fix_") and "FLOOR" in b.key
    )
    fix.click().run()
    assert not page.exception
    assert session(page).spec.channel_depth_mm < 2.5
    assert "FLOOR" not in words(page) or "to know" in words(page)


def test_all_changes_can_be_undone(page: AppTest) -> None:
    """Back to the design as it came, dials included."""
    take(page)
    open_step(page, "Rings")
    slider(page, "Glue gap").set_value(0.15).run()
    next(b for b in page.button if b.label == "Undo all changes").click().run()
    assert session(page).spec == starters()[0].spec
    assert slider(page, "Glue gap").value == 0.05


def test_changes_stay_when_another_step_is_opened(page: AppTest) -> None:
    """What a dial was set to is in the design, not in the dial."""
    take(page)
    open_step(page, "Rings")
    slider(page, "Inlay thickness").set_value(1.8).run()
    open_step(page, "Conditions")
    open_step(page, "Rings")
    assert session(page).spec.inlay_thickness_mm == 1.8
    assert slider(page, "Inlay thickness").value == 1.8


@pytest.mark.parametrize(
    ("label", "order"),
    [
        ("Inwards", [1, 0, 2, 3, 4]),
        ("Outwards", [0, 2, 1, 3, 4]),
        ("Double", [0, 1, 1, 2, 3, 4]),
        ("Remove", [0, 2, 3, 4]),
    ],
)
def test_the_chosen_ring_can_be_moved(page: AppTest, label: str, order: list[int]) -> None:
    """Rings are moved, doubled and removed; the others stay as they were."""
    take(page)
    open_step(page, "Rings")
    session(page).ring = 1
    page.run()
    page.button(key=f"studio_ring_{label}").click().run()
    assert not page.exception
    before = starters()[0].spec.rings
    assert session(page).spec.rings == tuple(before[index] for index in order)


def test_the_innermost_ring_has_nowhere_inwards(page: AppTest) -> None:
    """A move that is not possible is off."""
    take(page)
    open_step(page, "Rings")
    session(page).ring = 0
    page.run()
    assert page.button(key="studio_ring_Inwards").disabled


def test_the_program_is_replayed_before_it_is_shown(page: AppTest) -> None:
    """Time, length and what the replay measured stand beside the picture; no file before a yes."""
    take(page)
    open_step(page, "Toolpaths")
    said = words(page)
    assert "0 mm²" in said
    assert "What the cutter sweeps" in said
    assert "approved designs only" in said
    assert not any(b.label == "Make the files" for b in page.button)


def test_a_blocked_design_has_no_program(page: AppTest) -> None:
    """It says so, and where to look."""
    take(page)
    open_step(page, "Rings")
    slider(page, "Channel depth").set_value(2.5).run()
    open_step(page, "Toolpaths")
    assert "The engine blocks this design" in words(page)


@pytest.mark.parametrize("step", ["Search", "Rings", "Decision", "Toolpaths"])
@pytest.mark.usefixtures("records")
def test_every_step_can_be_opened_with_nothing_there(page: AppTest, step: str) -> None:
    """Each says what to do first."""
    open_step(page, step)
    assert "lu-empty" in words(page) or "Looks for" in words(page)


def test_searching_without_a_server_fails_with_advice(page: AppTest) -> None:
    """The page stays as it was, with the reason and what to do."""
    open_step(page, "Search")
    page.button(key="FormSubmitter:studio_search-Search").click().run()
    assert not page.exception
    assert "lu-note bad" in words(page)
    assert "luthier up" in words(page)
    assert session(page).search_run is None


@pytest.mark.usefixtures("records")
def test_handing_in_without_a_server_fails_with_advice(page: AppTest) -> None:
    """Nothing is on record, and the page says what is missing."""
    take(page)
    open_step(page, "Decision")
    next(b for b in page.button if b.label == "Hand in for a decision").click().run()
    assert not page.exception
    assert "luthier up" in words(page)
    assert session(page).design_id is None


def upload(page: AppTest, name: str, content: bytes) -> None:
    page.file_uploader(key="studio_uploads").upload(name, content, "application/json").run()


def test_a_design_file_is_loaded(page: AppTest) -> None:
    """The files of the commands are the files of the page."""
    upload(page, "torres.json", (EXAMPLES / "torres-84.json").read_bytes())
    assert session(page).spec.soundhole_diameter_mm == 84
    assert session(page).origin == "Loaded from torres.json"


def test_a_context_file_fills_the_form(page: AppTest) -> None:
    """Inline objects too: the cutter of the file is one more choice."""
    document = json.loads((EXAMPLES / "om28-context.json").read_text())
    upload(page, "context.json", json.dumps(document).encode())
    assert session(page).context.tool.id == "inline"
    assert session(page).context.feed_mm_min == 508
    assert "As given" in next(s for s in page.selectbox if s.label == "Cutter").options


@pytest.mark.parametrize(
    "changes",
    [
        {"intent": {"patterns": ["herringbone", "lines"], "palette": ["Maple", "EBONY"]}},
        {"intent": {"rings": [13, 20]}},
        {"intent": {"rings": [1, 12]}},
        {"soundhole_diameter_mm": 102, "target_diameter_mm": 125},
        {"soundhole_diameter_mm": 2000},
        {"top_thickness_mm": 13},
        {"top_thickness_mm": 0.4},
        {"feed_mm_min": 0.5, "plunge_mm_min": 0.2},
        {"material": "Sitka", "feed_mm_min": 444},
        {"material": {"kind": "softwood", "density_kg_m3": 400}},
        {"tool": "downcut-1.59", "feed_mm_min": 433, "spindle_rpm": 23000.5},
    ],
    ids=["customary-words", "many-rings", "all-rings", "whole-numbers", "huge", "thick", "thin",
         "slow", "another-name", "inline-wood", "own-speeds"],
)  # fmt: skip
def test_a_context_file_counts_as_it_is(page: AppTest, changes: dict) -> None:
    """However it is written, and however odd its figures: the form holds exactly the file."""
    document = json.loads((EXAMPLES / "om28-context.json").read_text()) | changes
    text = json.dumps(document)
    upload(page, "context.json", text.encode())
    assert not page.exception
    assert session(page).context == context_from_json(text).value


def test_figures_in_inches_are_not_judged(page: AppTest) -> None:
    """A thickness in inches is said to be one; no verdict stands beside it."""
    take(page)
    next(n for n in page.number_input if n.label == "Thickness, mm").set_value(0.11).run()
    assert not page.exception
    assert words(page).count("2.794 mm") == 2  # beside the form, and on the bench
    assert session(page).context is None
    assert "can be made" not in words(page)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"channel_depth_mm": 1e-9}, "UNCUT"), ({"depth_per_pass_mm": 1e-5}, "turns")],
    ids=["refused-by-the-simulation", "not-planned"],
)
def test_a_program_that_is_refused_says_why(page: AppTest, changes: dict, code: str) -> None:
    """The page shows the reason, each time it is drawn."""
    document = json.loads((EXAMPLES / "om28-herringbone.json").read_text()) | changes
    upload(page, "design.json", json.dumps(document).encode())
    open_step(page, "Toolpaths")
    page.run()
    assert not page.exception
    assert code in words(page)


def test_the_maker_chooses_the_travel_height(page: AppTest) -> None:
    """Travel height and scoring reach the program that is replayed."""
    take(page)
    open_step(page, "Toolpaths")
    next(n for n in page.number_input if n.label == "Travel height, mm").set_value(22.0).run()
    next(n for n in page.number_input if n.label.startswith("Score")).set_value(0.2).run()
    assert not page.exception
    _, options = session(page).cutting
    assert (options.clearance_mm, options.scoring_mm) == (22.0, 0.2)
    assert "nothing gouged" in words(page)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'\xff\xfe{"rings"', b"[]", b'{"rings": [], "soundhole_diameter_mm": NaN}'],
    ids=["empty", "cut short", "not UTF-8", "a list", "not a number"],
)
def test_no_file_breaks_the_page(page: AppTest, content: bytes) -> None:
    """What cannot be read is said; the bench stays as it was."""
    take(page)
    before = session(page).spec
    upload(page, "odd.json", content)
    assert not page.exception
    assert "odd.json" in words(page)
    assert session(page).spec == before


def hand_in(page: AppTest, thickness_mm: float = 2.8) -> None:
    next(n for n in page.number_input if n.label == "Thickness, mm").set_value(thickness_mm).run()
    take(page)
    open_step(page, "Decision")
    next(b for b in page.button if b.label == "Hand in for a decision").click().run()
    assert not page.exception


def decide(page: AppTest, decision: str, *, actor: str, reason: str = "") -> None:
    page.text_input(key="studio_actor").set_value(actor)
    page.text_area(key="studio_note").set_value(reason)
    page.button(key=f"studio_decide_{decision}").click().run()
    assert not page.exception


@pytest.fixture
def with_server(
    records: None, prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Give the page a Prefect server, too."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    return records


@pytest.mark.usefixtures("with_server")
def test_a_blocked_design_needs_a_second_person_with_a_reason(page: AppTest) -> None:
    """The one who handed it in may not accept it; somebody else may, and it is on record."""
    hand_in(page, thickness_mm=1.6)
    assert "rejected" in words(page)
    decide(page, "override", actor="Ada", reason="a brace goes under it")
    assert "somebody else has to override it" in words(page)
    decide(page, "override", actor="Bob", reason="a brace goes under it")
    said = words(page)
    assert "lu-chip good" in said
    assert "a brace goes under it" in said
    assert session(page).is_handed_in


@pytest.mark.usefixtures("with_server")
def test_a_revision_replaces_the_design_on_record(page: AppTest) -> None:
    """Sent back, changed, handed in again: the same design, its next revision."""
    hand_in(page)
    first = session(page).design_id
    decide(page, "request_revision", actor="Bob", reason="a thinner inlay, please")
    open_step(page, "Rings")
    slider(page, "Inlay thickness").set_value(1.7).run()
    open_step(page, "Decision")
    next(b for b in page.button if b.label == "Hand in the revision").click().run()
    assert not page.exception
    assert session(page).design_id == first
    assert "revision 2" in words(page)


@pytest.mark.usefixtures("with_server")
def test_a_design_on_record_can_be_opened_elsewhere(page: AppTest) -> None:
    """A second person finds it in the list, with the conditions that it was judged under."""
    hand_in(page, thickness_mm=3.0)
    other = AppTest.from_function(studio, default_timeout=60).run()
    open_step(other, "Decision")
    box = next(s for s in other.selectbox if s.label == "Design")
    box.set_value(session(page).design_id).run()
    next(b for b in other.button if b.label == "Open it").click().run()
    assert not other.exception
    assert session(other).spec == session(page).spec
    assert session(other).context == session(page).context
    assert session(other).is_handed_in


def test_a_change_of_the_conditions_is_one_click_too(page: AppTest) -> None:
    """A feed too fast for the cutter is mended in the form, where the operator sees it."""
    take(page)
    next(n for n in page.number_input if n.label == "Feed, mm/min").set_value(4000.0).run()
    assert "CHIPLOAD" in words(page)
    fix = next(b for b in page.button if "CHIPLOAD" in (b.key or ""))
    fix.click().run()
    assert not page.exception
    assert session(page).context.feed_mm_min < 4000
    field = next(n for n in page.number_input if n.label == "Feed, mm/min")
    assert field.value == session(page).context.feed_mm_min


def test_only_woods_are_offered_for_a_soundboard(page: AppTest) -> None:
    """Softwoods first; nobody is offered a top of shell."""
    woods = next(s for s in page.selectbox if s.label == "Wood").options
    assert woods[0] == "Sitka spruce"
    assert not any("shell" in wood.lower() or "fibre" in wood.lower() for wood in woods)
