"""The shape of a definition: known keys, right types, required fields."""

from __future__ import annotations

from pydantic import ValidationError

from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.pointers import to_pointer
from prefect_luthier.diagnostics import Diagnostic


def check_shape(document: Document) -> tuple[Definition | None, list[Diagnostic]]:
    """Return the definition, or None, and what is wrong with its shape."""
    try:
        return Definition.model_validate(document.data, strict=True), []
    except ValidationError as error:
        return None, [
            Diagnostic(
                "wrong-type" if item["type"].endswith("_type") else item["type"].replace("_", "-"),
                "error",
                f"{item['msg']}.",
                pointer=to_pointer(item["loc"]),
                span=document.value_span(item["loc"]),
            )
            for item in error.errors(include_url=False)
        ]
