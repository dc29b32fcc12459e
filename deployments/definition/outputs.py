"""The outputs of a step: which it has, their types, and how text becomes a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.model import Step

COMMAND_OUTPUTS: dict[str, str] = {"stdout": "string", "stderr": "string", "exit_code": "integer"}
ITEMS_OUTPUT = "items"

_SCHEMA_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "list",
}


def item_outputs(step: Step, catalog: Catalog) -> dict[str, str] | None:
    """Return the outputs of one execution of a step, or None when its action does not say.

    Args:
        step: A step with its template merged in.
        catalog: Where its action is found.
    """
    if step.run is not None:
        return COMMAND_OUTPUTS | {name: str(kind) for name, kind in step.outputs.items()}
    entry = catalog.find(step.uses) if step.uses else None
    if entry is None or entry.output_schema is None:
        return None
    return schema_outputs(entry.output_schema)


def schema_outputs(schema: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the outputs that a JSON Schema of an object names; None when it names none."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return None
    return {
        str(name): _SCHEMA_TYPES.get(_schema_type(prop), "json")
        for name, prop in properties.items()
    }


def _schema_type(schema: Any) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return kind if isinstance(kind, str) else ""


def declared_outputs(step: Step, catalog: Catalog) -> dict[str, str]:
    """Return the outputs of a step as later steps see them; empty when they are not declared."""
    if step.foreach is not None:
        return {ITEMS_OUTPUT: "list"}
    return item_outputs(step, catalog) or {}


def parse_output(text: str, kind: str) -> Any:
    """Return the value that a command wrote as ``text`` for an output of type ``kind``.

    Raises:
        ValueError: ``text`` is no value of that type.
    """
    if kind == "string":
        return text
    if kind == "boolean":
        return _boolean(text)
    if kind == "integer":
        return int(text.strip())
    if kind == "number":
        return float(text.strip())
    value = json.loads(text)
    if kind == "list" and not isinstance(value, list):
        raise ValueError("a JSON list was expected")
    return value


def _boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in ("true", "false"):
        raise ValueError("true or false was expected")
    return word == "true"
