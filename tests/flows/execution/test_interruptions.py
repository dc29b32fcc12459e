"""Signals end runs in good order, however many runs a process has."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect.client.orchestration import PrefectClient

from prefect_luthier.flows.execution.interruptions import interruptions
from prefect_luthier.flows.execution.needs import Stop


class SilentClient:
    """A client whose server is never asked: the tests are shorter than the first poll."""

    async def read_flow_run(self, _run_id: Any) -> Any:
        """Fail the test."""
        raise AssertionError


def watched(stops: list[Stop], timeout_s: float | None = None) -> Any:
    """Return the context of one run that notes why it is to stop."""
    client = cast(PrefectClient, SilentClient())
    return interruptions(stops.append, client, uuid4(), timeout_s)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
async def test_signal_stops_the_run_and_handlers_are_restored(number):
    """The process lives on; afterwards the handler is the one from before."""
    before = signal.getsignal(number)
    stops: list[Stop] = []
    async with watched(stops):
        os.kill(os.getpid(), number)
        await asyncio.sleep(0.05)
    assert [stop.kind for stop in stops] == ["cancelled"]
    assert signal.getsignal(number) is before


async def test_signal_stops_every_run_that_is_open():
    """A sub-run that has ended does not take the handler of its parent with it."""
    before = signal.getsignal(signal.SIGINT)
    outer: list[Stop] = []
    inner: list[Stop] = []
    later: list[Stop] = []
    first = watched(outer)
    await first.__aenter__()
    async with watched(inner):
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(0.05)
    second = watched(later)
    await second.__aenter__()
    await first.__aexit__(None, None, None)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.sleep(0.05)
    await second.__aexit__(None, None, None)
    assert (len(outer), len(inner), len(later)) == (1, 1, 1)
    assert signal.getsignal(signal.SIGINT) is before


async def test_time_limit_stops_the_run():
    """After its time the run is stopped as timed out."""
    stops: list[Stop] = []
    async with watched(stops, timeout_s=0.02):
        await asyncio.sleep(0.1)
    assert [stop.kind for stop in stops] == ["timed-out"]


async def test_nothing_happens_after_the_run():
    """A run that ended in time is not stopped any more."""
    stops: list[Stop] = []
    async with watched(stops, timeout_s=0.05):
        pass
    await asyncio.sleep(0.1)
    assert stops == []
