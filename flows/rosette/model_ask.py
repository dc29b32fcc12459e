"""Asking the configured model for a rosette, over the one place that calls models."""

from __future__ import annotations

import asyncio
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
        async with asyncio.timeout(max(timeout_s, 0.0)):
            return await self._caller.structured(messages, shape, temperature)
