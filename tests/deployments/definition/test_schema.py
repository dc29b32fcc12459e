"""The JSON Schema for editors agrees with the model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import jsonschema_rs
import pytest

from prefect_luthier.deployments.definition.schema import definition_schema

EXAMPLES = sorted((Path(__file__).parents[3] / "docs" / "examples").glob("*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_follow_the_schema(path):
    """An editor shows no error in an example."""
    validator = jsonschema_rs.validator_for(definition_schema())
    assert [e.message for e in validator.iter_errors(tomllib.loads(path.read_text()))] == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"id": "A b", "steps": {"a": {"run": "x"}}},
        {"id": "w", "steps": {}},
        {"id": "w", "steps": {"a-b": {"run": "x"}}},
        {"id": "w", "steps": {"a": {"rnu": "x"}}},
        {"id": "w", "steps": {"a": {"run": "x", "timeout": "soon"}}},
        {"id": "w", "steps": {"a": {"run": 3}}},
    ],
    ids=["empty", "id", "no-steps", "step-id", "unknown-key", "duration", "type"],
)
def test_mistakes_break_the_schema(data):
    """What the validator refuses for its shape, the schema refuses too."""
    assert not jsonschema_rs.validator_for(definition_schema()).is_valid(data)


def test_every_key_is_described():
    """Editors show what a key means."""
    schema = definition_schema()
    for name in ("Parameter", "Step", "Trigger", "Retries"):
        properties = schema["$defs"][name]["properties"]
        undescribed = [key for key, rule in properties.items() if "description" not in rule]
        assert set(undescribed) <= {"description", "retries"}
