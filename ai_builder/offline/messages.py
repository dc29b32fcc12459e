"""The text of a notification that a request did not spell out."""

from __future__ import annotations

from typing import Any

from prefect_luthier.ai_builder.offline.choice import Action
from prefect_luthier.ai_builder.offline.clause_words import plain
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.named_values import TOLD
from prefect_luthier.ai_builder.offline.naming import title
from prefect_luthier.ai_builder.offline.retrieval import query_terms
from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.ai_builder.offline.words import vocabulary

_TEXTS = frozenset({"text", "body", "content"})


def message_for(action: Action, inputs: dict[str, Any], masked: Masked, about: str = "") -> None:
    """Give the required message of a step a text, where nothing better is there.

    Args:
        action: What the step does.
        inputs: Its inputs, which are changed.
        masked: The request, for its literals.
        about: What the step before it does, in the request's words.
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
            inputs[slot.name] = _text(action, masked, about)


def _text(action: Action, masked: Masked, about: str) -> str:
    texts = [literal.text for literal in action.literals if literal.kind == "text"]
    if texts:
        return texts[0]
    condition = masked.unmask(action.clause.condition or "")
    if condition and (not about or _says_something(condition)):
        return f"{title(condition)}."
    if condition:
        return f"{title(about)}: {condition}."
    told = masked.unmask(action.clause.text)
    if said := TOLD.search(told):
        told = said["told"]
    return f"Done: {title(about)}." if about and not _says_something(told) else f"{title(told)}."


def _says_something(text: str) -> bool:
    """Return whether words name more than who is told, or that something is so."""
    idle = vocabulary().verb_words | vocabulary().vague
    return any(
        term.word not in idle and term.stem not in vocabulary().vague
        for term in query_terms(plain(text))
    )
