"""Starting the rosette flows on the running stack, and asking how their runs stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling

from prefect_luthier.deployments.register.prefect_api import open_prefect, prefect_api_url
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import Settings
from prefect_luthier.ui.builder.run_reading import state_word

_OVER = frozenset({"completed", "failed", "crashed", "cancelled"})


@dataclass(frozen=True)
class FlowState:
    """How a flow run stands.

    Args:
        id: The run.
        name: What Prefect calls it.
        state: ``pending``, ``running``, ``completed``, ``failed``, ``crashed`` or ``cancelled``.
        message: What Prefect says about the state.
        url: Its page in the Prefect UI.
    """

    id: str
    name: str
    state: str
    message: str
    url: str

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in _OVER


async def start(settings: Settings, deployment: str, parameters: Mapping[str, Any]) -> str:
    """Start a run of a deployment, ``flow/deployment``, and return its id.

    Raises:
        LuthierError: The stack does not have it (``not-registered``), or refuses the parameters.
    """
    async with open_prefect(settings) as client:
        try:
            found = await client.read_deployment_by_name(deployment)
        except ObjectNotFound as error:
            raise LuthierError(
                "not-registered",
                f"this Prefect server has no deployment {deployment!r}.",
                "`luthier up` registers it; restart the stack after an update.",
            ) from error
        run = await client.create_flow_run_from_deployment(found.id, parameters=dict(parameters))
    return str(run.id)


async def read(settings: Settings, run_id: str) -> FlowState:
    """Return how a run stands.

    Raises:
        UsageError: There is no such run (``unknown-run``).
    """
    async with open_prefect(settings) as client:
        try:
            run = await client.read_flow_run(UUID(run_id))
        except ObjectNotFound as error:
            raise UsageError(
                "unknown-run", f"there is no run {run_id!r}.", "Start another one."
            ) from error
    address = prefect_api_url(settings).rstrip("/").removesuffix("/api")
    return FlowState(
        id=run_id,
        name=run.name,
        state=state_word(run.state),
        message=(run.state.message or "") if run.state else "",
        url=f"{address}/runs/flow-run/{run_id}",
    )


async def cancel(settings: Settings, run_id: str) -> None:
    """Ask for a run to be cancelled; its worker ends it."""
    async with open_prefect(settings) as client:
        await client.set_flow_run_state(UUID(run_id), Cancelling())
