"""Finding out what became of an effect that may have happened: look, never guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from prefect_luthier.deployments.store.effects import EffectState, move
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.adapter import Adapter, Sighting
from prefect_luthier.flows.effects.request import EffectRequest, sent_outcome, unknown_error
from prefect_luthier.flows.effects.runtime import Runtime

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 15.0


async def reconcile(
    seen: EffectState,
    request: EffectRequest,
    adapter: Adapter,
    runtime: Runtime,
    doubtful_since: datetime,
) -> EffectState:
    """Look at the provider until it is clear whether the message went out.

    Args:
        seen: The effect, owned by the caller.
        request: What was asked for.
        adapter: The provider.
        runtime: Where this happens.
        doubtful_since: The last moment at which it may have been sent.

    Returns:
        The effect, ``sent``, or ``claimed`` again because the provider does not have it.

    Raises:
        OutcomeUnknown: Looking does not help; it waits for a person.
    """
    wait_s = _FIRST_WAIT_S
    while True:
        runtime.reach("before-look")
        sighting = await _look(adapter, seen.provider_reference)
        runtime.reach("after-look")
        if sighting.verdict == "sent":
            return await _settle(seen, request, adapter, runtime, sighting)
        left_s = (doubtful_since + runtime.settle - runtime.now()).total_seconds()
        if left_s <= 0 and sighting.verdict in {"absent", "unsent"}:
            return await _move(
                seen,
                runtime,
                "claimed",
                "found-unsent",
                reference=sighting.reference,
                detail={"verdict": sighting.verdict},
            )
        if left_s <= 0 or not adapter.can_look:
            reason = sighting.reason or f"the provider says: {sighting.verdict}"
            detail = {"reason": reason}
            await _move(seen, runtime, "unknown", "escalated", detail=detail, release=True)
            raise unknown_error(seen, reason)
        runtime.log(f"in doubt: the provider says {sighting.verdict}; looking again")
        await runtime.sleep(min(wait_s, left_s))
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


async def _look(adapter: Adapter, reference: Mapping[str, Any]) -> Sighting:
    try:
        return await adapter.look(reference)
    except LuthierError as error:
        return Sighting("undecided", reason=error.message.rstrip("."))


async def _settle(
    seen: EffectState,
    request: EffectRequest,
    adapter: Adapter,
    runtime: Runtime,
    sighting: Sighting,
) -> EffectState:
    return await _move(
        seen,
        runtime,
        "sent",
        "found-sent",
        reference=sighting.reference,
        outcome=sent_outcome(seen, request, adapter.provider, sighting.reference),
        release=True,
    )


async def _move(
    seen: EffectState, runtime: Runtime, state: str, event: str, **more: Any
) -> EffectState:
    at = runtime.now()
    return await runtime.store.do(
        lambda session: move(session, seen, state, at, event=event, **more)
    )
