"""The JSON Schema of definitions, for editors."""

from __future__ import annotations

from typing import Any

from prefect_luthier.deployments.definition.model import (
    NAME_PATTERN,
    PARAMETER_TYPES,
    Definition,
)

SCHEMA_ID = "https://prefect-luthier.github.io/schema/workflow-1.json"


def definition_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a definition in TOML or JSON."""
    schema = Definition.model_json_schema(by_alias=True)
    for table in ("parameters", "actions", "steps", "artifacts"):
        schema["properties"][table]["propertyNames"] = {"pattern": NAME_PATTERN}
    schema["$defs"]["Parameter"]["properties"]["type"]["examples"] = list(PARAMETER_TYPES)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID} | schema
