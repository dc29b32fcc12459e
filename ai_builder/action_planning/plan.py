"""What the planner answers: actions of providers, each with the key that makes it happen once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from prefect_luthier.canonical import canonical_json
from prefect_luthier.errors import UsageError

MAX_ACTIONS = 100
KEY_INPUT = "client_request_id"
"""The input by which an action takes effect once."""

_SHOWN_FINDINGS = 5


class PlannedAction(BaseModel):
    """One action with its parameters, not permitted yet and not performed yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str = Field(min_length=1, max_length=100, description="`google`, `microsoft`, …")
    action: str = Field(min_length=1, max_length=200, description="Slug, e.g. `gmail.send`.")
    params: dict[str, Any] = Field(default={}, description="The action's inputs.")
    client_request_id: str = Field(
        default_factory=lambda: str(uuid4()),
        min_length=1,
        max_length=200,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:\[\]-]*$",
        description="Key under which the action takes effect once.",
    )

    @field_validator("params")
    @classmethod
    def _is_json(cls, value: dict[str, Any]) -> dict[str, Any]:
        _check_storable(value)
        return value


def _check_storable(value: Any) -> None:
    """Refuse what JSON in UTF-8 cannot carry: it could be neither stored nor compared.

    Raises:
        ValueError: It has half a character, a number that is none, or too many levels.
    """
    try:
        canonical_json(value)
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise ValueError(f"it has half a character, U+{code:04X}") from None
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    except (TypeError, ValueError):
        raise ValueError("it has a value that JSON does not know, such as NaN") from None


class PlanResult(BaseModel):
    """What a request means, how sure the planner is, and the actions that fulfil it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    intent: str = Field(min_length=1, max_length=200, description="E.g. `send_email`.")
    confidence: float = Field(ge=0, le=1, description="How sure the planner is.")
    actions: tuple[PlannedAction, ...] = Field(default=(), description="What is to be done.")


def read_plan(document: Any, name: str) -> PlanResult:
    """Return the plan in a JSON document: a plan, or the answer of ``luthier ai plan --json``.

    Raises:
        UsageError: It is neither; every finding is named.
    """
    if isinstance(document, dict) and isinstance(document.get("plan"), dict):
        document = document["plan"]
    try:
        return PlanResult.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        shown = [
            f"{'.'.join(map(str, each['loc'])) or 'plan'}: {each['msg']}"
            for each in found[:_SHOWN_FINDINGS]
        ]
        more = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
        raise UsageError(
            "bad-plan",
            f"{name} is no plan: {'; '.join([*shown, *more])}.",
            "`luthier ai plan --json` writes one.",
        ) from None
