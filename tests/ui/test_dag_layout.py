"""The layout of pictures: nothing overlaps, edges lead forward, little crosses."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.deployments.definition.graph import StepGraph
from prefect_luthier.ui.dag_layout import Sizes, lay_out


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Give needs of up to 14 steps; a step needs only earlier ones."""
    count = draw(st.integers(1, 14))
    names = [f"s{number}" for number in range(count)]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4))
        if index
        else []
        for index, name in enumerate(names)
    }


def placed(needs: dict[str, list[str]], sizes: Sizes):
    layers = StepGraph(needs).layers
    edges = [(need, step) for step, wanted in needs.items() for need in wanted]
    return lay_out(layers, edges, sizes)


@pytest.mark.parametrize("downwards", [False, True], ids=["across", "down"])
@given(needs=graphs())
def test_boxes_never_overlap_and_stay_inside(needs: dict[str, list[str]], downwards: bool) -> None:
    """Whatever the graph, every box has its own place within the picture."""
    sizes = Sizes(downwards=downwards)
    layout = placed(needs, sizes)
    assert layout.boxes.keys() == needs.keys()
    for (ax, ay), (bx, by) in combinations(layout.boxes.values(), 2):
        assert abs(ax - bx) >= sizes.width - 0.01 or abs(ay - by) >= sizes.height - 0.01
    for x, y in layout.boxes.values():
        assert -0.01 <= x <= layout.width - sizes.width + 0.01
        assert -0.01 <= y <= layout.height - sizes.height + 0.01


@pytest.mark.parametrize("downwards", [False, True], ids=["across", "down"])
@given(needs=graphs())
def test_every_edge_leads_from_its_step_forward_to_the_other(
    needs: dict[str, list[str]], downwards: bool
) -> None:
    """An edge starts at the end of one box, never turns back, and ends where the other begins."""
    sizes = Sizes(downwards=downwards)
    layout = placed(needs, sizes)
    axis = 1 if downwards else 0
    for (start, end), points in layout.routes.items():
        along = [point[axis] for point in points]
        assert along == sorted(along)
        assert along[0] == pytest.approx(layout.boxes[start][axis] + sizes.along)
        assert along[-1] == pytest.approx(layout.boxes[end][axis])


@given(needs=graphs())
def test_edges_go_around_boxes_they_do_not_belong_to(needs: dict[str, list[str]]) -> None:
    """A long edge passes a layer beside its boxes, not through them."""
    sizes = Sizes()
    layout = placed(needs, sizes)
    for edge, points in layout.routes.items():
        for x, y in points[1:-1]:
            for box, (left, top) in layout.boxes.items():
                if box not in edge and left <= x <= left + sizes.width:
                    assert not top + 1 < y < top + sizes.height - 1


def test_a_chain_is_a_straight_line() -> None:
    """Steps one after the other stand at the same height."""
    layout = placed({"a": [], "b": ["a"], "c": ["b"]}, Sizes())
    assert len({y for _, y in layout.boxes.values()}) == 1


def test_crossings_that_can_be_avoided_are_avoided() -> None:
    """Two independent chains do not cross, in whatever order their steps are written."""
    needs = {"a": [], "b": [], "y": ["b"], "x": ["a"], "p": ["x"], "q": ["y"]}
    boxes = placed(needs, Sizes()).boxes
    first = boxes["a"][1] < boxes["b"][1]
    assert first == (boxes["x"][1] < boxes["y"][1]) == (boxes["p"][1] < boxes["q"][1])
