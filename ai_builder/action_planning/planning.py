"""What a planner is: from a request in plain language to actions, a question, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from prefect_luthier.ai_builder.action_planning.plan import PlanResult
from prefect_luthier.ai_builder.tokens import NO_TOKENS, Tokens
from prefect_luthier.catalog import CatalogEntry

Outcome = Literal["planned", "question", "refused", "error"]

PROVIDERS: Mapping[str, str] = {"gmail": "google", "outlook": "microsoft"}
"""Who stands behind the first part of an action's slug, where it is not that part itself."""


@dataclass(frozen=True)
class PlanRequest:
    """What a person asks for.

    Args:
        prompt: The wish, in the person's words.
        offered: The actions that the actor may run; nothing else may be planned.
        answers: The person's answers to earlier questions, oldest first.
    """

    prompt: str
    offered: tuple[CatalogEntry, ...]
    answers: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Everything that the person wrote."""
        return "\n".join((self.prompt, *self.answers))


@dataclass(frozen=True)
class Problem:
    """Why there is no plan.

    Args:
        code: Stable and hyphenated.
        message: The reason, in plain words, with what to do about it.
        fits_at: When a request that is over the budget will fit.
    """

    code: str
    message: str
    fits_at: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """Return the JSON twin."""
        when = {"fits_at": self.fits_at.isoformat()} if self.fits_at else {}
        return {"code": self.code, "message": self.message} | when


@dataclass(frozen=True)
class PlanMeta:
    """How a plan came about.

    Args:
        provider: Which planner made it.
        model: Which model, None without one.
        duration_s: Seconds it took.
        tokens: What the model's server counted.
        attempts: HTTP requests to the model.
        cost: What the tokens cost, in the currency of the configured prices; None without.
    """

    provider: str
    model: str | None = None
    duration_s: float = 0.0
    tokens: Tokens = NO_TOKENS
    attempts: int = 0
    cost: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin."""
        return {
            "provider": self.provider,
            "model": self.model,
            "duration": round(self.duration_s, 3),
            "tokens_in": self.tokens.input,
            "tokens_out": self.tokens.output,
            "attempts": self.attempts,
            "cost": self.cost,
        }


@dataclass(frozen=True)
class Planning:
    """What a planner answers; exactly one of plan, questions and problem says what came of it."""

    meta: PlanMeta
    plan: PlanResult | None = None
    questions: tuple[str, ...] = ()
    problem: Problem | None = None
    failed: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if self.plan is not None:
            return "planned"
        if self.questions:
            return "question"
        return "error" if self.failed else "refused"

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``luthier ai plan --json`` prints."""
        return {
            "outcome": self.outcome,
            "plan": self.plan.model_dump(mode="json") if self.plan else None,
            "questions": list(self.questions),
            "refusal": self.problem.to_json() if self.problem else None,
            "notes": list(self.notes),
            "meta": self.meta.to_json(),
        }


class Planner(Protocol):
    """Turns a request into actions, without doing anything."""

    name: str

    async def plan(self, request: PlanRequest) -> Planning:
        """Plan a request; whatever goes wrong is in the answer."""
        ...


def provider_of(action: str) -> str:
    """Return the provider of an action, e.g. ``google`` of ``gmail.send``."""
    head = action.partition(".")[0]
    return PROVIDERS.get(head, head)
