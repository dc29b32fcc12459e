"""The workflow definition: one model for its TOML and its JSON form.

Field descriptions are the reference documentation; `luthier schema` exports them for editors.
What a type cannot say (references, cycles, expressions) is checked in ``validate``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from prefect_luthier.canonical import digest
from prefect_luthier.deployments.definition import durations

SCHEMA_VERSION = 1

ID_PATTERN = r"^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$"
NAME_PATTERN = r"^[a-z][a-z0-9_]*$"
SEMVER_PATTERN = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$"
)

PARAMETER_TYPES = ("string", "integer", "number", "boolean", "choice", "path", "secret", "json")
OUTPUT_TYPES = ("string", "integer", "number", "boolean", "list", "json")

OutputType = Literal["string", "integer", "number", "boolean", "list", "json"]
OnFailure = Literal["fail-fast", "continue"]
Duration = str


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _duration(default: str | None, description: str) -> Any:
    return Field(default=default, pattern=durations.PATTERN, description=description)


class Parameter(_Closed):
    """A value that the person who starts a run gives."""

    type: str = Field(
        default="string",
        description="One of string, integer, number, boolean, choice, path, secret, json, "
        "or a type that a plugin adds. A `secret` takes the name of a secret, never its value.",
    )
    title: str | None = Field(default=None, description="Label in the form.")
    description: str | None = Field(default=None, description="Help text in the form.")
    required: bool = Field(default=False, description="Whether a run must give it.")
    default: Any = Field(default=None, description="Value when a run gives none.")
    pattern: str | None = Field(
        default=None, description="Regular expression found in the text; anchor with ^ and $."
    )
    choices: list[str | int | float | bool] | None = Field(
        default=None, min_length=1, description="Allowed values, for type `choice`."
    )
    minimum: float | None = Field(default=None, description="Smallest number allowed.")
    maximum: float | None = Field(default=None, description="Largest number allowed.")


class Requirements(_Closed):
    """What the machine that runs the workflow must have."""

    commands: list[str] = Field(default=[], description="Programs that must be on the PATH.")


class Trigger(_Closed):
    """A time at which the workflow starts by itself."""

    cron: str = Field(description="Five cron fields, e.g. `0 7 * * 1-5`.")
    timezone: str = Field(default="UTC", description="IANA name, e.g. `Europe/Berlin`.")
    parameters: dict[str, Any] = Field(
        default={}, description="Parameter values for runs started by this trigger."
    )


class Retries(_Closed):
    """How often and how patiently a failed step is tried again."""

    max: int = Field(default=0, ge=0, le=100, description="Attempts after the first.")
    delay: Duration = _duration("1s", "Wait before the second attempt.")
    backoff: float = Field(default=1.0, ge=1.0, le=10.0, description="Factor on each wait.")
    jitter: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Random share added to each wait."
    )


class Artifact(_Closed):
    """A file to keep from the run, with its checksum."""

    path: str = Field(min_length=1, description="Path or glob, relative to the workspace.")
    retention: Duration | None = _duration(None, "How long to keep it; default: for ever.")
    description: str | None = None


class ActionTemplate(_Closed):
    """A reusable step: what steps that `uses` its name start from."""

    uses: str | None = Field(default=None, description="An action of the catalog.")
    run: str | None = Field(default=None, description="A shell command.")
    inputs: dict[str, Any] = Field(default={}, description="Input values; a step adds to them.")
    env: dict[str, str] = Field(default={}, description="Environment variables.")
    outputs: dict[str, OutputType] = Field(default={}, description="Outputs of a `run` template.")
    description: str | None = None
    timeout: Duration | None = _duration(None, "Longest time for one attempt.")
    retries: Retries | None = None


class Step(_Closed):
    """One unit of work; a Prefect task run."""

    name: str | None = Field(default=None, description="Label in pictures and lists.")
    description: str | None = None
    uses: str | None = Field(
        default=None, description="An action `slug[@version]`, or a template of `actions`."
    )
    run: str | None = Field(default=None, description="A shell command, instead of `uses`.")
    inputs: dict[str, Any] = Field(default={}, description="Input values of the action.")
    env: dict[str, str] = Field(default={}, description="Environment variables of the command.")
    outputs: dict[str, OutputType] = Field(
        default={}, description="Outputs that a `run` step writes to the file $LUTHIER_OUTPUT."
    )
    needs: list[str] = Field(default=[], description="Steps that must end before this one.")
    when: str | None = Field(
        default=None, description="CEL condition; the step is skipped when it is false."
    )
    foreach: str | None = Field(
        default=None, description="CEL list; the step runs once for each `item`."
    )
    workspace: str = Field(default="inherit", description="inherit, ephemeral, or a path.")
    timeout: Duration | None = _duration(None, "Longest time for one attempt.")
    retries: Retries | None = None
    on_failure: OnFailure | None = Field(
        default=None, description="fail-fast stops the run, continue lets other steps go on."
    )


class Definition(_Closed):
    """A workflow: parameters, steps, and what they need."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="Luthier workflow")

    schema_: Literal[1] = Field(default=1, alias="schema", description="Format version.")
    id: str = Field(pattern=ID_PATTERN, max_length=100, description="Unique name.")
    version: str = Field(default="0.1.0", pattern=SEMVER_PATTERN, description="Semantic version.")
    name: str | None = Field(default=None, description="Title for people.")
    description: str | None = None
    tags: list[str] = []
    license: str | None = Field(default=None, description="SPDX identifier.")
    homepage: str | None = None
    parallel: int | None = Field(
        default=None, ge=1, le=1000, description="Most steps that run at once."
    )
    timeout: Duration | None = _duration(None, "Longest time for a whole run.")
    concurrency: int | None = Field(
        default=None, ge=1, description="Most runs of this workflow at once."
    )
    on_failure: OnFailure = "fail-fast"
    parameters: dict[str, Parameter] = {}
    requirements: Requirements = Requirements()
    triggers: list[Trigger] = []
    actions: dict[str, ActionTemplate] = {}
    steps: dict[str, Step] = Field(min_length=1, description="The steps, by id.")
    artifacts: dict[str, Artifact] = {}

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form: only what differs from the defaults, `schema` always."""
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {"schema": self.schema_, "id": self.id, "version": self.version} | data

    @property
    def digest(self) -> str:
        """Digest of the JSON form: the same for a TOML and a JSON source, and for any layout."""
        return digest(self.to_json())

    def resolved_step(self, step_id: str) -> Step:
        """Return the step with the template that it ``uses`` merged in; the step wins."""
        step = self.steps[step_id]
        template = self.actions.get(step.uses or "")
        if template is None:
            return step
        return step.model_copy(
            update={
                "uses": template.uses,
                "run": template.run,
                "inputs": template.inputs | step.inputs,
                "env": template.env | step.env,
                "outputs": template.outputs | step.outputs,
                "timeout": step.timeout or template.timeout,
                "retries": step.retries or template.retries,
                "description": step.description or template.description,
            }
        )
