"""From an action's input schema to one that a model's server enforces.

Strict function calling takes a subset of JSON Schema: every object closed, every property
required (an optional one may be null instead), no `oneOf`, no `default`, no lengths or formats.
What is dropped here is checked afterwards against the action's own schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect_luthier.errors import LuthierError

_KEPT = ("type", "enum", "const", "description", "anyOf", "items", "$ref")
_MAX_DEPTH = 10


def strict_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the strict form of an object's schema.

    Raises:
        LuthierError: It has an open object, or nests deeper than ten levels; no model can be
            held to that.
    """
    return _strict(schema, schema.get("$defs", {}), 0)


def without_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    """Return ``value`` without the nulls that stand for an optional property left out."""
    return _without_nulls(value, schema, schema.get("$defs", {}))


def _without_nulls(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    schema = _followed(schema, definitions)
    if isinstance(value, list):
        items = schema.get("items", {})
        return [_without_nulls(each, items, definitions) for each in value]
    if not isinstance(value, Mapping):
        return value
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    return {
        key: _without_nulls(each, properties.get(key, {}), definitions)
        for key, each in value.items()
        if each is not None or key in required or key not in properties
    }


def _followed(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the object or list that a reference or a choice stands for."""
    for _ in range(_MAX_DEPTH):
        if "$ref" in schema:
            schema = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        elif "anyOf" in schema:
            options = [each for each in schema["anyOf"] if each.get("type") != "null"]
            schema = options[0] if len(options) == 1 else {}
        else:
            break
    return _joined(schema)


def _strict(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise _unenforceable("it nests too deeply")
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        if name not in definitions:
            raise _unenforceable(f"it refers to {schema['$ref']!r}, which it does not define")
        return _strict(definitions[name], definitions, depth + 1)
    schema = _joined(schema)
    found: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema}
    for word in ("anyOf", "oneOf"):
        if word in schema:
            found["anyOf"] = [_strict(each, definitions, depth + 1) for each in schema[word]]
    if isinstance(schema.get("items"), Mapping):
        found["items"] = _strict(schema["items"], definitions, depth + 1)
    if schema.get("type") == "object" or "properties" in schema:
        found |= _closed(schema, definitions, depth)
    return found


def _closed(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int
) -> dict[str, Any]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        raise _unenforceable("it has an object with no named properties")
    required = schema.get("required", ())
    strict = {name: _strict(each, definitions, depth + 1) for name, each in properties.items()}
    return {
        "type": "object",
        "properties": {
            name: each if name in required else _or_null(each) for name, each in strict.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    options = schema.get("anyOf", [schema])
    if any(each.get("type") == "null" for each in options):
        return schema
    description = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [*options, {"type": "null"}]} | description


def _joined(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with an `allOf` of one part, which pydantic writes, folded in."""
    parts = schema.get("allOf")
    if isinstance(parts, list) and len(parts) == 1:
        return {**parts[0], **{key: value for key, value in schema.items() if key != "allOf"}}
    return schema


def _unenforceable(why: str) -> LuthierError:
    return LuthierError(
        "schema-not-strict",
        f"the input schema cannot be enforced on a model's answer: {why}.",
        "Name every property of every object in the action's inputs.",
    )
