"""Read a request that changes a base: as operations, so that the rest stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefect_luthier.ai_builder.offline.base_changes import Refinement, heal
from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.clause_words import polished
from prefect_luthier.ai_builder.offline.edits import (
    Editing,
    edit_care,
    edit_name,
    edit_order,
    edit_schedule,
    wished_schedule,
)
from prefect_luthier.ai_builder.offline.insertions import add_steps
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.ai_builder.offline.schedules import schedule_questions
from prefect_luthier.ai_builder.offline.sentences import sentences
from prefect_luthier.ai_builder.offline.step_edits import edit_guard, edit_removal, edit_replacement
from prefect_luthier.ai_builder.offline.value_edits import (
    edit_contrast,
    edit_literal,
    edit_named_value,
    edit_number,
    edit_value,
)
from prefect_luthier.ai_builder.operations import Operation
from prefect_luthier.catalog import Catalog


def refine(masked: Masked, form: Mapping[str, Any], catalog: Catalog, index: Index) -> Refinement:
    """Return the changes that a request asks for.

    Args:
        masked: The request.
        form: The base's JSON form.
        catalog: What new steps may use.
        index: The catalog, prepared for matching.
    """
    refinement = Refinement(dict(form))
    for sentence in _with_subjects(sentences(masked.text)):
        editing = Editing(refinement.form, BaseSteps(refinement.form, catalog), masked)
        changed = edit_number(sentence, editing)
        if changed:
            refinement.apply(changed)
            continue
        for part in _changes(sentence):
            _read_change(part, refinement, masked, catalog, index)
    return refinement


_SUBJECT = re.compile(
    r"^(?:(?:well|so|but|and|sorry|hi|ok|hm+)\W+)*(?P<subject>(?:the|our|that|this|its|my)\s+(?:[\w'-]+\s+){1,4}?)(?:(?:is|are|was|were|has|have|does|do|can|may|could|sometimes|often|always|never|keeps?|fails?|hangs?|takes?|breaks?|tends?|seems?|needs?)\b).*$",
    re.IGNORECASE,
)
_ABOUT_IT = re.compile(
    r"^(?P<verb>(?:please\s+|so\s+|just\s+)*(?:retry|repeat|remove|drop|delete|skip|omit|leave|take|limit|stop|rename|move|give up on|try|get rid of))\s+(?:it|that|them|this|those)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _with_subjects(found: Sequence[str]) -> list[str]:
    """Return sentences with what `it` stands for: `the push is slow: retry it` retries the push."""
    kept: list[str] = []
    for sentence in found:
        pieces = re.split(r",\s+(?:so\s+|and\s+|please\s+)*", sentence)
        said = pieces[-1].strip()
        about = _ABOUT_IT.match(said)
        told = sentence[: -len(pieces[-1])].strip(" ,") or (kept[-1] if kept else "")
        subject = _SUBJECT.match(told) if about else None
        if about and subject:
            if told == (kept[-1] if kept else ""):
                kept.pop()
            kept.append(f"{about['verb']} {subject['subject'].strip()}{said[about.end() :]}")
        else:
            kept.append(sentence)
    return kept


_NEXT_CHANGE = re.compile(
    r"\s*(?:,\s*(?:and\s+|but\s+)?|\s+and\s+|\s+but\s+)(?:also\s+|then\s+|please\s+)*(?=(?:remove|drop|delete|rename|retry|replace|set|change|make (?:it|the|this)|run (?:it|this|the)|add|use|turn|give up|schedule|undo|get rid of|move|put|notify|send|post|mail|email|text|tell|write|page|message|take|leave|skip)\b)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _changes(sentence: str) -> list[str]:
    """Return the parts of a sentence that are changes of different kinds."""
    if _CIRCUMSTANCE.match(polished(sentence)):
        return [sentence]
    parts = [part for part in _NEXT_CHANGE.split(sentence) if part and part.strip()]
    kinds = {bool(_EDITING.match(polished(part))) for part in parts}
    return (
        parts
        if len(kinds) > 1 or (parts and all(_EDITING.match(polished(p)) for p in parts))
        else [sentence]
    )


_CIRCUMSTANCE = re.compile(
    r"^(?:before|after|once|as soon as|if|when|whenever|unless|instead|rather|in case)\b",
    re.IGNORECASE,
)
_EDITING = re.compile(
    r"^(?:remove|drop|delete|rename|retry|replace|set|change|make (?:it|the|this)|run (?:it|this|the)|turn|give up|schedule|undo|get rid of|move|put|use)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)

_COURTESY = re.compile(r"\b(?:please|pls|plz|kindly|thanks|thank you|thx)\b\s*", re.IGNORECASE)


def _read_change(
    text: str, refinement: Refinement, masked: Masked, catalog: Catalog, index: Index
) -> None:
    text = _COURTESY.sub("", text)
    said = polished(text)
    editing = Editing(refinement.form, BaseSteps(refinement.form, catalog), masked)
    operations, rest = edit_schedule(said, editing)
    asked = schedule_questions(wished_schedule(said))
    refinement.unsaid += asked
    if operations or asked:
        refinement.apply(operations)
        said = rest.strip(" .,!")
        if not said:
            return
        editing = Editing(refinement.form, editing.steps, masked)
    edits: tuple[Callable[[str, Editing], list[Operation]], ...] = (
        edit_name,
        edit_care,
        edit_value,
        edit_contrast,
        edit_literal,
        lambda text, editing: edit_replacement(text, editing, index),
        lambda text, editing: edit_removal(text, editing, index),
        edit_order,
        edit_guard,
        edit_named_value,
    )
    for edit in edits:
        found = edit(said, editing)
        if found:
            refinement.apply(found)
            heal(refinement, catalog)
            return
    add_steps(text, refinement, masked, catalog, index)
