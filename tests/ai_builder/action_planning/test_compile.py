"""A plan as a definition: valid, independent steps, texts as they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.ai_builder.action_planning.compile import compile_plan
from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.expressions import interpolate
from prefect_luthier.deployments.definition.plan import make_plan
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.errors import LuthierError

TELL = {
    "type": "object",
    "properties": {"text": {"type": "string"}, "client_request_id": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
CATALOG = Catalog(
    CatalogEntry(slug=slug, kind="action", description="Tell.", input_schema=TELL)
    for slug in ("a.tell", "a_tell", "a.tell.1", "9lives")
)


def tell(text: str, slug: str = "a.tell") -> PlannedAction:
    return PlannedAction(provider="a", action=slug, params={"text": text})


def inputs_of(*actions: PlannedAction) -> list[dict[str, Any]]:
    """Return what the compiled steps would give their actions."""
    source = Source.from_text(compile_plan(actions, CATALOG))
    report = validate(source, CATALOG)
    assert report.definition is not None, report.diagnostics
    plan = make_plan(report.definition, {}, CATALOG)
    assert not any(step.needs for step in plan.steps)
    by_id = {step.id: interpolate(step.inputs, {}) for step in plan.steps}
    return [by_id[name] for name in report.definition.steps]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3))
def test_texts_arrive_as_they_were_planned(texts: list[str]) -> None:
    """Nothing in a text is an expression, whatever it looks like."""
    texts = [text.replace("\0", "") for text in texts]
    found = inputs_of(*map(tell, texts))
    assert [each["text"] for each in found] == texts


@pytest.mark.parametrize(
    "text",
    ["${{ run.id }}", '${{ "a" }} }}', "${{", "}} ${{ params.x", 'a "${{ 1 + 1 }}" \\ \n b'],
)
def test_expressions_in_a_text_stay_text(text: str) -> None:
    """A prompt cannot read what the run knows."""
    assert inputs_of(tell(text))[0]["text"] == text


def test_every_action_has_a_step_and_its_key() -> None:
    """Slugs that look alike as step ids do not hide each other."""
    actions = [tell("x", slug) for slug in ("a.tell", "a_tell", "a.tell", "a.tell.1", "9lives")]
    found = inputs_of(*actions)
    assert [each["client_request_id"] for each in found] == [a.client_request_id for a in actions]


@pytest.mark.parametrize(
    ("actions", "code"),
    [((), "empty-plan"), ((tell("x", "a.delete"),), "unknown-action")],
    ids=["nothing", "unknown"],
)
def test_what_cannot_run_is_refused(actions: tuple[PlannedAction, ...], code: str) -> None:
    """There is no definition without steps, nor one with an action that does not exist."""
    with pytest.raises(LuthierError) as caught:
        compile_plan(actions, CATALOG)
    assert caught.value.code == code
