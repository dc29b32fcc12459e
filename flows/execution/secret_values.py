"""The one place that turns the name of a secret into its value."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from prefect.blocks.system import Secret
from prefect.events import emit_event

from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.errors import LuthierError

EVENT = "secret.resolve"
VARIABLE_PREFIX = "LUTHIER_SECRET_"


async def resolve_secrets(plan: Plan, run_id: str) -> dict[str, str]:
    """Return the values of the plan's secret parameters, by parameter; each look-up is audited.

    Raises:
        LuthierError: A secret does not exist.
    """
    values = {}
    for parameter in plan.secret_parameters:
        name = plan.parameters.get(parameter)
        if name is None:
            continue
        value, source = await _look_up(str(name))
        _audit(str(name), source, plan, run_id)
        if value is None:
            raise LuthierError(
                "unknown-secret",
                f"the parameter `{parameter}` names the secret {name!r}, which does not exist.",
                f"Create a Prefect Secret block named {block_name(str(name))!r}, "
                f"or set {variable(str(name))}.",
            )
        values[parameter] = value
    return values


async def _look_up(name: str) -> tuple[str | None, str]:
    """Return the value and where it was found; a Prefect block wins over the environment."""
    try:
        block: Any = await Secret.aload(block_name(name))  # type: ignore[attr-defined, unused-ignore]
    except ValueError:  # there is no such block
        return os.environ.get(variable(name)), "environment"
    value = block.get()
    return (value if isinstance(value, str) else json.dumps(value)), "prefect-block"


def block_name(name: str) -> str:
    """Return the name of a secret's Prefect block: these have lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9-]", "-", name.lower())


def variable(name: str) -> str:
    """Return the environment variable that can hold a secret."""
    return VARIABLE_PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _audit(name: str, source: str, plan: Plan, run_id: str) -> None:
    emit_event(
        event=EVENT,
        resource={"prefect.resource.id": f"luthier.secret.{name}"},
        payload={"secret": name, "source": source, "workflow": plan.workflow, "run": run_id},
    )
