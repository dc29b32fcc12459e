"""Pacing calls by tokens per minute, with a clock that the test turns."""

import asyncio

import pytest

from prefect_luthier.ai_builder.token_rate import TokenRate, gate_for, open_gate
from prefect_luthier.ai_builder.tokens import Tokens, estimate_tokens
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.errors import LuthierError


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)


def rate(limit: int) -> tuple[TokenRate, Clock]:
    clock = Clock()
    return TokenRate(limit, clock=clock, sleep=clock.sleep), clock


async def test_calls_wait_until_the_minute_has_room() -> None:
    """The third call of 40 tokens does not fit into 100 a minute, and starts in the next."""
    gate, clock = rate(100)
    started = []
    for _ in range(3):
        async with gate(40) as reservation:
            started.append(clock.now_s)
            reservation.settle(Tokens(30, 10))
    assert started[:2] == [0.0, 0.0]
    assert 60 <= started[2] < 62


async def test_what_a_call_cost_less_than_estimated_is_free_again() -> None:
    """Settling replaces the estimate."""
    gate, clock = rate(100)
    async with gate(90) as reservation:
        reservation.settle(Tokens(5, 5))
    async with gate(90):
        assert clock.now_s == 0


async def test_a_failed_call_costs_nothing() -> None:
    """Leaving without settling releases the reservation."""
    gate, clock = rate(100)
    with pytest.raises(RuntimeError):
        async with gate(100):
            raise RuntimeError
    async with gate(100):
        assert clock.now_s == 0


async def test_running_calls_count_with_their_estimates() -> None:
    """However many start at once, never more than the limit is under way."""
    gate, clock = rate(100)
    running = most = 0

    async def call() -> None:
        nonlocal running, most
        async with gate(30) as reservation:
            running += 30
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 30
            reservation.settle(Tokens(30))

    await asyncio.gather(*(call() for _ in range(20)))
    assert most <= 100
    assert clock.now_s >= 6 * 60


async def test_a_call_that_never_fits_is_refused() -> None:
    """Waiting would not help; the message says what would."""
    gate, _ = rate(100)
    with pytest.raises(LuthierError) as caught:
        async with gate(101):
            pass
    assert caught.value.code == "model-budget"


def test_one_provider_has_one_gate() -> None:
    """Two callers of the same model share its minute; without a limit there is no gate."""
    limited = LLMProvider(model="a", tokens_per_minute=100)
    assert gate_for(limited) is gate_for(limited.model_copy())
    assert gate_for(limited) is not gate_for(limited.model_copy(update={"model": "b"}))
    assert gate_for(LLMProvider()) is open_gate


def test_estimates_err_on_the_high_side() -> None:
    """A sentence of 13 tokens is estimated at 13 or more; nothing is nothing."""
    assert estimate_tokens("") == 0
    assert 13 <= estimate_tokens("Summarise the last thirty days of the git history, please.") < 26
    assert estimate_tokens("\ud800") == 1
