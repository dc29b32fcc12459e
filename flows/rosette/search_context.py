"""Reading the context that a flow or an action was given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from prefect_luthier.errors import InvalidInput
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json


def read_context(document: Mapping[str, Any]) -> Context:
    """Return the context in a JSON document, with its library ids resolved.

    Raises:
        InvalidInput: With every finding (``invalid-context``).
    """
    reading = context_from_json(json.dumps(document))
    if reading.value is None:
        raise InvalidInput(
            "invalid-context",
            "the context is not valid.",
            reading.diagnostics,
            "Correct what is named.",
        )
    return reading.value
