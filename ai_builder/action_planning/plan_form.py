"""The form that a model's plan must have: one closed object for each action on offer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from prefect_luthier.ai_builder.action_planning.plan import KEY_INPUT
from prefect_luthier.ai_builder.action_planning.planning import provider_of
from prefect_luthier.ai_builder.action_planning.strict_schema import strict_schema
from prefect_luthier.catalog import ANY_OBJECT, CatalogEntry


class PlanForm(BaseModel):
    """What a model answers."""

    model_config = ConfigDict(extra="forbid")

    intent: str = Field(description="What the request means, in snake_case, e.g. send_email.")
    confidence: float = Field(description="How sure you are, from 0 to 1.")
    question: str | None = Field(
        description="What the person has to tell before anything can be planned, or null."
    )
    refusal: str | None = Field(
        description="Why the offered actions cannot do what is asked, or null."
    )
    actions: list[dict[str, Any]] = Field(
        description="What is to be done, in order; empty with a question or a refusal."
    )


def plan_form(offered: Iterable[CatalogEntry]) -> type[PlanForm]:
    """Return the form for the actions on offer.

    Raises:
        LuthierError: An action's input schema cannot be enforced on a model.
    """
    item = {"anyOf": [_action_schema(entry) for entry in offered]}
    field = PlanForm.model_fields["actions"]
    typed = list[Annotated[dict[str, Any], WithJsonSchema(item)]]
    return create_model("Plan", __base__=PlanForm, actions=(typed, field))


def _action_schema(entry: CatalogEntry) -> dict[str, Any]:
    return {
        "type": "object",
        "description": entry.description,
        "properties": {
            "provider": {"type": "string", "enum": [provider_of(entry.slug)]},
            "action": {"type": "string", "enum": [entry.slug]},
            "params": strict_schema(_without_key(entry.input_schema or ANY_OBJECT)),
        },
        "required": ["provider", "action", "params"],
        "additionalProperties": False,
    }


def _without_key(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without the key of the effect, which is ours to give."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return dict(schema)
    kept = {name: each for name, each in properties.items() if name != KEY_INPUT}
    return {**schema, "properties": kept}
