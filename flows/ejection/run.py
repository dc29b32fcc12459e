"""Run a workflow in its flow: its secrets, its steps, its files, its result.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import runtime
from prefect.blocks.system import Secret
from prefect.states import Failed

from prefect_luthier.flows.ejection.kept_files import keep_artifacts
from prefect_luthier.flows.ejection.scope import Result, Scope, Step
from prefect_luthier.flows.ejection.step_queue import StepQueue

PARALLEL_STEPS = 8


async def run_steps(
    steps: Sequence[Step],
    params: dict[str, Any],
    *,
    secrets: Sequence[str] = (),
    parallel: int | None = None,
    timeout_s: float | None = None,
    artifacts: Callable[[Scope], Mapping[str, str]] = lambda _: {},
    workspaces: Path = Path("workspaces"),
) -> Any:
    """Run the steps of a workflow and return what they put out.

    Args:
        steps: The steps.
        params: Values of the parameters.
        secrets: Parameters that name secrets.
        parallel: Most steps that run at once.
        timeout_s: Longest time for all of it.
        artifacts: Files to keep, by name.
        workspaces: Where the folder of the run is made.
    """
    run_id = str(runtime.flow_run.id)
    folder = (workspaces / run_id).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    values = {**params, **{name: await secret(params[name]) for name in secrets}}
    hidden = tuple(str(values[name]) for name in secrets if values[name])
    scope = Scope(values, {}, run_id, folder, datetime.now(UTC), hidden)
    queue = StepQueue(steps, scope, parallel or PARALLEL_STEPS)
    problem = ""
    try:
        async with asyncio.timeout(timeout_s):
            await queue.run()
    except TimeoutError:
        problem = f"timed out after {timeout_s:g} s"
    kept = await keep_artifacts(artifacts(scope), folder)
    failed = [name for name, result in scope.results.items() if result.state == "failed"]
    if failed and not problem:
        problem = "; ".join(
            f"step `{name}` failed: {scope.results[name].reason}" for name in failed
        )
    document = {
        "run_id": run_id,
        "state": "failed" if problem else "completed",
        "steps": [
            {"id": step.id, **vars(scope.results.get(step.id, Result("skipped", problem)))}
            for step in steps
        ],
        "artifacts": kept,
    }
    return Failed(message=problem, data=document) if problem else document


async def secret(name: str | None) -> str | None:
    """Return the secret of that name: a Prefect Secret block, else an environment variable."""
    if name is None:
        return None
    try:
        block_name = re.sub(r"[^a-z0-9-]", "-", name.lower())
        block: Any = await Secret.aload(block_name)  # type: ignore[attr-defined, unused-ignore]
    except ValueError:
        variable = "LUTHIER_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
        value = os.environ.get(variable)
        if value is None:
            raise ValueError(f"there is no Secret block {name!r} and no {variable}") from None
        return value
    value = block.get()
    return value if isinstance(value, str) else json.dumps(value)
