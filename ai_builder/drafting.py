"""What a drafter is: from a request in plain language to a proposed definition."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

from prefect_luthier.ai_builder.tokens import NO_TOKENS, Tokens
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import Diagnostic, has_errors
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import Settings

RefusalCode = Literal[
    "empty-request",
    "request-too-long",
    "not-a-workflow-request",
    "vague-request",
    "unknown-capability",
    "conflicting-request",
    "needs-model",
    "invalid-base",
    "refused-by-model",
]


@dataclass(frozen=True)
class Turn:
    """One earlier message of the conversation."""

    speaker: Literal["operator", "drafter"]
    text: str


@dataclass(frozen=True)
class DraftRequest:
    """What an operator asks for.

    Args:
        request: The wish in the operator's words.
        base: The definition to refine; None asks for a new one.
        conversation: Earlier turns, oldest first: requests, questions and their answers.
    """

    request: str
    base: Source | None = None
    conversation: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """Why there is no draft."""

    code: RefusalCode
    message: str

    def to_json(self) -> dict[str, str]:
        """Return the JSON twin."""
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True)
class Round:
    """One try of one drafter, as it is recorded.

    Args:
        number: Counts from 1.
        provider: Name of the drafter that made this try.
        model: Name of the model, None without one.
        outcome: How it ended: an `answer` was read (its diagnostics say how good it is),
            the answer was `unreadable`, the model `refused`, or the call `failed`.
        messages_digest: Digest of exactly what was sent, None when nothing was sent.
        answer: The raw answer, also when it could not be read.
        diagnostics: Findings on the answer.
        failure: Code, message and advice when no answer came.
        tokens: What the round's calls cost.
        calls: HTTP attempts, tries after an error included.
        duration_s: Seconds from start to end.
        note: Why this round was made, when that is not obvious, e.g. a fallback.
    """

    number: int
    provider: str
    model: str | None = None
    outcome: Literal["answer", "unreadable", "refused", "failed"] = "answer"
    messages_digest: str | None = None
    answer: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    failure: dict[str, Any] | None = None
    tokens: Tokens = NO_TOKENS
    calls: int = 0
    duration_s: float = 0.0
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin."""
        return {
            "number": self.number,
            "provider": self.provider,
            "model": self.model,
            "outcome": self.outcome,
            "messages_digest": self.messages_digest,
            "answer": self.answer,
            "diagnostics": [diagnostic.to_json() for diagnostic in self.diagnostics],
            "failure": self.failure,
            "tokens": self.tokens.to_json(),
            "calls": self.calls,
            "duration_s": round(self.duration_s, 3),
            "note": self.note,
        }


@dataclass(frozen=True)
class Draft:
    """A proposed definition with everything that was found and done on the way to it.

    Args:
        toml: The definition's text; None with a refusal, or with questions alone.
        definition: The definition in ``toml``, None when the text does not give one.
        diagnostics: Findings on ``toml``.
        refusal: Why there is no draft.
        questions: What the drafter needs to know, or assumed and wants confirmed.
        rounds: Every try, in order.
        provider: The drafter whose answer this is; after a fallback not the one asked first.
        model: Name of the model that answered, None without one.
        snapshot: Digest of the catalog that was offered.
    """

    provider: str
    snapshot: str
    toml: str | None = None
    definition: Definition | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    refusal: Refusal | None = None
    questions: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    model: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a definition without errors."""
        return self.definition is not None and not has_errors(self.diagnostics)

    @property
    def tokens(self) -> Tokens:
        """What all rounds cost together."""
        return sum((each.tokens for each in self.rounds), NO_TOKENS)

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``luthier draft --json`` prints."""
        return {
            "definition": self.definition.to_json() if self.definition else None,
            "toml": self.toml,
            "diagnostics": [diagnostic.to_json() for diagnostic in self.diagnostics],
            "ok": self.ok,
            "refusal": self.refusal.to_json() if self.refusal else None,
            "questions": list(self.questions),
            "rounds": [each.to_json() for each in self.rounds],
            "provider": self.provider,
            "model": self.model,
            "tokens": self.tokens.to_json(),
            "snapshot": self.snapshot,
        }


class Drafter(Protocol):
    """Something that turns requests into drafts."""

    name: str

    async def draft(self, request: DraftRequest, catalog: Catalog) -> Draft:
        """Draft a definition that refers to ``catalog`` only.

        A request that cannot be served gives a draft with a refusal or questions, and an
        unreachable model a fallback or a refusal: none of them is an exception.
        """
        ...


# Each is called with the settings. Loaded only when chosen: a model's client is slow to import.
DRAFTERS: dict[str, str] = {
    "offline": "prefect_luthier.ai_builder.offline.drafter:OfflineDrafter",
    "openai": "prefect_luthier.ai_builder.model_drafter:ModelDrafter",
}


def choose_drafter(settings: Settings, name: str | None = None) -> Drafter:
    """Return the drafter called ``name``; by default a model's, if one is configured.

    Raises:
        UsageError: There is no drafter of that name.
        LuthierError: The model's drafter is asked for, and no model is configured.
    """
    chosen = name or ("openai" if settings.model_configured else "offline")
    if chosen not in DRAFTERS:
        raise UsageError(
            "unknown-drafter",
            f"there is no drafter {chosen!r}.",
            f"Choose one of {_listed(DRAFTERS)}.",
        )
    if chosen == "openai" and not settings.model_configured:
        raise LuthierError(
            "no-model",
            "no language model is configured.",
            "Set OPENAI_API_KEY or LUTHIER_MODEL_BASE_URL, or use the offline drafter.",
        )
    module, _, factory = DRAFTERS[chosen].partition(":")
    return cast("Drafter", getattr(importlib.import_module(module), factory)(settings))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
