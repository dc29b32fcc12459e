"""The definition in a text that need not be valid."""

from __future__ import annotations

from pydantic import ValidationError

from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source


def readable_definition(source: Source) -> Definition | None:
    """Return the definition in a text whose form is right, whatever else is wrong with it."""
    document = Document(source)
    if document.syntax:
        return None
    try:
        return Definition.model_validate(document.data)
    except ValidationError:
        return None
