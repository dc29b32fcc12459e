"""Calling actions without a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.flows.actions.builtin import BUILTIN_ACTIONS
from prefect_luthier.flows.actions.contract import ActionContext
from prefect_luthier.subprocesses import scrubbed_environment

Call = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def log() -> list[str]:
    """Give the lines that the action logs."""
    return []


@pytest.fixture
def call(tmp_path: Path, log: list[str]) -> Call:
    """Give a function that calls a built-in action in an empty workspace."""

    async def run(slug: str, **inputs: Any) -> dict[str, Any]:
        context = ActionContext(tmp_path, log.append, scrubbed_environment(), "run", "step")
        return await BUILTIN_ACTIONS[slug](inputs, context)

    return run
