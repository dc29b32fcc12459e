"""`luthier schema`: the JSON Schema of definitions, for editors."""

from __future__ import annotations

from prefect_luthier.deployments.definition.schema import definition_schema
from prefect_luthier.ui.cli.output import JsonOption, print_json


def schema(*, as_json: JsonOption = False) -> None:  # noqa: ARG001 - it is always JSON
    """Print the JSON Schema of definitions, for editors."""
    print_json(definition_schema())
