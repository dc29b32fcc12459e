"""Reading a definition for its picture, although it may still be wrong."""

from __future__ import annotations

import json
import tomllib

from pydantic import ValidationError

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source


def read_loosely(text: str) -> Definition | None:
    """Return the definition in ``text`` if it has the right form, whatever it refers to.

    The validator decides whether it is right; this is only for showing what is there.
    """
    source = Source.from_text(text)
    try:
        data = json.loads(text) if source.format == "json" else tomllib.loads(text)
        return Definition.model_validate(data)
    except (ValueError, RecursionError, ValidationError):
        return None
