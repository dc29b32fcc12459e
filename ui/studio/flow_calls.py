"""Running the short rosette flows from the page: each is a run in Prefect, with its artifacts."""

from __future__ import annotations

from typing import Any

from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, temporary_settings

from prefect_luthier.deployments.register.prefect_api import open_prefect, prefect_api_url
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings


async def call(settings: Settings, flow: Any, **parameters: Any) -> Any:
    """Run a flow on the stack's server and return its result.

    Raises:
        ServiceUnreachable: There is no server; the flow was not run.
        LuthierError: What the flow was refused with, or how it failed (``flow-failed``).
    """
    async with open_prefect(settings) as client:
        await client.hello()
    with temporary_settings({PREFECT_API_URL: prefect_api_url(settings)}):
        state = await flow(**parameters, return_state=True)
        await APILogHandler.aflush()
    result = await state.aresult(raise_on_failure=False)
    if state.is_completed():
        return result
    if isinstance(result, LuthierError):
        raise result
    raise LuthierError(
        "flow-failed",
        f"{flow.name} ended as {state.name}: {state.message or 'no reason was given'}",
        "The run's log in the Prefect UI says more.",
    )
