"""The text of a notification that a request did not spell out."""

from __future__ import annotations

from typing import Any

from prefect_luthier.ai_builder.offline.choice import Action
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.naming import title
from prefect_luthier.ai_builder.offline.slots import slots

_TEXTS = frozenset({"text", "body", "content"})


def message_for(action: Action, inputs: dict[str, Any], masked: Masked) -> None:
    """Give the required message of a step a text, where nothing better is there.

    Args:
        action: What the step does.
        inputs: Its inputs, which are changed.
        masked: The request, for its literals.
    """
    if action.entry is None:
        return
    for slot in slots(action.entry):
        if slot.role == "title" and slot.required:
            given = str(inputs.get(slot.name, ""))
            if not given or given.startswith("${{ params."):
                inputs[slot.name] = title(
                    masked.unmask(action.clause.condition or action.clause.text)
                )
        if not slot.required or not (slot.role == "message" or slot.name in _TEXTS):
            continue
        given = str(inputs.get(slot.name, ""))
        is_told = slot.role == "message" and action.clause.condition is not None
        is_open = not given or given.startswith("${{ params.")
        if is_told or (is_open and (slot.role == "message" or action.clause.condition)):
            inputs[slot.name] = _text(action, masked)


def _text(action: Action, masked: Masked) -> str:
    texts = [literal.text for literal in action.literals if literal.kind == "text"]
    if texts:
        return texts[0]
    told = title(masked.unmask(action.clause.condition or action.clause.text))
    return f"{told}."
