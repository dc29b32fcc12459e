"""The flow that drafts: from a request to a recorded proposal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext
from prefect.states import Failed
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from prefect_luthier.ai_builder.drafting import (
    Draft,
    Drafter,
    DraftRequest,
    Round,
    Turn,
    choose_drafter,
)
from prefect_luthier.ai_builder.offered_catalog import without_unnamed_workflows
from prefect_luthier.ai_builder.permission_delta import permission_delta
from prefect_luthier.ai_builder.readable_definition import readable_definition
from prefect_luthier.catalog import Catalog, read_catalog
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.permissions import Permission
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.store.audit import acting_user, record_event
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.drafts import record_draft
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.execution.known_catalog import known_catalog
from prefect_luthier.settings import Settings, load_settings


@dataclass(frozen=True)
class RecordedDraft:
    """A draft that the store has.

    Args:
        id: Its id there.
        draft: The draft.
        new_permissions: What it may do that its base could not.
    """

    id: UUID
    draft: Draft
    new_permissions: tuple[Permission, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the draft's document, with what the record adds."""
        added = [{"kind": each.kind, "name": each.name} for each in self.new_permissions]
        return self.draft.to_json() | {"id": str(self.id), "new_permissions": added}


@flow(name="draft-workflow", persist_result=False)
async def draft_workflow(
    request: str,
    base: str | None = None,
    *,
    provider: str | None = None,
    llm_provider: str | None = None,
    catalog_file: str | None = None,
    conversation: list[dict[str, str]] | None = None,
) -> Any:
    """Draft a workflow from a request in plain language, and record every round.

    Args:
        request: What shall happen.
        base: Text of a definition to change; a new one is drafted without it.
        provider: ``offline`` or ``openai``; default: a model, if one is configured.
        llm_provider: Name of an `LLM Provider` block to use instead of the configured model.
        catalog_file: File with the only entries that the draft may use; default: everything
            that is installed and registered.
        conversation: Earlier turns, each with ``speaker`` (``operator`` or ``drafter``) and
            ``text``.
    """
    settings = load_settings()
    try:
        wish = DraftRequest(
            request, Source.from_text(base) if base else None, _turns(conversation or ())
        )
        recorded = await make_draft(
            wish,
            drafter=await _drafter(settings, provider, llm_provider),
            catalog=read_catalog(Path(catalog_file)) if catalog_file else None,
            settings=settings,
        )
    except LuthierError as error:
        return Failed(message=str(error), data=error)
    if FlowRunContext.get() is not None:
        await acreate_markdown_artifact(
            key="draft", markdown=_markdown(recorded), description=request[:200]
        )
    return recorded.to_json()


async def make_draft(
    request: DraftRequest,
    *,
    drafter: Drafter | None = None,
    catalog: Catalog | None = None,
    actor: str | None = None,
    settings: Settings | None = None,
) -> RecordedDraft:
    """Draft and record: the plain function behind the flow, for pages and programs.

    Args:
        request: What is asked for.
        drafter: Who drafts; default: a model if one is configured, else the offline drafter.
        catalog: What the draft may use; default: everything installed and registered.
        actor: Who asks; default: the acting user.
        settings: Default: from the environment.

    Raises:
        LuthierError: The drafter cannot be chosen, or the store does not answer. The store is
            asked first, so that no answer is paid for that cannot be recorded.
    """
    settings = settings or load_settings()
    drafter = drafter or choose_drafter(settings)
    engine = await asyncio.to_thread(open_store, settings)
    if catalog is None:
        known = await asyncio.to_thread(known_catalog, settings)
        catalog = without_unnamed_workflows(known, request.request)
    draft = await drafter.draft(request, catalog)
    base = readable_definition(request.base) if request.base else None
    added = permission_delta(base, draft.definition, catalog) if draft.definition else ()
    actor = actor or acting_user(settings)
    draft_id = await asyncio.to_thread(_record, engine, draft, request, base, actor)
    return RecordedDraft(draft_id, draft, added)


def _record(
    engine: Engine, draft: Draft, request: DraftRequest, base: Definition | None, actor: str
) -> UUID:
    try:
        with Session(engine) as session:
            draft_id = record_draft(
                session,
                draft.to_json(),
                request=request.request,
                base_digest=base.digest if base else None,
                snapshot=draft.snapshot,
                actor=actor,
            )
            detail = {"provider": draft.provider, "ok": draft.ok, "rounds": len(draft.rounds)}
            record_event(session, actor=actor, action="draft", subject=str(draft_id), detail=detail)
            session.commit()
            return draft_id
    except (OperationalError, InterfaceError) as error:
        raise ServiceUnreachable(
            "database-unreachable",
            "the draft could not be recorded: the database went away.",
            "See `luthier status`, and ask again.",
        ) from error


async def _drafter(settings: Settings, provider: str | None, block: str | None) -> Drafter:
    if block is None:
        return choose_drafter(settings, provider)
    if provider not in (None, "openai"):
        raise LuthierError(
            "conflicting-drafter",
            f"the {provider!r} drafter uses no model, and the block {block!r} names one.",
            "Leave one of them out.",
        )
    from prefect_luthier.ai_builder.model_drafter import (  # noqa: PLC0415 - loads the client
        ModelDrafter,
    )
    from prefect_luthier.blocks.llm_provider import LLMProvider  # noqa: PLC0415

    try:
        loaded = await LLMProvider.aload(block)
    except ValueError as error:
        raise LuthierError(
            "unknown-block",
            f"there is no LLM Provider block {block!r}.",
            "Create it in the Prefect UI, or leave it out.",
        ) from error
    return ModelDrafter(settings, provider=loaded)


def _turns(conversation: Sequence[dict[str, str]]) -> tuple[Turn, ...]:
    turns = []
    for turn in conversation:
        speaker, text = turn.get("speaker"), turn.get("text")
        if speaker not in ("operator", "drafter") or not isinstance(text, str):
            raise LuthierError(
                "bad-conversation",
                f"{turn!r} is no turn.",
                "Each has `speaker`, `operator` or `drafter`, and `text`.",
            )
        turns.append(Turn("operator" if speaker == "operator" else "drafter", text))
    return tuple(turns)


def _markdown(recorded: RecordedDraft) -> str:
    draft = recorded.draft
    name = draft.definition.name or draft.definition.id if draft.definition else "No definition"
    parts = [f"# {name}", _verdict(draft)]
    parts += [f"- {question}" for question in draft.questions]
    if draft.toml:
        parts.append(f"~~~~toml\n{draft.toml}~~~~")
    if recorded.new_permissions:
        names = ", ".join(f"{each.kind} {each.name}".strip() for each in recorded.new_permissions)
        parts.append(f"New permissions: {names}.")
    rows = [_row(made) for made in draft.rounds]
    head = "| round | drafter | outcome | errors | tokens | seconds |\n|---|---|---|---|---|---|"
    return "\n\n".join([*parts, "\n".join([head, *rows])])


def _verdict(draft: Draft) -> str:
    if draft.refusal is not None:
        return f"Refused ({draft.refusal.code}): {draft.refusal.message}"
    found = "valid" if draft.ok else "not valid yet"
    return f"Drafted by {draft.model or draft.provider}; {found}. Catalog `{draft.snapshot}`."


def _row(made: Round) -> str:
    errors = sum(diagnostic.is_error for diagnostic in made.diagnostics)
    cells = (
        made.number,
        made.model or made.provider,
        made.outcome,
        errors,
        made.tokens.total,
        f"{made.duration_s:.1f}",
    )
    return f"| {' | '.join(map(str, cells))} |"
