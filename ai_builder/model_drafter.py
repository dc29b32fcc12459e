"""The drafter that asks a language model, checks its answer, and has it mend what is wrong."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prefect_luthier.ai_builder.answer_changes import operations_of
from prefect_luthier.ai_builder.answer_document import UnusableAnswer, document_of, rewritten
from prefect_luthier.ai_builder.answer_form import AnswerForm
from prefect_luthier.ai_builder.drafting import (
    Draft,
    Drafter,
    DraftRequest,
    Refusal,
    RefusalCode,
    Round,
)
from prefect_luthier.ai_builder.model_call import ModelCaller, Reply
from prefect_luthier.ai_builder.offline.drafter import OfflineDrafter
from prefect_luthier.ai_builder.offline.indexes import vectors_dir
from prefect_luthier.ai_builder.operations import Operation, apply_operations, renames
from prefect_luthier.ai_builder.prompts import Message, Prompt, build_prompt, feedback, rejection
from prefect_luthier.ai_builder.readable_definition import readable_definition
from prefect_luthier.ai_builder.suggested_entries import suggested_references, with_suggestions
from prefect_luthier.ai_builder.toml_edit import edit_toml
from prefect_luthier.ai_builder.toml_writer import write_json_form
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.canonical import digest
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

MAX_REQUEST_CHARACTERS = 20_000
MAX_BASE_CHARACTERS = 120_000


@dataclass(frozen=True)
class _Attempt:
    """A definition that an answer gave."""

    source: Source
    diagnostics: tuple[Diagnostic, ...]
    definition: Definition | None
    questions: tuple[str, ...]

    @property
    def errors(self) -> int:
        return sum(diagnostic.is_error for diagnostic in self.diagnostics)


@dataclass
class _Work:
    """What is known while a draft is being made."""

    request: DraftRequest
    catalog: Catalog
    base: dict[str, Any] | None
    prompt: Prompt
    cache_dir: Path
    follow_up: tuple[Message, ...] = ()
    rounds: list[Round] = field(default_factory=list)
    best: _Attempt | None = None

    @property
    def messages(self) -> tuple[Message, ...]:
        return (*self.prompt.messages, *self.follow_up)


class ModelDrafter:
    """Drafts with a language model.

    An answer is validated like a person's file, and its errors are told to the model, for at most
    ``settings.repair_rounds`` rounds. When the model cannot be reached, or gives nothing that can
    be read, the fallback drafts instead; the rounds and the draft's provider say so.

    Args:
        settings: Which model, and how many rounds.
        provider: The model; default: the one in the settings.
        caller: How it is called; default: over HTTP.
        fallback: Who drafts when the model does not; default: the offline drafter.
    """

    name = "openai"

    def __init__(
        self,
        settings: Settings,
        *,
        provider: LLMProvider | None = None,
        caller: ModelCaller | None = None,
        fallback: Drafter | None = None,
    ) -> None:
        self._caller = caller or ModelCaller.of(settings, provider)
        self._cache_dir = vectors_dir(settings)
        self._most_rounds = settings.repair_rounds
        self._fallback = fallback or OfflineDrafter(settings)

    async def draft(self, request: DraftRequest, catalog: Catalog) -> Draft:
        """Draft a definition that refers to ``catalog`` only."""
        base, refusal = _read(request)
        if refusal is not None:
            return Draft(self.name, catalog.digest, refusal=refusal)
        # A large catalog takes seconds to search the first time; others need the event loop.
        prompt = await asyncio.to_thread(build_prompt, request, catalog, cache_dir=self._cache_dir)
        work = _Work(request, catalog, base, prompt, self._cache_dir)
        for _ in range(self._most_rounds):
            draft = await self._round(work)
            if draft is not None:
                return draft
            if work.rounds[-1].outcome == "failed":
                break
        if work.best is not None:
            return self._draft(work, work.best)
        return await self._fall_back(work)

    async def _round(self, work: _Work) -> Draft | None:
        """Ask once; return the draft when there is nothing left to mend."""
        started = time.perf_counter()
        messages = work.messages
        reply = await self._caller.structured(messages, work.prompt.form)
        made = Round(
            number=len(work.rounds) + 1,
            provider=self.name,
            model=self._caller.provider.model,
            messages_digest=digest([list(messages), work.prompt.form.model_json_schema()]),
            answer=reply.raw,
            tokens=reply.usage,
            calls=len(reply.attempts),
        )
        draft, made = await asyncio.to_thread(self._judge, work, reply, made)
        made = replace(made, duration_s=time.perf_counter() - started)
        work.rounds.append(made)
        return replace(draft, rounds=tuple(work.rounds)) if draft else None

    def _judge(
        self, work: _Work, reply: Reply[AnswerForm], made: Round
    ) -> tuple[Draft | None, Round]:
        if reply.error is not None and reply.error.code != "model-truncated":
            return self._judge_failure(work, reply.error, made)
        problem = reply.error.message if reply.error is not None else reply.problem
        attempt: _Attempt | None = None
        if reply.answer is not None:
            final = self._without_definition(work, reply.answer)
            if final is not None:
                return final, replace(made, outcome="refused" if final.refusal else "answer")
            try:
                attempt = _attempt(work, reply.answer)
            except (UnusableAnswer, LuthierError) as error:
                problem = str(error)
        if attempt is None:
            work.follow_up = _answered(reply.raw, rejection(problem or "It was empty."))
            return None, replace(made, outcome="unreadable", note=problem)
        if work.best is None or attempt.errors <= work.best.errors:
            work.best = attempt
        made = replace(made, diagnostics=attempt.diagnostics)
        if attempt.errors == 0:
            return self._draft(work, attempt), made
        _offer_candidates(work, attempt)
        work.follow_up = _answered(reply.raw, feedback(attempt.source, attempt.diagnostics))
        return None, made

    def _judge_failure(
        self, work: _Work, error: LuthierError, made: Round
    ) -> tuple[Draft | None, Round]:
        refused = error.code == "model-refused"
        made = replace(made, outcome="refused" if refused else "failed", failure=error.to_json())
        return self._refusal(work, "refused-by-model", error.message) if refused else None, made

    def _without_definition(self, work: _Work, answer: AnswerForm) -> Draft | None:
        """Return the draft of an answer that refuses or asks, and proposes nothing."""
        if answer.workflow is not None or getattr(answer, "changes", None):
            return None
        if answer.refusal is not None:
            return self._refusal(work, answer.refusal.code, answer.refusal.message)
        questions = _questions(answer)
        return Draft(**self._head(work), questions=questions) if questions else None

    def _refusal(self, work: _Work, code: RefusalCode, message: str) -> Draft:
        return Draft(**self._head(work), refusal=Refusal(code, message))

    def _draft(self, work: _Work, attempt: _Attempt) -> Draft:
        return Draft(
            **self._head(work),
            toml=attempt.source.text,
            definition=attempt.definition,
            diagnostics=attempt.diagnostics,
            questions=attempt.questions,
            rounds=tuple(work.rounds),
        )

    def _head(self, work: _Work) -> dict[str, Any]:
        return {
            "provider": self.name,
            "model": self._caller.provider.model,
            "snapshot": work.catalog.digest,
        }

    async def _fall_back(self, work: _Work) -> Draft:
        last = work.rounds[-1]
        reason = (
            last.failure["message"] if last.failure else "no answer of the model could be used."
        )
        note = f"fallback to the {self._fallback.name} drafter: {reason}"
        draft = await self._fallback.draft(work.request, work.catalog)
        later = [
            replace(each, number=len(work.rounds) + number, note=note)
            for number, each in enumerate(draft.rounds, 1)
        ]
        return replace(draft, rounds=(*work.rounds, *later))


def _read(request: DraftRequest) -> tuple[dict[str, Any] | None, Refusal | None]:
    """Return the base's data, and why the request is not worth a call, if it is not."""
    if not request.request.strip():
        message = "The request is empty. Say what shall happen."
        return None, Refusal("empty-request", message)
    if len(request.request) > MAX_REQUEST_CHARACTERS:
        message = f"The request has more than {MAX_REQUEST_CHARACTERS} characters. Shorten it."
        return None, Refusal("request-too-long", message)
    if request.base is None:
        return None, None
    if len(request.base.text) > MAX_BASE_CHARACTERS:
        message = f"The base has more than {MAX_BASE_CHARACTERS} characters. Edit it by hand."
        return None, Refusal("request-too-long", message)
    document = Document(request.base)
    if document.syntax or not isinstance(document.data, dict):
        found = document.syntax[0].message if document.syntax else "it is no table."
        message = f"The base cannot be read: {found} Mend it first."
        return None, Refusal("invalid-base", message)
    return document.data, None


def _questions(answer: AnswerForm) -> tuple[str, ...]:
    return tuple(text.strip() for text in answer.questions or () if text.strip())


def _attempt(work: _Work, answer: AnswerForm) -> _Attempt:
    """Return the definition that an answer proposes, with every finding.

    Raises:
        UnusableAnswer: It proposes none, or more than one thing.
        LuthierError: A value has no TOML form.
    """
    source = Source.from_text(_text(work, answer), format="toml")
    report = validate(source, work.catalog)
    definition = report.definition or readable_definition(source)
    diagnostics = with_suggestions(source, report.diagnostics, work.catalog, work.cache_dir)
    return _Attempt(source, diagnostics, definition, _questions(answer))


def _text(work: _Work, answer: AnswerForm) -> str:
    changes = getattr(answer, "changes", None)
    if answer.refusal is not None or (answer.workflow is not None and changes):
        raise UnusableAnswer("Set exactly one of workflow, changes, questions and refusal.")
    if answer.workflow is None and not changes:
        raise UnusableAnswer("Every field was null: set one of them.")
    base = work.request.base
    if base is None or work.base is None:
        assert answer.workflow is not None
        return write_json_form(document_of(answer.workflow))
    made: list[Operation] = []
    if answer.workflow is not None:
        wanted = rewritten(work.base, answer.workflow)
    else:
        made = operations_of(work.base, changes or ())
        wanted = apply_operations(work.base, made)
    if base.format == "json":
        return write_json_form(wanted)
    return edit_toml(base.text, wanted, renames(made))


def _answered(raw: str | None, reply: str) -> tuple[Message, ...]:
    """Return the last answer and what is said to it; earlier rounds would only cost tokens."""
    said: tuple[Message, ...] = ({"role": "assistant", "content": raw},) if raw else ()
    return (*said, {"role": "user", "content": reply})


def _offer_candidates(work: _Work, attempt: _Attempt) -> None:
    """Add entries that findings suggest to the prompt, where a large catalog was cut."""
    suggested = set(suggested_references(attempt.diagnostics, work.catalog))
    if suggested - set(work.prompt.catalog.references):
        work.prompt = build_prompt(work.request, work.catalog, sorted(suggested), work.cache_dir)
