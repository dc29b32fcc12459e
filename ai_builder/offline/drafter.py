"""The offline drafter: from a request to a definition by rules, without a model."""

from __future__ import annotations

import asyncio
import json
import time
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest, Refusal, Round
from prefect_luthier.ai_builder.offline.clause_words import is_gibberish
from prefect_luthier.ai_builder.offline.compose import compose
from prefect_luthier.ai_builder.offline.indexes import catalog_index, vectors_dir
from prefect_luthier.ai_builder.offline.literals import Masked, mask
from prefect_luthier.ai_builder.offline.reading import Reading, read_actions
from prefect_luthier.ai_builder.offline.refine import refine
from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.ai_builder.offline.schedules import find_schedule, schedule_questions
from prefect_luthier.ai_builder.offline.spelling import mended
from prefect_luthier.ai_builder.offline.wishes import contradiction, is_mood, is_question
from prefect_luthier.ai_builder.operations import renames
from prefect_luthier.ai_builder.toml_edit import edit_toml
from prefect_luthier.ai_builder.toml_writer import write_json_form
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.settings import Settings

MAX_REQUEST_CHARACTERS = 20_000
_MOST_NAMED = 3


class OfflineDrafter:
    """Reads requests by rules; asks or refuses where they do not suffice.

    Args:
        settings: Luthier's settings; nothing in them changes what is drafted.
    """

    name = "offline"

    def __init__(self, settings: Settings | None = None) -> None:
        self._cache_dir = vectors_dir(settings) if settings else None

    async def draft(self, request: DraftRequest, catalog: Catalog) -> Draft:
        """Draft a definition that refers to ``catalog`` only."""
        return await asyncio.to_thread(draft_offline, request, catalog, self._cache_dir)


def draft_offline(request: DraftRequest, catalog: Catalog, cache_dir: Path | None = None) -> Draft:
    """Draft a definition; the plain function behind the drafter.

    Args:
        request: What is asked for.
        catalog: What the draft may refer to.
        cache_dir: Where what was learnt about a catalog is kept, if anywhere.
    """
    started = time.perf_counter()
    draft = _draft(request, catalog, catalog_index(catalog, cache_dir))
    answer = Round(
        number=1,
        provider=OfflineDrafter.name,
        outcome="refused" if draft.refusal else "answer",
        answer=draft.toml,
        diagnostics=draft.diagnostics,
        duration_s=time.perf_counter() - started,
    )
    return Draft(**{**vars(draft), "rounds": (answer,)})


def _draft(request: DraftRequest, catalog: Catalog, index: Index) -> Draft:
    # A NUL says nothing, and no file or program takes it.
    text = request.request.replace("\0", " ")
    if not any(char.isalnum() for char in text):
        return _refuse(catalog, "empty-request", "The request is empty. Say what shall happen.")
    if len(text) > MAX_REQUEST_CHARACTERS:
        return _refuse(
            catalog,
            "request-too-long",
            f"The request has {len(text)} characters, more than {MAX_REQUEST_CHARACTERS}.",
        )
    masked = mask(text)
    gibberish = is_gibberish(masked.text)
    masked = replace(masked, text=mended(masked.text, index.names))
    if request.base is not None:
        return _refined(request.base, masked, catalog, index)
    schedule = find_schedule(masked.text)
    against = contradiction(masked.text, schedule.crons)
    if against:
        return _refuse(
            catalog,
            "conflicting-request",
            f"{masked.unmask(against).strip()!r} contradicts the rest of the request. "
            "Say which of the two shall hold.",
        )
    if not schedule.crons and is_question(masked.text):
        return _no_request(catalog)
    if is_mood(schedule.rest):
        return _vague(catalog, masked.unmask(schedule.rest).strip())
    reading = read_actions(schedule.rest, masked, index)
    if gibberish and (reading.unknown or len(reading.actions) <= 1):
        return _no_request(catalog)
    if reading.unknown:
        return _unknown(catalog, index, reading.unknown)
    if not reading.actions:
        return _nothing_found(reading, catalog)
    composed = compose(reading.actions, schedule, masked, catalog, text)
    notes = schedule_questions(schedule)
    notes += tuple(
        f"Nothing in the catalog can do {what!r}, so the draft leaves it out. Is it needed?"
        for what in reading.left_out
    )
    notes += tuple(
        f"Is `{action.entry.slug}` what {masked.unmask(action.clause.text).strip()!r} asks for?"
        for action in reading.actions
        if action.doubtful and action.entry is not None
    )
    return _validated(write_json_form(composed.document), notes + composed.questions, catalog)


def _refined(base: Source, masked: Masked, catalog: Catalog, index: Index) -> Draft:
    """Apply a request to a base as operations."""
    try:
        form = json.loads(base.text) if base.format == "json" else tomllib.loads(base.text)
    except (ValueError, RecursionError) as error:
        return _refuse(catalog, "invalid-base", f"The base cannot be read: {error}.")
    form = _usual_form(form)
    if form is None:
        return _refuse(catalog, "invalid-base", "The base has no steps to change.")
    changes = refine(masked, form, catalog, index)
    if changes.unknown:
        return _unknown(catalog, index, changes.unknown)
    if not changes.operations:
        return _refuse(
            catalog,
            "vague-request",
            " ".join(changes.unsaid)
            or "The request names no change to the workflow. Say which step, schedule or value.",
        )
    if base.format == "json":
        toml = write_json_form(changes.form)
    else:
        toml = edit_toml(base.text, changes.form, renames(changes.operations))
    return _validated(toml, tuple(changes.unsaid), catalog)


def _validated(toml: str, questions: tuple[str, ...], catalog: Catalog) -> Draft:
    report = validate(Source.from_text(toml, format="toml"), catalog)
    return Draft(
        provider=OfflineDrafter.name,
        snapshot=catalog.digest,
        toml=toml,
        definition=report.definition,
        diagnostics=report.diagnostics,
        questions=questions,
    )


def _no_request(catalog: Catalog) -> Draft:
    return _refuse(
        catalog,
        "not-a-workflow-request",
        "This does not say what a workflow shall do. Describe the steps, for example: "
        "fetch https://example.org/data.json every hour and save it to data.json.",
    )


def _nothing_found(reading: Reading, catalog: Catalog) -> Draft:
    """Refuse a request that names no action: say whether it is vague or no request at all."""
    if not reading.vague:
        return _no_request(catalog)
    return _vague(catalog, reading.vague[0])


def _vague(catalog: Catalog, said: str) -> Draft:
    return _refuse(
        catalog,
        "vague-request",
        f"{said!r} does not say what shall be done. Name what to work on, "
        "what to do with it, and where the result goes.",
    )


def _usual_form(form: Any) -> dict[str, Any] | None:
    """Return a base with its steps by id and without nulls, or None when it has no steps."""
    if not isinstance(form, dict):
        return None
    form = _without_nulls(form)
    steps = form.get("steps")
    if isinstance(steps, list) and all(isinstance(step, dict) and "id" in step for step in steps):
        named = {str(step["id"]): {k: v for k, v in step.items() if k != "id"} for step in steps}
        form["steps"] = steps = named
    if not isinstance(steps, dict) or not steps:
        return None
    usual: dict[str, Any] = form if "id" in form else {"id": "workflow"} | form
    return usual


def _without_nulls(value: Any) -> Any:
    """Return a JSON value without its nulls, which TOML cannot say and which say nothing."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _unknown(catalog: Catalog, index: Index, unknown: Sequence[str]) -> Draft:
    """Refuse what no entry does, and name the entries that come nearest to it."""
    what = " or ".join(repr(each) for each in unknown[:_MOST_NAMED])
    nearest = dict.fromkeys(
        f"`{match.entry.slug}`"
        for each in unknown[:_MOST_NAMED]
        for match in index.rank(each, limit=_MOST_NAMED)
    )
    hint = f" Nearest to it: {', '.join(list(nearest)[:_MOST_NAMED])}." if nearest else ""
    return _refuse(catalog, "unknown-capability", f"Nothing in the catalog can do {what}.{hint}")


def _refuse(catalog: Catalog, code: Any, message: str) -> Draft:
    return Draft(
        provider=OfflineDrafter.name, snapshot=catalog.digest, refusal=Refusal(code, message)
    )
