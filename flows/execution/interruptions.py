"""What ends a run from outside: signals, a cancellation in Prefect, its time limit."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException

from prefect_luthier.flows.execution.needs import Stop

POLL_S = 2.0
CANCELLED_IN_PREFECT = "cancelled in Prefect"

End = Callable[[Stop], None]


@contextlib.asynccontextmanager
async def interruptions(
    end: End, client: PrefectClient, run_id: UUID, timeout_s: float | None
) -> AsyncIterator[None]:
    """Call ``end`` when the run is to stop, as long as the context is open.

    Args:
        end: Takes why the run is to stop.
        client: Asks Prefect for the run's state.
        run_id: The run.
        timeout_s: Longest time for the whole run.
    """
    loop = asyncio.get_running_loop()
    timer = None
    if timeout_s is not None:
        stop = Stop("timed-out", f"the run took longer than {timeout_s:g} s")
        timer = loop.call_later(timeout_s, end, stop)
    watcher = asyncio.ensure_future(_watch(end, client, run_id))
    try:
        with _signals(loop, end):
            yield
    finally:
        if timer:
            timer.cancel()
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)


async def _watch(end: End, client: PrefectClient, run_id: UUID) -> None:
    """Ask Prefect every now and then: nobody else tells a run outside a worker of its end."""
    while True:
        await asyncio.sleep(POLL_S)
        with contextlib.suppress(httpx.HTTPError, PrefectException):
            state = (await client.read_flow_run(run_id)).state
            if state is not None and (state.is_cancelling() or state.is_cancelled()):
                end(Stop("cancelled", state.message or CANCELLED_IN_PREFECT))
                return


# The runs that a signal ends. A process has one handler for each signal, but may have several
# runs: sub-runs of steps, or flows called side by side.
_interruptible: list[End] = []

_STOPS = {
    signal.SIGINT: Stop("cancelled", "interrupted by Ctrl-C"),
    signal.SIGTERM: Stop("cancelled", "the process was asked to end (SIGTERM)"),
}


_previous: dict[signal.Signals, Any] = {}


@contextlib.contextmanager
def _signals(loop: asyncio.AbstractEventLoop, end: End) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into an orderly end; raised in the loop they could be lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if not _interruptible:
        for number, stop in _STOPS.items():
            _previous[number] = signal.getsignal(number)
            loop.add_signal_handler(number, _end_all, stop)
    _interruptible.append(end)
    try:
        yield
    finally:
        _interruptible.remove(end)
        if not _interruptible:
            for number, handler in _previous.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)


def _end_all(stop: Stop) -> None:
    for end in _interruptible:
        end(stop)
