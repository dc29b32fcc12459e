"""What all steps of one run share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.bindings import Bindings
from prefect_luthier.flows.execution.log_blobs import LogBlobs
from prefect_luthier.flows.execution.progress import Listener
from prefect_luthier.flows.execution.run_store import RunStore
from prefect_luthier.masking import Masker

CallWorkflow = Callable[[str, Mapping[str, Any]], Awaitable[dict[str, Any]]]

DEFAULT_PARALLEL = 8


@dataclass(frozen=True)
class Run:
    """One execution of a plan.

    Args:
        run_id: The Prefect flow run, and the key of everything stored.
        plan: What is executed.
        started_at: When the run was first started; a resumed run keeps it.
        earlier: Results of an earlier execution, by name of the task run.
        store: Where results go.
        log_blobs: Where output goes.
        bindings: What expressions can read.
        masker: Knows the secrets.
        folder: The run's workspace.
        slots: Lets so many steps run at once.
        listener: Is told how steps go.
        call_workflow: Runs another workflow as a sub-run.
    """

    run_id: UUID
    plan: Plan
    started_at: datetime
    earlier: Mapping[str, StepResult]
    store: RunStore
    log_blobs: LogBlobs
    bindings: Bindings
    masker: Masker
    folder: Path
    slots: asyncio.Semaphore
    listener: Listener
    call_workflow: CallWorkflow
    results: dict[str, StepResult] = field(default_factory=dict)

    def finished_before(self, key: str) -> StepResult | None:
        """Return the result of a task run that an earlier execution completed."""
        result = self.earlier.get(key)
        return result if result is not None and result.state == "completed" else None
