"""The form of a model's answer: closed objects that strict servers accept as a schema.

A definition has tables with free keys (steps, inputs, env); a strict schema allows none, so the
answer has lists of named items instead. Every field must be there in the schema that is sent, and
may be missing in the answer that is read: not all servers enforce schemas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from prefect_luthier.deployments.definition.model import (
    OUTPUT_TYPES,
    PARAMETER_TYPES,
    OnFailure,
    OutputType,
)


class Strict(BaseModel):
    """A closed object whose schema demands every property."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema as strict servers want it: all required, no defaults."""
        reference = handler(core_schema)
        schema = handler.resolve_ref_schema(reference)
        properties = schema.get("properties", {})
        for value in properties.values():
            value.pop("default", None)
            value.pop("title", None)
        schema["required"] = list(properties)
        return reference


class JsonValue(Strict):
    """A value that is neither a scalar nor a flat list, as JSON text."""

    json_text: str = Field(description='JSON, e.g. {"Accept": "text/html"}')


Scalar = str | int | float | bool
Value = Scalar | list[Scalar] | JsonValue


class NamedValue(Strict):
    """One input, or one value for a parameter."""

    name: str
    value: Value = Field(description="A `${{ expression }}` inside a string is evaluated.")


class EnvVariable(Strict):
    """One environment variable of a command."""

    name: str
    value: str


class NamedOutput(Strict):
    """One output that a command writes to the file $LUTHIER_OUTPUT."""

    name: str
    type: OutputType = Field(description=f"One of {', '.join(OUTPUT_TYPES)}.")


class ParameterForm(Strict):
    """What the person who starts a run is asked for."""

    name: str = Field(description="Lower-case letters, digits and underscores.")
    type: str = Field(description=f"One of {', '.join(PARAMETER_TYPES)}.")
    title: str | None = None
    description: str | None = None
    required: bool | None = None
    default: Value | None = None
    pattern: str | None = None
    choices: list[Scalar] | None = None
    minimum: float | None = None
    maximum: float | None = None


class TriggerForm(Strict):
    """A time at which the workflow starts."""

    cron: str
    timezone: str | None = Field(default=None, description="IANA name; null means UTC.")
    parameters: list[NamedValue] | None = None


class RetriesForm(Strict):
    """How a failed step is tried again."""

    max: int
    delay: str | None = None
    backoff: float | None = None
    jitter: float | None = None


class StepForm(Strict):
    """One step: either `uses` an entry of the catalog, or `run`s a shell command."""

    id: str = Field(description="Lower-case letters, digits and underscores.")
    name: str | None = None
    description: str | None = None
    uses: str | None = None
    run: str | None = None
    needs: list[str] | None = None
    when: str | None = None
    foreach: str | None = None
    inputs: list[NamedValue] | None = None
    env: list[EnvVariable] | None = None
    outputs: list[NamedOutput] | None = None
    workspace: str | None = None
    timeout: str | None = None
    retries: RetriesForm | None = None
    on_failure: OnFailure | None = None


class ArtifactForm(Strict):
    """A file to keep."""

    name: str
    path: str
    retention: str | None = None
    description: str | None = None


class WorkflowForm(Strict):
    """A whole definition."""

    id: str = Field(description="Lower-case words with hyphens, e.g. repo-digest.")
    name: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    parameters: list[ParameterForm] | None = None
    commands: list[str] | None = Field(
        default=None, description="Programs that `run` steps need on the PATH."
    )
    triggers: list[TriggerForm] | None = None
    steps: list[StepForm]
    artifacts: list[ArtifactForm] | None = None
    parallel: int | None = None
    timeout: str | None = None
    concurrency: int | None = None
    on_failure: OnFailure | None = None


class SetStep(Strict):
    """Add a step, or change one: give all its fields, the unchanged ones as they are."""

    change: Literal["set-step"]
    step: StepForm
    after: str | None = Field(default=None, description="Where a new step stands in the file.")


class RemoveStep(Strict):
    """Remove a step; steps that needed it then need what it needed."""

    change: Literal["remove-step"]
    id: str


class RenameStep(Strict):
    """Give a step another id, everywhere."""

    change: Literal["rename-step"]
    id: str
    to: str


class SetParameter(Strict):
    """Add a parameter, or change one: give all its fields."""

    change: Literal["set-parameter"]
    parameter: ParameterForm


class RemoveParameter(Strict):
    """Remove a parameter."""

    change: Literal["remove-parameter"]
    name: str


class SetTriggers(Strict):
    """Replace all times at which the workflow starts; an empty list removes them."""

    change: Literal["set-triggers"]
    triggers: list[TriggerForm]


class SetArtifact(Strict):
    """Add an artifact, or change one."""

    change: Literal["set-artifact"]
    artifact: ArtifactForm


class RemoveArtifact(Strict):
    """Remove an artifact."""

    change: Literal["remove-artifact"]
    name: str


class SetCommands(Strict):
    """Replace the programs that `run` steps need."""

    change: Literal["set-commands"]
    commands: list[str]


class SetField(Strict):
    """Change a field of the workflow itself; null removes it."""

    change: Literal["set-field"]
    field: Literal[
        "id",
        "version",
        "name",
        "description",
        "tags",
        "license",
        "homepage",
        "parallel",
        "timeout",
        "concurrency",
        "on_failure",
    ]
    value: str | int | list[str] | None


ChangeForm = (
    SetStep
    | RemoveStep
    | RenameStep
    | SetParameter
    | RemoveParameter
    | SetTriggers
    | SetArtifact
    | RemoveArtifact
    | SetCommands
    | SetField
)


class RefusalForm(Strict):
    """Why there can be no draft."""

    code: Literal[
        "not-a-workflow-request", "unknown-capability", "conflicting-request", "vague-request"
    ]
    message: str = Field(description="One sentence for the operator.")


class AnswerForm(Strict):
    """The answer to a request; exactly one field is not null."""

    workflow: WorkflowForm | None = Field(default=None, description="A whole definition.")
    questions: list[str] | None = Field(
        default=None, description="What must be known before anything useful can be drafted."
    )
    refusal: RefusalForm | None = None


class RefinementForm(AnswerForm):
    """The answer to a request to change the base; exactly one field is not null."""

    changes: list[ChangeForm] | None = Field(
        default=None, description="All changes to the base; what they do not name stays."
    )


def narrowed_form(form: type[AnswerForm], references: Sequence[str]) -> type[AnswerForm]:
    """Return the form whose schema allows only the offered references in `uses`.

    What is read may still hold others: the validator explains them with candidates, which a
    misfit to a schema would not.

    Args:
        form: The form to narrow.
        references: What the prompt offers, ``slug@major``.
    """

    class Answer(form):  # type: ignore[valid-type, misc]
        __doc__ = form.__doc__

        @classmethod
        def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
            """Return the schema with the references as an enumeration."""
            schema: dict[str, Any] = super().model_json_schema(*args, **kwargs)
            uses = schema["$defs"]["StepForm"]["properties"]["uses"]
            if references:
                uses["anyOf"][0]["enum"] = list(references)
            else:
                schema["$defs"]["StepForm"]["properties"]["uses"] = {"type": "null"}
            return schema

    return Answer
