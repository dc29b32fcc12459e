"""The parameter form: one real widget for each property."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.ui.builder.run_form import Given, problems

PARAMETERS = {
    "repo": {"type": "path", "required": True, "description": "Where it lies"},
    "since": {"type": "string", "default": "30 days", "pattern": r"^\d+ (days|weeks)$"},
    "count": {"type": "integer", "default": 3, "minimum": 1, "maximum": 9},
    "ratio": {"type": "number"},
    "loud": {"type": "boolean", "default": True},
    "level": {"type": "choice", "choices": ["low", "high"], "default": "low"},
    "extra": {"type": "json"},
}
SCHEMA = form_schema(
    Definition.model_validate(
        {"schema": 1, "id": "demo", "parameters": PARAMETERS, "steps": {"a": {"run": "true"}}}
    )
)


def form(schema: dict) -> None:
    import streamlit as st

    from prefect_luthier.ui.builder import run_form

    st.session_state["given"] = run_form.fields(schema, key="form")


def shown() -> AppTest:
    return AppTest.from_function(form, args=(SCHEMA,)).run()


def test_each_type_gets_its_widget_in_the_order_of_the_definition() -> None:
    """Text, numbers, switches, choices and JSON, with required ones marked."""
    page = shown()
    assert [box.label for box in page.text_input] == ["Repo *", "Since"]
    assert [box.label for box in page.number_input] == ["Count", "Ratio"]
    assert [box.label for box in page.toggle] == ["Loud"]
    assert [box.options for box in page.selectbox] == [["low", "high"]]
    assert [box.label for box in page.text_area] == ["Extra (JSON)"]


def test_untouched_it_gives_the_defaults() -> None:
    """What was not given and has no default is not there."""
    assert shown().session_state["given"].values == {
        "since": "30 days",
        "count": 3,
        "loud": True,
        "level": "low",
    }


def test_values_come_back_with_their_types() -> None:
    """An integer stays one, and JSON is parsed."""
    page = shown()
    page.text_input(key="form_repo").input("/srv/repo")
    page.number_input(key="form_count").set_value(5)
    page.text_area(key="form_extra").input('{"a": [1, 2]}')
    values = page.run().session_state["given"].values
    assert values["repo"] == "/srv/repo"
    assert values["count"] == 5
    assert isinstance(values["count"], int)
    assert values["extra"] == {"a": [1, 2]}


def test_text_that_is_no_json_is_named() -> None:
    """The other fields keep their values."""
    page = shown()
    page.text_area(key="form_extra").input("{a: 1")
    given = page.run().session_state["given"]
    assert given.values["since"] == "30 days"
    assert given.unreadable[0].startswith("Extra: this is not JSON")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"since": "30 days"}, ["Repo must have a value."]),
        ({"repo": "/r", "since": "often"}, [r"Since does not match ^\d+ (days|weeks)$."]),
        ({"repo": "/r", "since": "2 weeks"}, []),
    ],
    ids=["missing", "pattern", "fine"],
)
def test_problems_are_said_before_anything_is_sent(values: dict, said: list[str]) -> None:
    """What the server would refuse is said at once, in the form's words."""
    assert problems(SCHEMA, Given(values)) == said


def test_a_pattern_in_foreign_syntax_is_left_to_the_server() -> None:
    """JSON Schema's expressions are not all Python's."""
    schema = {"properties": {"x": {"pattern": r"^\p{L}+$"}}, "required": []}
    assert problems(schema, Given({"x": "é"})) == []
