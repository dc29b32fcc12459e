"""A search as the page shows it: while it waits, while it runs, and however it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prefect_luthier.rmos.store.search_progress import ScorePoint
from prefect_luthier.ui.studio import services
from prefect_luthier.ui.studio.flow_runs import FlowState
from prefect_luthier.ui.studio.search_reading import Best, SearchView
from prefect_luthier.ui.studio.starters import starters

SPEC = starters()[0].spec
FLOW = FlowState("run", "merry-otter", "running", "", "http://127.0.0.1:9/runs/flow-run/run")
RUNNING = SearchView(
    FLOW,
    status="running",
    attempts=200,
    wanted_score=90.0,
    elapsed_s=2.0,
    seconds=30.0,
    points=[ScorePoint(1, 30.0, "RED"), ScorePoint(2, 84.0, "GREEN")],
    best=Best(2, 84.0, "GREEN", SPEC.model_dump(mode="json")),
)


def over(status: str, flow: str = "completed", **more: object) -> SearchView:
    return replace(RUNNING, status=status, flow=replace(FLOW, state=flow), **more)


def studio() -> None:
    """Show the page with a search under way."""
    from prefect_luthier.ui.studio import page, session

    current = session.current()
    if current.search_run is None and current.taken_attempt is None:
        current.search_run, current.step = "run", "Search"
    page.show()


@pytest.fixture
def shown(clean_environment: Path, monkeypatch: pytest.MonkeyPatch):
    """Give a function that shows the studio with a search as it stands."""

    def show(view: SearchView) -> AppTest:
        monkeypatch.setattr(services, "read_search", lambda _run: view)
        page = AppTest.from_function(studio, default_timeout=60).run()
        assert not page.exception
        return page

    return show


def words(page: AppTest) -> str:
    own = [element.proto.body for element in page.get("html")]
    return "\n".join([*own, *(element.value for element in page.markdown)])


def test_while_it_waits_it_says_so(shown) -> None:
    """Nothing is on the bench, and it can be cancelled."""
    page = shown(SearchView(replace(FLOW, state="pending")))
    assert "waiting" in words(page)
    assert "Nothing on the bench yet" in words(page)
    assert any(button.label == "Cancel" for button in page.button)


def test_while_it_runs_its_best_design_is_on_the_bench(shown) -> None:
    """Progress in words, the design drawn, and no decision before the end."""
    page = shown(RUNNING)
    said = words(page)
    assert "2 attempts; the best so far, number 2, scores 84.0." in said
    assert "Attempt 2 of the search merry-otter" in said
    assert page.session_state["luthier_studio"].spec == SPEC
    assert not any(button.label == "Decide" for button in page.button)


def test_a_better_attempt_takes_the_place_of_the_last(shown, monkeypatch) -> None:
    """Each time that the page looks, the best of then is drawn."""
    page = shown(RUNNING)
    better = starters()[1].spec
    best = Best(3, 88.0, "GREEN", better.model_dump(mode="json"))
    points = [*RUNNING.points, ScorePoint(3, 88.0, "GREEN")]
    monkeypatch.setattr(
        services, "read_search", lambda _run: replace(RUNNING, best=best, points=points)
    )
    page.run()
    assert page.session_state["luthier_studio"].spec == better


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (over("success"), "A design with the wanted score."),
        (over("best_effort"), "The best design within the budget."),
        (over("timeout"), "this is the best design until then"),
        (over("timeout", best=None), "Time ran out before a design was found"),
        (over("cancelled", "cancelled"), "what was found until then is kept"),
    ],
    ids=["success", "best effort", "timeout with", "timeout without", "cancelled"],
)
def test_every_end_is_said_in_a_sentence(shown, view: SearchView, said: str) -> None:
    """And a search that is over can be started again."""
    page = shown(view)
    assert said in words(page)
    assert any(button.label == "Search again" for button in page.button)


def test_without_a_design_the_constraints_are_named(shown) -> None:
    """What stands against every design is the answer."""
    binding = [{"code": "FLOOR", "message": "No top this thin can hold a channel."}]
    page = shown(over("exhausted", best=None, points=[], binding=binding))
    said = words(page)
    assert "No design can be made under these conditions." in said
    assert "FLOOR: No top this thin can hold a channel." in said
    assert not any(button.label == "Decide" for button in page.button)


def test_a_refusal_of_the_flow_is_shown(shown) -> None:
    """Its message is what the flow said."""
    refused = replace(FLOW, state="failed", message="[palette] no wood of it is known.")
    page = shown(SearchView(refused, status="failed"))
    assert "no wood of it is known" in words(page)


@pytest.mark.parametrize(
    ("view", "share"),
    [
        (SearchView(replace(FLOW, state="pending")), 0.0),
        (RUNNING, 2 / 30),
        (replace(RUNNING, elapsed_s=0.0), 0.01),
        (replace(RUNNING, elapsed_s=99.0), 1.0),
        (over("success"), 1.0),
    ],
    ids=["waiting", "by time", "by attempts", "late", "over"],
)
def test_progress_is_what_is_spent_of_time_or_attempts(view: SearchView, share: float) -> None:
    """Whichever is nearer to its end."""
    assert view.share == pytest.approx(share)
