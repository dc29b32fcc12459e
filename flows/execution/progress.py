"""Telling whoever watches a run in this process how its steps go."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class StepEvent:
    """Something that happened to a step.

    Args:
        key: ``step`` or ``step[index]``.
        state: ``running``, ``retrying``, ``completed``, ``failed`` or ``skipped``.
        detail: The reason, or a line of output for the state ``log``.
    """

    key: str
    state: str
    detail: str = ""


Listener = Callable[[StepEvent], None]


def _ignore(_event: StepEvent) -> None:
    return None


# Set by the command line around a run in its own process.
listener: ContextVar[Listener] = ContextVar("luthier_run_listener", default=_ignore)
run_started: ContextVar[Callable[[str], None] | None] = ContextVar(
    "luthier_run_started", default=None
)
