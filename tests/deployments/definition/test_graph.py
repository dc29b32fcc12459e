"""Order, layers, reachability and circles of steps."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.deployments.definition.graph import StepGraph, dag_text, layers

GRAPHS = st.integers(1, 12).flatmap(
    lambda count: st.lists(
        st.lists(st.integers(0, count - 1), max_size=4), min_size=count, max_size=count
    ).map(lambda rows: {f"s{i}": [f"s{n}" for n in needs] for i, needs in enumerate(rows)})
)


@given(GRAPHS)
def test_every_step_is_in_order_or_behind_a_circle(needs):
    """Needs come first; what is missing from the order reaches a circle that is reported."""
    graph = StepGraph(needs)
    place = {step: index for index, step in enumerate(graph.order)}
    for step in graph.order:
        assert all(place[need] < place[step] for need in needs[step])
    circles = graph.cycles
    assert bool(circles) is (len(graph.order) < len(needs))
    on_circle = {step for circle in circles for step in circle}
    for step in set(needs) - set(graph.order):
        assert step in on_circle or graph.transitive_needs(step) & on_circle
    for circle in circles:
        assert circle[0] == circle[-1]
        assert all(after in needs[before] for before, after in pairwise(circle))


@given(GRAPHS)
def test_reaching_is_being_a_transitive_need(needs):
    """The quick answer is the same as walking the graph."""
    graph = StepGraph(needs)
    for step in needs:
        found = graph.transitive_needs(step)
        assert {other for other in needs if graph.reaches(step, other)} == found


def test_layers_hold_what_can_run_at_once(check):
    """A step's layer is one behind its last need."""
    definition = check(
        'id = "w"\n[steps.c]\nrun="true"\nneeds=["a","b"]\n[steps.a]\nrun="true"\n'
        '[steps.b]\nrun="true"\nneeds=["a"]\nwhen="steps.a.outputs.exit_code == 0"\n[steps.d]\nrun="true"\n'
    ).definition
    assert layers(definition) == [["a", "d"], ["b"], ["c"]]
    assert dag_text(definition).split("\n") == [
        "a  (shell)",
        "d  (shell)",
        "  b  <- a  (shell; when steps.a.outputs.exit_code == 0)",
        "    c  <- a, b  (shell)",
    ]
