"""Look into the JSON Schema of an action's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect_luthier.pointers import Path

_MAX_REFERENCES = 16
_COMBINED = ("anyOf", "oneOf")


def schema_at(schema: Any, path: Path) -> Any:
    """Return the schema of the value at ``path``, None when the schema does not say."""
    root = schema
    for part in path:
        schema = _child(_resolved(schema, root), part)
        if schema is None:
            return None
    return _resolved(schema, root)


def _child(schema: Any, part: str | int) -> Any:
    if not isinstance(schema, Mapping):
        return None
    if isinstance(part, int):
        prefix = schema.get("prefixItems")
        if isinstance(prefix, list) and part < len(prefix):
            return prefix[part]
        return schema.get("items")
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and part in properties:
        return properties[part]
    return schema.get("additionalProperties")


def _resolved(schema: Any, root: Any) -> Any:
    """Follow local references, and put the branches of a union beside each other."""
    for _ in range(_MAX_REFERENCES):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str):
            break
        schema = _local(root, reference)
    if isinstance(schema, Mapping):
        for key in _COMBINED:
            branches = schema.get(key)
            if isinstance(branches, list):
                return {**schema, key: [_shallow(branch, root) for branch in branches]}
    return schema


def _shallow(schema: Any, root: Any) -> Any:
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    return _local(root, reference) if isinstance(reference, str) else schema


def _local(root: Any, reference: str) -> Any:
    if not reference.startswith("#/"):
        return None
    found = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def types_of(schema: Any) -> set[str]:
    """Return the JSON types that a schema allows; empty when it allows any, or does not say."""
    if not isinstance(schema, Mapping):
        return set()
    kind = schema.get("type")
    if isinstance(kind, str):
        return {kind}
    if isinstance(kind, list):
        return {str(name) for name in kind}
    for key in _COMBINED:
        branches = schema.get(key)
        if isinstance(branches, list):
            found = [types_of(branch) for branch in branches]
            return set().union(*found) if all(found) else set()
    return set()


def is_secret_schema(schema: Any) -> bool:
    """Return whether an input is declared as one that takes a secret's value."""
    if not isinstance(schema, Mapping):
        return False
    if schema.get("format") == "password" or schema.get("writeOnly") is True:
        return True
    return any(
        is_secret_schema(branch)
        for key in _COMBINED
        if isinstance(schema.get(key), list)
        for branch in schema[key]
    )
