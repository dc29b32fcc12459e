"""What an action is: typed inputs and outputs, the capabilities it needs, and one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from prefect_luthier.catalog import Capabilities, CatalogEntry
from prefect_luthier.errors import LuthierError


class ActionInputs(BaseModel):
    """Base of every action's inputs: closed, so that a misspelt input is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ActionOutputs(BaseModel):
    """Base of every action's outputs; all of it must have a JSON form."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _drop(_line: str) -> None:
    return None


@dataclass(frozen=True)
class ActionContext:
    """Where an action runs.

    Args:
        workspace: Folder that relative paths refer to; it exists.
        log: Takes one line for the step's log.
        env: Environment of programs that the action starts, already scrubbed.
        run_id: The run, empty outside one.
        step: The step, ``id`` or ``id[index]``.
    """

    workspace: Path
    log: Callable[[str], None] = _drop
    env: Mapping[str, str] = field(default_factory=dict)
    run_id: str = ""
    step: str = ""


@dataclass(frozen=True)
class Action:
    """A typed unit of work.

    Args:
        slug: Its name in a definition's ``uses``.
        version: Semantic version of its inputs, outputs and behaviour.
        description: What it is for, in the words people ask for it with.
        inputs: Model of its inputs; the field descriptions document them.
        outputs: Model of its outputs.
        run: Does the work. It must leave nothing behind when it is cancelled.
        capabilities: What it needs from the machine.
    """

    slug: str
    version: str
    description: str
    inputs: type[ActionInputs]
    outputs: type[ActionOutputs]
    run: Callable[[Any, ActionContext], Awaitable[ActionOutputs]]
    capabilities: Capabilities = field(default_factory=Capabilities)

    @cached_property
    def entry(self) -> CatalogEntry:
        """The action as a catalog shows it."""
        return CatalogEntry(
            slug=self.slug,
            kind="action",
            version=self.version,
            description=self.description,
            input_schema=self.inputs.model_json_schema(),
            output_schema=self.outputs.model_json_schema(mode="serialization"),
            capabilities=self.capabilities,
        )

    async def __call__(self, values: Mapping[str, Any], context: ActionContext) -> dict[str, Any]:
        """Check ``values``, do the work and return the outputs as JSON values.

        Raises:
            LuthierError: An input is missing, unknown or wrong, or the work failed.
        """
        try:
            inputs = self.inputs.model_validate(dict(values))
        except ValidationError as error:
            raise LuthierError("bad-input", _explain(self.slug, error)) from None
        outputs = await self.run(inputs, context)
        return outputs.model_dump(mode="json", by_alias=True)


def _explain(slug: str, error: ValidationError) -> str:
    """Name each wrong input without quoting its value, which may be a secret."""
    findings = (
        f"{'.'.join(str(part) for part in finding['loc']) or 'inputs'}: {finding['msg']}"
        for finding in error.errors(include_input=False, include_url=False)
    )
    return f"{slug}: " + "; ".join(findings) + "."
