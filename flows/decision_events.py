"""Events by which Prefect's automations learn what was decided, whoever asked and from where.

They name who asked, which action and which rule, but nobody's mail address: events are kept by
Prefect, shown to everybody who may see its pages, and passed on to whatever reacts to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
from prefect.context import FlowRunContext

from prefect_luthier.ai_builder.action_planning.recipients import without_addresses
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.stack.prefect_api import open_api
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

_TIMEOUT_S = 5.0


async def publish(
    settings: Settings, name: str, resource: Mapping[str, str], payload: Mapping[str, Any]
) -> None:
    """Tell the Prefect server in use of an event; without one nobody is told.

    The record of the decision is in our database already: an event that is lost loses nothing.

    Args:
        settings: Where the server is.
        name: Name of the event, e.g. ``luthier.plan.planned``.
        resource: What it is about.
        payload: What there is to say; addresses in its texts are shortened.
    """
    event = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": name,
        "resource": dict(resource),
        "related": _related(),
        "payload": discreet(payload),
    }
    try:
        async with open_api(prefect_api_url(settings)) as api:
            await api.post("/events", json=[event], timeout=_TIMEOUT_S)
    except (LuthierError, httpx.HTTPError):
        return


def discreet(value: Any) -> Any:
    """Return a JSON value whose texts name nobody's mail address."""
    if isinstance(value, str):
        return without_addresses(value)
    if isinstance(value, Mapping):
        return {key: discreet(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [discreet(each) for each in value]
    return value


def _related() -> list[dict[str, str]]:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return []
    run = f"prefect.flow-run.{context.flow_run.id}"
    return [{"prefect.resource.id": run, "prefect.resource.role": "flow-run"}]
