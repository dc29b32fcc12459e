"""Steps, how they ended, and what their work can read.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Outputs = dict[str, Any]


class StepFailed(Exception):
    """A step's work failed; what it put out until then is kept."""

    def __init__(self, reason: str, outputs: Outputs | None = None) -> None:
        super().__init__(reason)
        self.outputs = outputs or {}


@dataclass(frozen=True)
class Step:
    """A step: its work, what it waits for, and how patiently it is tried.

    ``decides`` names the needs whose end ``when`` judges by itself; a step is skipped when any
    other need did not complete.
    """

    id: str
    work: Callable[[Scope], Awaitable[Outputs]]
    needs: tuple[str, ...] = ()
    when: Callable[[Scope], Any] | None = None
    foreach: Callable[[Scope], Any] | None = None
    decides: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int = 0
    delays_s: tuple[float, ...] = ()
    jitter: float = 0.0
    fail_fast: bool = True
    condition: str = ""
    declared: tuple[str, ...] = ()


@dataclass
class Result:
    """How a step ended: completed, failed, skipped or cancelled."""

    state: str
    reason: str = ""
    outputs: Outputs = field(default_factory=dict)


@dataclass
class Scope:
    """What the work of a step can read."""

    params: dict[str, Any]
    results: dict[str, Result]
    run_id: str
    folder: Path
    started: datetime
    secrets: tuple[str, ...] = ()
    key: str = ""
    item: Any = None
    index: int = 0

    @property
    def run(self) -> dict[str, str]:
        """The run's id, date and time of start."""
        started = self.started.isoformat(timespec="seconds").replace("+00:00", "Z")
        return {"id": self.run_id, "date": self.started.date().isoformat(), "started": started}

    def outputs(self, step: str) -> Outputs:
        """Return what a step put out."""
        return self.results[step].outputs

    def state(self, step: str) -> str:
        """Return how a step ended: completed, failed or skipped."""
        state = self.results[step].state
        return "failed" if state == "cancelled" else state

    def masked(self, value: Any) -> Any:
        """Return a value with the secrets in its texts blotted out."""
        if isinstance(value, str):
            for secret in self.secrets:
                value = value.replace(secret, "********") if secret else value
        elif isinstance(value, dict):
            return {name: self.masked(item) for name, item in value.items()}
        elif isinstance(value, list):
            return [self.masked(item) for item in value]
        return value
