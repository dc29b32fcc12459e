"""Run a built-in action as the work of an ejected step."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from pydantic import BaseModel, ValidationError

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import ActionContext
from prefect_luthier.flows.ejection.commands import environment, step_folder
from prefect_luthier.flows.ejection.scope import Outputs, Scope, StepFailed


async def act(
    s: Scope,
    run: Callable[[Any, ActionContext], Awaitable[BaseModel]],
    inputs: type[BaseModel],
    values: Mapping[str, Any],
    *,
    env: Mapping[str, Any] | None = None,
    workspace: str = "inherit",
) -> Outputs:
    """Check the inputs of an action, run it, and return its outputs as JSON values."""
    log = get_run_logger()
    with tempfile.TemporaryDirectory(prefix="step-") as scratch:
        folder = step_folder(s, workspace, Path(scratch))
        context = ActionContext(
            workspace=folder,
            log=lambda line: log.info("%s", s.masked(line)),
            env=environment(s, folder, env),
            run_id=s.run_id,
            step=s.key,
        )
        try:
            outputs = await run(inputs.model_validate(dict(values)), context)
        except (LuthierError, ValidationError) as error:
            raise StepFailed(s.masked(str(error))) from error
    found: Outputs = s.masked(outputs.model_dump(mode="json", by_alias=True))
    return found
