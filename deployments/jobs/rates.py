"""The rate limit of each mail provider in Prefect; made at start, because a missing one is none."""

from __future__ import annotations

import httpx

PROVIDERS = ("google", "microsoft", "smtp")


def rate_name(provider: str) -> str:
    """Return the name of a provider's limit in Prefect."""
    return f"luthier-sends-{provider}"


async def ensure_rates(api: httpx.AsyncClient, sends_per_minute: int) -> None:
    """Create the limits that do not exist; one that exists keeps what people set.

    A quarter may be sent at once, and the rest comes free over the minute; so no minute has more
    than ``sends_per_minute``.
    """
    burst = max(1, sends_per_minute // 4)
    decay = max(sends_per_minute - burst, 1) / 60
    for provider in PROVIDERS:
        name = rate_name(provider)
        if (await api.get(f"/v2/concurrency_limits/{name}")).is_success:
            continue
        limit = {"name": name, "limit": burst, "slot_decay_per_second": decay, "active": True}
        answer = await api.post("/v2/concurrency_limits/", json=limit)
        if answer.status_code != httpx.codes.CONFLICT:  # another process was faster
            answer.raise_for_status()
