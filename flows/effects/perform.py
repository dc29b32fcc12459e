"""The one place where effects on the world happen, each once.

permission → claim → prepare → sending → commit → sent, failed or unknown. Every step is durable
before the next begins, so that whoever comes after a crash knows what may have happened.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from prefect_luthier.deployments.store.decisions import Question, decide
from prefect_luthier.deployments.store.effects import (
    EffectState,
    LostClaim,
    claim,
    extend,
    find_effect,
    move,
    take_over,
)
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.adapter import Adapter, Doubtful, NotSent
from prefect_luthier.flows.effects.mail.message import Marks
from prefect_luthier.flows.effects.owner import new_owner
from prefect_luthier.flows.effects.reconcile import reconcile
from prefect_luthier.flows.effects.request import (
    ActionDenied,
    EffectFailed,
    EffectRequest,
    check_same_body,
    failed_outcome,
    marks_of,
    replay,
    sent_outcome,
)
from prefect_luthier.flows.effects.runtime import Runtime

_LONGEST_POLL_S = 1.0
_LONGEST_WAIT_S = 60.0
# Who wants to be left alone for longer is not asked again by this caller.
_LONGEST_PAUSE_S = 300.0
# A living owner on this machine that is silent has lost its database, not its work.
_SILENT_LEASES = 3

MakeAdapter = Callable[[Marks], Adapter]


async def perform(
    request: EffectRequest, make_adapter: MakeAdapter, runtime: Runtime
) -> dict[str, Any]:
    """Perform an effect, or return the outcome that it had.

    Args:
        request: What to do.
        make_adapter: Gives the provider's adapter for a message with these marks.
        runtime: Where to do it.

    Raises:
        ActionDenied: It is not permitted.
        EffectFailed: It did not happen, for certain.
        OutcomeUnknown: It may have happened, and a person must find out.
        LuthierError: The key stands for something else (``request-conflict``).
    """
    runtime.reach("before-permission")
    await permit(request, runtime)
    runtime.reach("before-claim")
    owner, at = new_owner(), runtime.now()
    seen = await runtime.store.do(lambda s: claim(s, request.key, owner, at, runtime.lease))
    return await _Performance(request, make_adapter, runtime, owner).follow(seen)


async def permit(request: EffectRequest, runtime: Runtime) -> None:
    """Ask the permission gate; the answer is stored before it counts.

    Raises:
        ActionDenied: It says no.
    """
    policy = await asyncio.to_thread(runtime.policy)
    question = Question(
        request.question, "effect", request.correlation_id, request.client_request_id
    )
    decision = await runtime.store.do(lambda session: decide(session, policy, question))
    runtime.announce(request.question, decision)
    if not decision.allowed:
        raise ActionDenied(decision)


class _Performance:
    """One caller's way to the outcome of an effect."""

    def __init__(
        self, request: EffectRequest, make_adapter: MakeAdapter, runtime: Runtime, owner: str
    ) -> None:
        self._request = request
        self._make_adapter = make_adapter
        self._runtime = runtime
        self._owner = owner
        self._waited = False
        self._unsettled = False

    async def follow(self, seen: EffectState) -> dict[str, Any]:
        """Own the effect, or wait for who does; return its outcome."""
        check_same_body(seen, self._request)
        poll_s = self._runtime.poll_s
        while True:
            try:
                if seen.owner == self._owner:
                    return await self._own(seen)
                if self._is_final(seen):
                    return replay(seen, self._runtime.now(), self._runtime.ttl)
                if seen.outcome is not None or self._is_abandoned(seen):
                    return await self._continue(seen)
            except LostClaim:
                poll_s = self._runtime.poll_s
            self._waited = True
            await self._runtime.sleep(poll_s * random.uniform(0.7, 1.3))  # noqa: S311 - jitter
            poll_s = min(1.5 * poll_s, _LONGEST_POLL_S)
            seen = await self._read()

    def _is_final(self, seen: EffectState) -> bool:
        """Tell whether this caller gets the outcome as it is.

        Who was there while an attempt failed shares its failure; who comes later may try again
        what the provider did not take.
        """
        if seen.state == "failed":
            return self._waited or not (seen.outcome or {}).get("retryable")
        if seen.state == "unknown" and self._waited:
            return seen.lease_until <= self._runtime.now()
        return seen.state == "sent"

    def _is_abandoned(self, seen: EffectState) -> bool:
        lives = self._runtime.lives(seen.owner)
        if lives is False:
            return True
        patience = self._runtime.lease * (_SILENT_LEASES if lives else 0)
        if seen.state == "unknown" and seen.lease_until == seen.updated_at:  # given up by its owner
            return True
        return self._runtime.now() > seen.lease_until + patience

    async def _continue(self, before: EffectState) -> dict[str, Any]:
        """Take over what a dead process left, or what was not taken at an earlier attempt."""
        runtime, at = self._runtime, self._runtime.now()
        runtime.reach("before-takeover")
        seen = await runtime.store.do(
            lambda session: take_over(session, before, self._owner, at, runtime.lease)
        )
        runtime.reach("after-takeover")
        runtime.log(f"continuing what {before.owner} left in state {before.state}")
        async with self._kept(seen):
            if before.state in {"sending", "unknown"}:
                # Until its last sign of life the owner may have been sending.
                alive_at = max(before.updated_at, before.lease_until - runtime.lease)
                return await self._find_out(seen, alive_at)
            if before.state == "failed":
                seen = await self._move(seen, "claimed", "tried-again")
            return await self._send(seen, again=True)

    async def _own(self, seen: EffectState) -> dict[str, Any]:
        self._runtime.reach("after-claim")
        async with self._kept(seen):
            return await self._send(seen, again=False)

    async def _find_out(self, seen: EffectState, doubtful_since: datetime) -> dict[str, Any]:
        """Look at the provider what happened; send again only what it certainly does not have."""
        adapter = self._make_adapter(marks_of(seen))
        found = await reconcile(seen, self._request, adapter, self._runtime, doubtful_since)
        if found.state == "sent":
            return replay(found, self._runtime.now(), self._runtime.ttl)
        await permit(self._request, self._runtime)
        return await self._send(found, again=True)

    async def _send(self, seen: EffectState, *, again: bool) -> dict[str, Any]:
        adapter = self._make_adapter(marks_of(seen))
        for number in range(1, self._runtime.most_attempts + 1):
            try:
                sent = await self._attempt(seen, adapter, again=again)
            except NotSent as error:
                is_last = number == self._runtime.most_attempts or error.wait_s > _LONGEST_PAUSE_S
                if not error.retryable or is_last:
                    await self._fail(seen, error, retryable=_may_work_later(error))
                seen = await self._rest(seen, error, number)
                again = True
            except Doubtful as error:
                detail = {"error": error.to_json()}
                seen = await self._move(seen, "unknown", "doubtful", detail=detail)
                return await self._find_out(seen, seen.updated_at)
            else:
                return replay(sent, self._runtime.now(), self._runtime.ttl)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    async def _attempt(self, seen: EffectState, adapter: Adapter, *, again: bool) -> EffectState:
        reach = self._runtime.reach
        reach("before-admission")
        await self._runtime.admit(adapter.provider)
        reach("before-prepare")
        async with adapter.prepared(again=again) as sending:
            reach("after-prepare")
            seen = await self._move(seen, "sending", "sending", reference=sending.reference)
            reach("after-sending-mark")
            reference = await sending.commit(reach)
            reach("before-record")
            sent = await self._record(seen, adapter.provider, reference)
        reach("after-record")
        return sent

    async def _record(
        self, seen: EffectState, provider: str, reference: dict[str, Any]
    ) -> EffectState:
        """Write down that it happened, even if another process has begun to doubt it."""
        outcome = sent_outcome(seen, self._request, provider, reference)
        at = self._runtime.now()
        operation = self._runtime.store.do(
            lambda session: move(
                session,
                seen,
                "sent",
                at,
                event="sent",
                reference=reference,
                outcome=outcome,
                release=True,
                testimony=True,
            )
        )
        return await asyncio.shield(operation)  # a cancelled caller must not lose the answer

    async def _fail(self, seen: EffectState, error: LuthierError, *, retryable: bool) -> None:
        outcome = failed_outcome(error, retryable=retryable)
        await self._move(seen, "failed", "failed", outcome=outcome, release=True)
        raise EffectFailed(error.code, error.message, error.advice)

    async def _rest(self, seen: EffectState, error: NotSent, number: int) -> EffectState:
        """Wait before offering the message again; the permission is asked for anew."""
        detail = {"error": error.to_json()}
        seen = await self._move(seen, "claimed", "not-sent", detail=detail)
        wait_s = min(self._runtime.first_wait_s * 2.0 ** (number - 1), _LONGEST_WAIT_S)
        wait_s = max(wait_s * random.uniform(0.5, 1.0), error.wait_s)  # noqa: S311 - jitter
        self._runtime.log(f"{error.message} Attempt {number + 1} in {wait_s:.1f} s.")
        self._runtime.reach("before-retry")
        await self._runtime.sleep(wait_s)
        try:
            await permit(self._request, self._runtime)
        except ActionDenied as denied:
            await self._fail(seen, denied, retryable=True)
        return seen

    async def _move(self, seen: EffectState, state: str, event: str, **more: Any) -> EffectState:
        at = self._runtime.now()
        return await self._runtime.store.do(
            lambda session: move(session, seen, state, at, event=event, **more)
        )

    async def _read(self) -> EffectState:
        key = self._request.key
        return await self._runtime.store.do(
            lambda session: find_effect(session, key.tenant, key.client_request_id)
        )

    @asynccontextmanager
    async def _kept(self, seen: EffectState) -> AsyncIterator[None]:
        """Show that the owner lives, and leave a clear state whatever ends the work."""
        beating = asyncio.create_task(self._beat(seen))
        self._unsettled = True
        try:
            yield
            self._unsettled = False
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await asyncio.shield(self._leave(seen))

    async def _beat(self, seen: EffectState) -> None:
        runtime = self._runtime
        while True:
            await asyncio.sleep(runtime.lease.total_seconds() / 3)
            until = runtime.now() + runtime.lease
            await runtime.store.do(lambda session: extend(session, seen, until))  # noqa: B023

    async def _leave(self, seen: EffectState) -> None:
        """Settle what was interrupted: not begun, it did not happen; begun, it is in doubt."""
        if not self._unsettled:
            return
        current = await self._read()
        if current.owner != self._owner:
            return
        if current.state == "claimed":
            error = LuthierError("interrupted", "it was interrupted before it was sent.")
            outcome = failed_outcome(error, retryable=True)
            await self._move(seen, "failed", "interrupted", outcome=outcome, release=True)
        elif current.state in {"sending", "unknown"} and current.lease_until > current.updated_at:
            await self._move(seen, "unknown", "interrupted", release=True)


def _may_work_later(error: NotSent) -> bool:
    """Tell whether a later request may try again: not when the message itself was refused."""
    return error.retryable or error.code == "no-access-token" or bool(error.advice)
