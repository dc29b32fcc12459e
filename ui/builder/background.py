"""One event loop beside the page, because Streamlit's threads have none that lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import Any, TypeVar

from prefect_luthier.errors import ServiceUnreachable

T = TypeVar("T")

CALL_TIMEOUT_S = 30.0


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="luthier-page-loop", daemon=True).start()
    return loop


def begin(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the page's loop; the page goes on meanwhile."""
    return asyncio.run_coroutine_threadsafe(work, _loop())


def wait_for(work: Coroutine[Any, Any, T], timeout_s: float = CALL_TIMEOUT_S) -> T:
    """Run a coroutine on the page's loop and return its result.

    Raises:
        ServiceUnreachable: It took longer than ``timeout_s``; it is cancelled then.
    """
    future = begin(work)
    try:
        return future.result(timeout_s)
    except FutureTimeout as error:
        if future.done():  # the work itself raised a TimeoutError
            raise
        future.cancel()
        raise ServiceUnreachable(
            "no-answer",
            f"no answer within {timeout_s:g} seconds.",
            "`luthier status` shows whether every part of the stack is up.",
        ) from error
