"""What the running stack says about itself, for every other command to find it by."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from prefect_luthier.settings import Settings

PartStatus = Literal["waiting", "starting", "ready", "restarting", "failed", "stopping", "stopped"]
Phase = Literal["starting", "running", "stopping", "failed"]

_START_TIME_SLACK_S = 1.0


class PartState(BaseModel):
    """One part of the stack: what it is doing, where, and since when."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: PartStatus = "waiting"
    url: str | None = None
    pid: int | None = None
    restarts: int = 0
    since: float = 0.0
    took_s: float | None = None
    detail: str | None = None
    log: str | None = None


class StartError(BaseModel):
    """Why the stack did not start, for who started it in the background."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    advice: str
    exit_code: int


class StackState(BaseModel):
    """The stack as its supervisor last described it. Times are Unix times."""

    model_config = ConfigDict(frozen=True)

    stack_id: str
    pid: int
    pid_started: float
    phase: Phase
    started_at: float
    logs_dir: Path
    prefect_api_url: str = ""
    prefect_ui_url: str = ""
    builder_url: str | None = None
    database_url: str = ""
    parts: tuple[PartState, ...] = ()
    error: StartError | None = None

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by part, the supervisor's included."""
        own = {"supervisor": self.pid}
        return own | {part.name: part.pid for part in self.parts if part.pid is not None}

    @property
    def is_alive(self) -> bool:
        """Whether the supervisor that wrote this still runs and has something to run."""
        try:
            process = psutil.Process(self.pid)
            ended = process.status() == psutil.STATUS_ZOMBIE
            same = abs(process.create_time() - self.pid_started) <= _START_TIME_SLACK_S
        except psutil.Error:
            return False
        return same and not ended and self.phase != "failed"


def running_stack(settings: Settings) -> StackState | None:
    """Return the stack of this data directory if it runs and is ready for work, else None."""
    state = read_state(settings)
    return state if state and state.phase == "running" and state.is_alive else None


def read_state(settings: Settings) -> StackState | None:
    """Return what the last supervisor wrote, alive or not; None when there is nothing readable."""
    try:
        return StackState.model_validate_json(state_file(settings).read_bytes())
    except (OSError, ValidationError):
        return None


def write_state(settings: Settings, state: StackState) -> None:
    """Write the state whole or not at all. Only its owner may read it: it can hold a password."""
    path = state_file(settings)
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state.model_dump(mode="json"), file)
    temporary.replace(path)


def remove_state(settings: Settings) -> None:
    """Forget a stack that has ended."""
    state_file(settings).unlink(missing_ok=True)


def state_file(settings: Settings) -> Path:
    """Return where the state stands."""
    return settings.run_dir / "state.json"
