"""What performing an effect takes from outside: store, policy, clock, limits; all replaceable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from prefect_luthier.blocks.columns import now
from prefect_luthier.flows.effects.adapter import Reach
from prefect_luthier.flows.effects.effect_store import EffectStore
from prefect_luthier.flows.effects.owner import owner_lives
from prefect_luthier.policy import Decision, Policy, PolicyRequest
from prefect_luthier.policy_rules import load_policy
from prefect_luthier.settings import Settings


def _pass(_point: str) -> None:
    return None


async def _admit(_provider: str) -> None:
    return None


def _tell_nobody(_request: PolicyRequest, _decision: Decision) -> None:
    return None


Announce = Callable[[PolicyRequest, Decision], None]


@dataclass(frozen=True)
class Runtime:
    """Where effects are performed.

    Args:
        store: The record of effects and decisions.
        policy: Gives the policy in force, anew for each check.
        admit: Waits until a provider may be given another message.
        now: The clock.
        sleep: Waits, in seconds.
        reach: Is told each point around the effect.
        log: Takes one line for people.
        announce: Is told each answer of the permission gate.
        lives: Tells whether the process of an owner lives.
        lease: How long an owner may be silent.
        settle: How long after a doubtful send its absence at the provider proves nothing.
        ttl: How long an answer is given again.
        most_attempts: How often a message that was not taken is offered.
        first_wait_s: Wait before the second attempt; it doubles each time.
        poll_s: First wait for an effect that another process performs.
    """

    store: EffectStore
    policy: Callable[[], Policy]
    admit: Callable[[str], Awaitable[None]] = _admit
    now: Callable[[], datetime] = now
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    reach: Reach = _pass
    log: Callable[[str], None] = _pass
    announce: Announce = _tell_nobody
    lives: Callable[[str], bool | None] = owner_lives
    lease: timedelta = timedelta(seconds=30)
    settle: timedelta = timedelta(seconds=120)
    ttl: timedelta = timedelta(seconds=900)
    most_attempts: int = 4
    first_wait_s: float = 1.0
    poll_s: float = 0.05


def runtime_of(
    settings: Settings,
    *,
    admit: Callable[[str], Awaitable[None]] = _admit,
    log: Callable[[str], None] = _pass,
    announce: Announce = _tell_nobody,
) -> Runtime:
    """Return the runtime that the settings describe."""
    return Runtime(
        store=EffectStore(settings),
        policy=lambda: load_policy(settings),
        admit=admit,
        log=log,
        announce=announce,
        lease=timedelta(seconds=settings.effect_lease_s),
        settle=timedelta(seconds=settings.effect_settle_s),
        ttl=timedelta(seconds=settings.response_ttl_s),
    )
