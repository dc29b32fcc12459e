"""From input schemas to what strict function calling accepts."""

from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from prefect_luthier.ai_builder.action_planning.strict_schema import strict_schema, without_nulls
from prefect_luthier.errors import LuthierError


class File(BaseModel):
    """A file."""

    name: str = Field(min_length=1)
    note: str | None = None


class Inputs(BaseModel):
    """Inputs with everything that pydantic writes."""

    to: list[str] = Field(min_length=1, description="Whom.")
    subject: str = Field(default="", max_length=10)
    level: int | str = 1
    files: list[File] = []
    main: File | None = None


def _objects(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


def test_every_object_is_closed_and_whole() -> None:
    """All properties are required, and nothing stands in it that servers refuse."""
    strict = strict_schema(Inputs.model_json_schema())
    found = list(_objects(strict))
    assert len(found) == 3
    for each in found:
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])
    text = str(strict)
    assert not any(word in text for word in ("oneOf", "default", "minLength", "$ref", "maxLength"))
    assert strict["properties"]["to"]["description"] == "Whom."


def test_an_answer_without_its_nulls_is_valid_again() -> None:
    """Nulls that stand for something left out go, at every depth; a meant null stays."""
    schema = Inputs.model_json_schema()
    answer = {
        "to": ["a"],
        "subject": None,
        "level": 2,
        "files": [{"name": "x", "note": None}],
        "main": {"name": "y", "note": None},
    }
    assert jsonschema_rs.is_valid(strict_schema(schema), answer)
    given = without_nulls(answer, schema)
    assert given == {
        "to": ["a"],
        "level": 2,
        "files": [{"name": "x"}],
        "main": {"name": "y"},
    }
    assert jsonschema_rs.is_valid(schema, given)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "object", "properties": {"any": {"type": "object"}}},
        {"type": "object", "properties": {"x": {"$ref": "#/$defs/missing"}}},
        {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/x"}},
            "$defs": {"x": {"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}}},
        },
    ],
    ids=["open", "open inside", "dangling reference", "endless"],
)
def test_what_cannot_be_enforced_is_refused(schema: dict[str, Any]) -> None:
    """An open object would let a model write anything."""
    with pytest.raises(LuthierError) as caught:
        strict_schema(schema)
    assert caught.value.code == "schema-not-strict"
