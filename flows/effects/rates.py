"""How fast each provider is given messages: Prefect's global concurrency limits with a decay."""

from __future__ import annotations

from prefect_luthier.deployments.jobs.rates import rate_name
from prefect_luthier.errors import LuthierError

_PATIENCE_S = 600.0


async def admit(provider: str) -> None:
    """Wait until the provider may be given another message.

    Raises:
        LuthierError: There is no such limit (``no-rate-limit``), or no place in it for too long.
    """
    # Prefect loads slowly, and only runs need it.
    from prefect.concurrency.asyncio import (  # noqa: PLC0415
        AcquireConcurrencySlotTimeoutError,
        ConcurrencySlotAcquisitionError,
        rate_limit,
    )
    from prefect.context import TaskRunContext  # noqa: PLC0415

    if TaskRunContext.get() is None:  # called outside a run: there is no server to ask
        return
    name = rate_name(provider)
    try:
        await rate_limit(name, timeout_seconds=_PATIENCE_S, strict=True)
    except AcquireConcurrencySlotTimeoutError as error:
        raise LuthierError(
            "provider-busy",
            f"the limit {name!r} had no place for {_PATIENCE_S:g} s.",
            "Raise LUTHIER_SENDS_PER_MINUTE, or the limit in Prefect.",
        ) from error
    except ConcurrencySlotAcquisitionError as error:
        raise LuthierError(
            "no-rate-limit",
            f"the limit {name!r} does not exist in Prefect, so nothing is sent.",
            "`luthier up` creates it, as does `luthier ai execute`.",
        ) from error
