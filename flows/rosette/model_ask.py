"""Asking the configured model for a rosette, over the one place that calls models."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from prefect_luthier.ai_builder.model_call import ModelCaller, Reply
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.search.asking import Asked
from prefect_luthier.settings import load_settings

_POLL_S = 0.2


@dataclass(frozen=True)
class ModelAsk:
    """Asks a provider's model, in a thread without an event loop.

    Args:
        provider: The model; default: the one in the settings of the process that asks.
    """

    provider: LLMProvider | None = None

    @cached_property
    def _caller(self) -> ModelCaller:
        return ModelCaller.of(load_settings(), self.provider)

    @cached_property
    def _stopping(self) -> threading.Event:
        return threading.Event()

    def stop(self) -> None:
        """Wait for no answer any more, in this process."""
        self._stopping.set()

    def __getstate__(self) -> dict[str, Any]:
        """Return what another process needs: the provider, not the open caller."""
        return {"provider": self.provider}

    def __call__(
        self,
        messages: Sequence[Mapping[str, str]],
        shape: type[BaseModel],
        *,
        temperature: float,
        timeout_s: float,
    ) -> Asked:
        """Return what the model answers within the time, or why it did not."""
        try:
            reply = asyncio.run(self._reply(messages, shape, temperature, timeout_s))
        except TimeoutError:
            return Asked(None, problem="No answer came before the time was up.", answered=False)
        except LuthierError as error:
            return Asked(None, problem=str(error), answered=False)
        if reply.error is not None:
            return Asked(None, reply.raw or "", str(reply.error), answered=reply.raw is not None)
        return Asked(reply.answer, reply.raw or "", reply.problem or "")

    async def _reply(
        self,
        messages: Sequence[Mapping[str, str]],
        shape: type[BaseModel],
        temperature: float,
        timeout_s: float,
    ) -> Reply[BaseModel]:
        """Wait for the answer.

        Raises:
            TimeoutError: The time was up, or nobody waits any more.
        """
        asking = asyncio.ensure_future(self._caller.structured(messages, shape, temperature))
        waited_s = 0.0
        try:
            while waited_s < timeout_s and not self._stopping.is_set():
                done, _ = await asyncio.wait([asking], timeout=min(_POLL_S, timeout_s - waited_s))
                if done:
                    return asking.result()
                waited_s += _POLL_S
            raise TimeoutError
        finally:
            asking.cancel()
            await asyncio.wait([asking])


async def find_ask(block: str) -> ModelAsk:
    """Return whoever asks the model of an `LLM Provider` block, or the configured one.

    Raises:
        LuthierError: There is no such block, or no model is configured.
    """
    settings = load_settings()
    if block:
        try:
            return ModelAsk(await LLMProvider.aload(block))
        except ValueError as error:
            raise LuthierError(
                "unknown-block",
                f"there is no LLM Provider block {block!r}.",
                "Create it in the Prefect UI, or leave it out.",
            ) from error
    if not settings.model_configured:
        raise LuthierError(
            "no-model",
            "no language model is configured.",
            "Set OPENAI_API_KEY, or LUTHIER_MODEL_BASE_URL for a local server; or use the "
            "generator `numeric`, which needs none.",
        )
    return ModelAsk(LLMProvider.from_settings(settings))
