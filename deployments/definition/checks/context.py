"""What the checks look at: the definition, the catalog, the machine, and where findings go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN, Pruned
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.deployments.definition.graph import StepGraph
from prefect_luthier.deployments.definition.model import Definition, Step
from prefect_luthier.deployments.definition.outputs import ITEMS_OUTPUT, item_outputs
from prefect_luthier.pointers import Path


@dataclass(frozen=True)
class Site:
    """A text of the definition in which expressions may stand.

    Args:
        path: Where the text stands.
        text: The text.
        step: The step that will use it, None where no step's names can be used.
        field: The step's field it belongs to: run, when, foreach, env, inputs, workspace, artifact.
        secret: Whether a secret may be written there.
    """

    path: Path
    text: str
    step: str | None
    field: str
    secret: bool = False


@dataclass
class Checked:
    """One validation under way.

    Args:
        definition: The definition, with neutral values where its shape is wrong.
        findings: Where findings go.
        catalog: What steps may use.
        environment: The machine, None when it is not to be looked at.
        pruned: Paths of neutral values, about which nothing more is said.
    """

    definition: Definition
    findings: Findings
    catalog: Catalog
    environment: Environment | None
    pruned: Pruned
    used_parameters: set[str] = field(default_factory=set)
    _outputs: dict[str, Mapping[str, str] | None] = field(default_factory=dict)
    _steps: dict[str, Step] = field(default_factory=dict)

    @cached_property
    def graph(self) -> StepGraph:
        """The graph of the steps."""
        return StepGraph({name: step.needs for name, step in self.definition.steps.items()})

    def is_pruned(self, path: Path) -> bool:
        """Return whether something at or above ``path`` was wrong in shape."""
        if not self.pruned:
            return False
        return any(path[:length] in self.pruned for length in range(len(path) + 1))

    def step(self, step_id: str) -> Step:
        """Return a step with its template merged in."""
        if step_id not in self._steps:
            self._steps[step_id] = self.definition.resolved_step(step_id)
        return self._steps[step_id]

    def entry(self, step: Step) -> CatalogEntry | None:
        """Return the catalog entry that a resolved step uses."""
        return self.catalog.find(step.uses) if step.uses else None

    def outputs(self, step_id: str) -> Mapping[str, str] | None:
        """Return the outputs of a step as later steps see them; None when nothing says which."""
        if step_id not in self._outputs:
            step = self.step(step_id)
            if step.foreach is not None:
                self._outputs[step_id] = {ITEMS_OUTPUT: "list"}
            elif self.is_pruned(("steps", step_id)) or step.run == UNKNOWN:
                self._outputs[step_id] = None
            else:
                self._outputs[step_id] = item_outputs(step, self.catalog)
        return self._outputs[step_id]

    def written_at(self, step_id: str, *path: str | int) -> Path:
        """Return where a field of a resolved step is written: in the step or in its template."""
        own = self.definition.steps[step_id]
        field_name = str(path[0])
        value: Any = getattr(own, field_name)
        if len(path) > 1 and isinstance(value, dict):
            is_own = path[1] in value
        else:
            is_own = field_name in own.model_fields_set and value is not None
        if is_own or own.uses not in self.definition.actions:
            return ("steps", step_id, *path)
        return ("actions", own.uses or "", *path)


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield every text in a JSON value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
