"""The gate of every call to a model: it books in the ledger what the server counts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.ai_builder.tokens import estimate_tokens
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.token_ledger import OverBudget, Usage, usage
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

Serve = Callable[..., Any]


class Answer(BaseModel):
    """A number."""

    number: int


@pytest.fixture
def settings(clean_environment: Path, postgres_url: str) -> Callable[..., Settings]:
    def make(**fields: Any) -> Settings:
        return Settings(
            _env_file=None, DATABASE_URL=postgres_url, AI_MAX_OUTPUT_TOKENS=1000, **fields
        )

    return make


def counted(prompt: int, completion: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion}}


async def no_wait(_seconds: float) -> None:
    return None


def caller(url: str, settings: Settings) -> ModelCaller:
    made = ModelCaller.of(settings, LLMProvider(base_url=url, model="m", max_output_tokens=1000))
    made._sleep = no_wait
    return made


async def test_the_ledger_equals_what_the_server_counted(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """Answers, cut-off answers, refusals and answers after errors are booked to the token."""
    server = model_server(
        {"status": 500, "error": {"message": "busy"}},
        {"status": 429, "error": {"message": "slow"}, "headers": {"Retry-After": "0"}},
        {"text": "Yes.", **counted(11, 3)},
        {"text": "Ye", "finish_reason": "length", **counted(100, 1000)},
        {"refusal": "No.", **counted(7, 5)},
        {"raw": "{not json", **counted(20, 4)},
    )
    made = settings()
    asking = caller(server.url, made)
    await asking.complete("one")
    for code in ("model-truncated", "model-refused"):
        with pytest.raises(LuthierError) as caught:
            await asking.complete("again")
        assert caught.value.code == code
    reply = await asking.structured([{"role": "user", "content": "?"}], Answer)
    assert reply.answer is None
    assert usage(open_store(made)) == Usage(14 + 1100 + 12 + 24, 0)


async def test_over_budget_nothing_is_sent(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """The second call does not fit, the error says when it will, and one request was sent."""
    server = model_server({"text": "Yes.", **counted(500, 600), "repeat": True})
    made = settings(AI_MAX_TOKENS_PER_MIN=1500)
    asking = caller(server.url, made)
    await asking.complete("one")
    with pytest.raises(OverBudget) as caught:
        await asking.complete("two")
    assert caught.value.fits_at is not None
    assert len(server.requests) == 1


async def test_a_cancelled_call_gives_its_reservation_back(
    model_server: Serve, settings: Callable[..., Settings]
) -> None:
    """Nothing stays reserved when the caller goes away in the middle of a call."""
    server = model_server({"text": "late", "delay_s": 30})
    made = settings()
    task = asyncio.create_task(caller(server.url, made).complete("slow"))
    store = open_store(made)
    for _ in range(500):
        if await asyncio.to_thread(usage, store) != Usage(0, 0):
            break
        await asyncio.sleep(0.02)
    assert usage(store).reserved > 1000
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert usage(store) == Usage(0, 0)


def test_estimates_err_on_the_high_side() -> None:
    """A sentence of 13 tokens is estimated at 13 or more; nothing is nothing."""
    assert estimate_tokens("The quick brown fox jumps over the lazy dog, and it sleeps.") >= 13
    assert estimate_tokens("") == 0
