"""The calls to Prefect's REST API that registration needs, with errors a person can read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import get_current_settings

from prefect_luthier.deployments.register.merge import Update
from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.settings import Settings

HttpMethod = Literal["GET", "POST", "PATCH", "DELETE"]

_PAGE = 200


def prefect_api_url(settings: Settings) -> str:
    """Return the API in use: the one that is set, else the running stack's.

    Raises:
        ServiceUnreachable: There is neither.
    """
    if settings.prefect_api_url:
        return settings.prefect_api_url
    stack = running_stack(settings)
    if stack is None:
        raise ServiceUnreachable(
            "no-prefect-server",
            "no Prefect server is running here.",
            "Start one with `luthier up`, or set PREFECT_API_URL.",
        )
    return stack.prefect_api_url


@asynccontextmanager
async def open_prefect(settings: Settings) -> AsyncIterator[PrefectClient]:
    """Open a client; what goes wrong inside becomes a LuthierError.

    Raises:
        ServiceUnreachable: The server does not answer.
        LuthierError: It answers with a refusal (``prefect-refused``).
    """
    url = prefect_api_url(settings)
    key = get_current_settings().api.auth_string
    try:
        async with PrefectClient(
            url,
            auth_string=key.get_secret_value() if key else None,
            httpx_settings={"timeout": 20.0},
        ) as client:
            yield client
    except PrefectHTTPStatusError as error:
        raise LuthierError(
            "prefect-refused", f"Prefect refused the request: {refusal_of(error)}"
        ) from error
    except (httpx.TransportError, OSError) as error:
        raise ServiceUnreachable(
            "prefect-unreachable",
            f"the Prefect server at {url} does not answer ({type(error).__name__}).",
            "Check PREFECT_API_URL, or start the stack with `luthier up`.",
        ) from error


def refusal_of(error: httpx.HTTPStatusError) -> str:
    """Return the reason that the server gives in its answer."""
    try:
        answer = error.response.json()
    except ValueError:
        return f"HTTP {error.response.status_code}"
    detail = answer.get("detail") or answer.get("exception_message") or answer
    return f"{detail} (HTTP {error.response.status_code})"


async def _call(client: PrefectClient, method: HttpMethod, path: Any, json: Any = None) -> Any:
    """Make one request and return the JSON of the answer, if it has any.

    ``path`` is filled in here, while the client's own type lists the paths with placeholders.
    """
    response = await client.request(method, path, json=json)
    return response.json() if response.content else None


async def find_deployment(client: PrefectClient, flow: str, name: str) -> dict[str, Any] | None:
    """Return the deployment ``flow/name``, or None."""
    try:
        found: dict[str, Any] = await _call(client, "GET", f"/deployments/name/{flow}/{name}")
    except PrefectHTTPStatusError as error:
        if error.response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise
    return found


async def create_deployment(
    client: PrefectClient, flow: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Create the flow and its deployment, schedules included, in one transaction."""
    flow_id = await client.create_flow_from_name(flow)
    body = {**payload, "flow_id": str(flow_id)}
    created: dict[str, Any] = await _call(client, "POST", "/deployments/", json=body)
    return created


async def apply_update(client: PrefectClient, deployment_id: str, update: Update) -> None:
    """Write an update: the deployment's fields first, then schedules one by one."""
    base = f"/deployments/{deployment_id}"
    if update.fields:
        await _call(client, "PATCH", base, json=update.fields)
    if update.create:
        await _call(client, "POST", f"{base}/schedules", json=update.create)
    for schedule_id, change in update.change.items():
        await _call(client, "PATCH", f"{base}/schedules/{schedule_id}", json=change)
    for schedule_id in update.remove:
        await _call(client, "DELETE", f"{base}/schedules/{schedule_id}")


async def list_deployments(client: PrefectClient, tag: str) -> list[dict[str, Any]]:
    """Return every deployment that carries ``tag``, by name."""
    found: list[dict[str, Any]] = []
    while True:
        page = await _call(
            client,
            "POST",
            "/deployments/filter",
            json={
                "deployments": {"tags": {"all_": [tag]}},
                "offset": len(found),
                "limit": _PAGE,
                "sort": "NAME_ASC",
            },
        )
        found += page
        if len(page) < _PAGE:
            return found
