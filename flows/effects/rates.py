"""How fast each provider is given messages: Prefect's global concurrency limits with a decay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from prefect_luthier.deployments.jobs.rates import ensure_rates, rate_name
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.stack.prefect_api import open_api
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

_PATIENCE_S = 600.0


def admission(settings: Settings) -> Callable[[str], Awaitable[None]]:
    """Return the function that waits until a provider may be given another message."""

    async def admit(provider: str) -> None:
        from prefect.context import TaskRunContext  # noqa: PLC0415 - Prefect loads slowly

        if TaskRunContext.get() is None:  # called outside a run: there is no server to ask
            return
        if not await _waited(rate_name(provider)):
            # The server of a single command is new, and a limit may have been removed.
            async with open_api(prefect_api_url(settings)) as api:
                await ensure_rates(api, settings.sends_per_minute)
            if not await _waited(rate_name(provider)):
                raise _no_limit(provider)

    return admit


async def _waited(name: str) -> bool:
    """Wait for a place in a limit; return False when there is no such limit.

    Raises:
        LuthierError: There was no place for too long (``provider-busy``).
    """
    from prefect.concurrency.asyncio import (  # noqa: PLC0415
        AcquireConcurrencySlotTimeoutError,
        ConcurrencySlotAcquisitionError,
        rate_limit,
    )

    try:
        await rate_limit(name, timeout_seconds=_PATIENCE_S, strict=True)
    except AcquireConcurrencySlotTimeoutError as error:
        raise LuthierError(
            "provider-busy",
            f"the limit {name!r} had no place for {_PATIENCE_S:g} s.",
            "Raise LUTHIER_SENDS_PER_MINUTE, or the limit in Prefect.",
        ) from error
    except ConcurrencySlotAcquisitionError:
        return False
    return True


def _no_limit(provider: str) -> LuthierError:
    return LuthierError(
        "no-rate-limit",
        f"the limit {rate_name(provider)!r} does not exist in Prefect, so nothing is sent.",
        "Create it in Prefect, with a slot decay.",
    )
