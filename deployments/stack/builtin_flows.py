"""Registering the flows that ship with Luthier, at each start of the stack.

What a person changed in Prefect stays: a written-over description, tags, values, schedules,
limits, a pause. Only what Luthier itself sent is brought up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from prefect_luthier.canonical import digest

Payload = Mapping[str, Any]

_OURS = ("entrypoint", "parameter_openapi_schema", "enforce_parameter_schema", "version")


async def register_builtin_flows(
    api: httpx.AsyncClient, work_pool: str, flows: Iterable[Payload]
) -> int:
    """Make every built-in flow a deployment in the work pool; return how many were written.

    Args:
        api: Prefect's API.
        work_pool: The pool that runs them; it must exist.
        flows: For each, its ``flow``'s name and the ``deployment``.
    """
    written = [await _register(api, work_pool, each["flow"], each["deployment"]) for each in flows]
    return sum(written)


async def _register(api: httpx.AsyncClient, work_pool: str, flow: str, wanted: Payload) -> bool:
    found = await api.get(f"/deployments/name/{flow}/{wanted['name']}")
    if found.status_code == httpx.codes.NOT_FOUND:
        made = await api.post("/flows/", json={"name": flow})
        made.raise_for_status()
        body = {**wanted, "flow_id": made.json()["id"], "work_pool_name": work_pool}
        (await api.post("/deployments/", json=body)).raise_for_status()
        return True
    found.raise_for_status()
    existing = found.json()
    if existing["version"] == wanted["version"]:
        return False
    change = {name: wanted[name] for name in _OURS}
    if _is_as_sent(existing):
        change["description"] = wanted["description"]
    answer = await api.patch(f"/deployments/{existing['id']}", json=change)
    answer.raise_for_status()
    return True


def _is_as_sent(existing: Payload) -> bool:
    """Return whether the description is the one that the deployment's version names."""
    sent = str(existing["version"] or "").rpartition(".")[2]
    return bool(sent) and digest(existing["description"] or "")[7:].startswith(sent)
