"""The state of the parts while the stack runs, written to the state file at each change."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import psutil

from prefect_luthier.deployments.stack.services import logs_dir
from prefect_luthier.deployments.stack.state import (
    PartState,
    PartStatus,
    Phase,
    StackState,
    StartError,
    remove_state,
    write_state,
)
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

Report = Callable[[StackState], None]


class Board:
    """Keeps the one `StackState` of this process and tells everyone about its changes.

    Args:
        settings: Names the data directory whose state file is written.
        names: The parts, in the order in which they are shown.
        report: Called with each new state; it may fail to write to a closed terminal.
    """

    def __init__(self, settings: Settings, names: Iterable[str], report: Report) -> None:
        self._settings = settings
        self._report = report
        self._parts = {name: PartState(name=name) for name in names}
        self.state = StackState(
            stack_id=uuid.uuid4().hex,
            pid=os.getpid(),
            pid_started=psutil.Process().create_time(),
            phase="starting",
            started_at=time.time(),
            logs_dir=logs_dir(settings),
        )

    def __contains__(self, name: str) -> bool:
        return name in self._parts

    def __getitem__(self, name: str) -> PartState:
        return self._parts[name]

    def enter(self, phase: Phase) -> None:
        """Note that the whole stack has come to another phase."""
        self.publish(phase=phase)

    def change(self, name: str, status: PartStatus, **values: Any) -> None:
        """Note that a part has changed."""
        part = self._parts[name]
        now = time.time()
        update: dict[str, Any] = {"status": status, **values}
        if status != part.status:
            update["since"] = now
        if status == "ready":
            update["detail"] = values.get("detail")
            if part.took_s is None:
                update["took_s"] = round(now - self.state.started_at, 2)
        self._parts[name] = part.model_copy(update=update)
        self.publish()

    def publish(self, **values: Any) -> None:
        """Write the state with other values for some of its fields."""
        parts = tuple(self._parts.values())
        self.state = self.state.model_copy(update={"parts": parts, **values})
        with contextlib.suppress(OSError):  # a full disk or a closed terminal stops no stack
            write_state(self._settings, self.state)
        with contextlib.suppress(OSError):
            self._report(self.state)

    def close(self, error: LuthierError | None) -> None:
        """Forget the stack, which has ended; or keep why it did not start."""
        if error is None:
            remove_state(self._settings)
        else:
            report = StartError(
                code=error.code,
                message=error.message,
                advice=error.advice,
                exit_code=error.exit_code,
            )
            self.publish(phase="failed", error=report)
