"""The gate of every call to a model: it books in the ledger what the server counts."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import text

from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.ai_builder.tokens import estimate_tokens
from prefect_luthier.blocks.database import open_engine
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
    for foreign in (
        "\u4f1a\u8bae\u5f88\u597d",
        "\U0001f468\U0001f3fd\u200d\U0001f680",
        "\u0434\u0430",
    ):
        # No tokenizer in use takes more than a token for each byte.
        assert estimate_tokens(foreign) == len(foreign.encode())


CALLS = """
import asyncio, sys
from prefect_luthier.ai_builder.model_call import ModelCaller
from prefect_luthier.blocks.database import open_engine
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import load_settings

async def call(caller):
    try:
        await caller.complete("x" * 350)
    except LuthierError:
        pass

async def main():
    provider = LLMProvider(base_url=sys.argv[1], model="m", max_output_tokens=100)
    caller = ModelCaller.of(load_settings(), provider)
    await asyncio.gather(*(call(caller) for _ in range(int(sys.argv[2]))))

asyncio.run(main())
"""

HISTORY = """
    WITH booked AS (
        SELECT *, COALESCE(settled_at, 'infinity') AS ended FROM token_reservation
    ), moments AS (
        SELECT SUM(CASE WHEN b.ended > a.created_at THEN b.reserved ELSE b.settled END) AS taken
        FROM booked a JOIN booked b
        ON b.created_at <= a.created_at AND b.ended > a.created_at - interval '60 s'
        GROUP BY a.created_at
    )
    SELECT (SELECT MAX(taken) FROM moments), SUM(settled),
           COUNT(*) FILTER (WHERE state = 'reserved')
    FROM booked
"""


def steps(count: int) -> list[dict[str, Any]]:
    """Return a script of answers, cut-off answers, refusals and errors, each with its usage."""
    turns: list[dict[str, Any]] = [
        {"text": "Yes.", **counted(90, 12)},
        {"status": 500, "error": {"message": "busy"}},
        {"text": "Ye", "finish_reason": "length", **counted(95, 100)},
        {"refusal": "No.", **counted(80, 7), "delay_s": 0.02},
        {"status": 429, "error": {"message": "slow"}, "headers": {"Retry-After": "0"}},
    ]
    return [turns[number % len(turns)] for number in range(count)]


def test_two_hundred_calls_of_four_processes_stay_in_the_budget(
    model_server: Serve, postgres_url: str, clean_environment: Path
) -> None:
    """Never more than the limit is settled and reserved, and the sum is what the server counted."""
    script = steps(1000)
    server = model_server(*script)
    environment = os.environ | {"DATABASE_URL": postgres_url, "AI_MAX_TOKENS_PER_MIN": "9000"}
    started = [
        subprocess.Popen([sys.executable, "-c", CALLS, server.url, "50"], env=environment)
        for _ in range(4)
    ]
    assert [process.wait(timeout=240) for process in started] == [0] * 4
    served = [step["usage"] for step in script[: server.taken] if "usage" in step]
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        highest, spent, left_open = connection.execute(text(HISTORY)).one()
    engine.dispose()
    assert highest <= 9000
    assert spent == sum(each["prompt_tokens"] + each["completion_tokens"] for each in served)
    assert left_open == 0
    assert server.taken > 50


def test_a_killed_caller_gives_its_tokens_back_within_a_minute(
    model_server: Serve, postgres_url: str, clean_environment: Path
) -> None:
    """Nobody renews its lease, which ends before a minute is over."""
    server = model_server({"text": "late", "delay_s": 60})
    with subprocess.Popen(
        [sys.executable, "-c", CALLS, server.url, "1"],
        env=os.environ | {"DATABASE_URL": postgres_url},
    ) as process:
        engine = open_engine(postgres_url)
        deadline = time.monotonic() + 120
        while usage(engine).reserved == 0:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    with engine.begin() as connection:
        (left_s,) = connection.execute(
            text("SELECT EXTRACT(EPOCH FROM lease_until - now()) FROM token_reservation")
        ).one()
        assert 0 < left_s <= 60
        connection.execute(text("UPDATE token_reservation SET lease_until = now()"))
    assert usage(engine).reserved == 0
    engine.dispose()
