"""The picture of a run is that of its definition, also where only the plan is stored."""

from __future__ import annotations

import pytest

from prefect_luthier.deployments.definition.plan import make_plan
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.ui.builder.services import read_loosely
from prefect_luthier.ui.builder.workflow_view import picture_of, sketch_of_plan

TEXT = """
id = "shapes"
version = "1.2.3"
name = "Shapes"
[actions.say]
run = "echo said"
[steps.first]
uses = "say"
[steps.many]
needs = ["first"]
foreach = "[1, 2]"
run = "echo ${{ item }}"
[steps.tell]
uses = "notify@1"
needs = ["many", "first"]
when = "steps.many.state == 'failed'"
inputs = { message = "It failed" }
"""


def test_a_plan_is_drawn_as_its_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps, order, conditions, loops and icons are the same; actions have their whole version."""
    definition = read_loosely(TEXT)
    assert definition is not None
    catalog = installed_catalog()
    stored = make_plan(definition, {}, catalog).to_json()
    drawn = picture_of(sketch_of_plan(stored), catalog, {})
    resolved = TEXT.replace("notify@1", "notify@1.0.0")
    written = read_loosely(resolved.replace('uses = "say"', 'run = "echo said"'))
    assert written is not None
    assert drawn == picture_of(written, catalog, {})
