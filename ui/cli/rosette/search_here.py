"""Running the search flow in this process, and watching it."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.rosette.search_progress import search_listener
from prefect_luthier.flows.rosette.search_rosette import search_rosette
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.ui.cli.flow_here import run_to_end
from prefect_luthier.ui.cli.rosette.search_view import SearchView, say_search


def search_here(parameters: dict[str, Any], conditions: Context) -> dict[str, Any]:
    """Run a search to its end, showing how it goes; return its document.

    Raises:
        LuthierError: It failed.
        KeyboardInterrupt: It was cancelled; what there was is recorded.
    """
    with SearchView() as view:
        search_listener.set(view.take)
        state = asyncio.run(run_to_end(search_rosette, parameters))
    if state is None:
        raise ServiceUnreachable("no-run", "Prefect did not start the search.")
    if state.is_cancelled():
        raise KeyboardInterrupt
    if not state.is_completed():
        error = asyncio.run(_error(state))
        raise error
    document: dict[str, Any] = asyncio.run(_result(state))
    say_search(document, conditions)
    return document


async def _result(state: Any) -> Any:
    return await state.aresult()


async def _error(state: Any) -> LuthierError:
    found = await state.aresult(raise_on_failure=False)
    if isinstance(found, LuthierError):
        return found
    return LuthierError("search-failed", state.message or "the search failed.")
