"""What expressions can read during a run."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from prefect_luthier.deployments.definition.plan import Plan, PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.needs import UNSUCCESSFUL


class Bindings:
    """The names and values of a run; steps are added as they end.

    Args:
        plan: The plan of the run.
        run_id: The run.
        started_at: When the run was first started.
        secrets: Values of the secret parameters, which only ``with_secrets`` shows.
    """

    def __init__(
        self, plan: Plan, run_id: str, started_at: datetime, secrets: Mapping[str, str]
    ) -> None:
        started = started_at.astimezone(UTC)
        self._values: dict[str, Any] = {
            f"params.{name}": value
            for name, value in plan.parameters.items()
            if name not in plan.secret_parameters
        }
        self._values |= {
            "run.id": run_id,
            "run.date": started.date().isoformat(),
            "run.started": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        }
        # An optional secret that no name was given for is null, like any other parameter.
        self._secrets = {f"params.{name}": secrets.get(name) for name in plan.secret_parameters}

    def add(self, step: PlannedStep, result: StepResult) -> None:
        """Make the state and outputs of a step that has ended readable.

        Declared outputs that it does not have are null, so that a `when` that also handles the
        step's failure can name them.
        """
        prefix = f"steps.{step.id}"
        outputs = {**dict.fromkeys(step.outputs), **result.outputs}
        state = "failed" if result.state in UNSUCCESSFUL else result.state
        self._values[f"{prefix}.state"] = state
        self._values[f"{prefix}.outputs"] = outputs
        for name, value in outputs.items():
            self._values[f"{prefix}.outputs.{name}"] = value

    @property
    def plain(self) -> Mapping[str, Any]:
        """Everything but secrets."""
        return self._values

    def of_item(self, index: int, item: Any) -> Mapping[str, Any]:
        """Everything but secrets, with the item of a foreach."""
        return ChainMap({"item": item, "index": index}, self._values)

    def with_secrets(self, bindings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add the secret parameters, for places where a secret may stand."""
        return ChainMap(self._secrets, dict(bindings)) if self._secrets else bindings
