"""Starting programs: their output, their ends, and that none is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.subprocesses import Streams, run_program, scrubbed_environment


def alive(marker: str) -> list[int]:
    """Return the processes whose command line holds ``marker``."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or ()
        if any(marker in word for word in words) and process.info["status"] != "zombie":
            found.append(process.pid)
    return found


def await_none(marker: str, patience_s: float) -> list[int]:
    """Wait until no such process lives; return those that do."""
    deadline = time.monotonic() + patience_s
    while (found := alive(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def await_count(marker: str, count: int) -> None:
    """Wait until so many such processes live."""
    deadline = time.monotonic() + 20
    while len(alive(marker)) < count:
        assert time.monotonic() < deadline, f"{len(alive(marker))} processes, not {count}"
        time.sleep(0.02)


async def shell(command: str, tmp_path: Path, **options):
    """Run a shell command."""
    return await run_program(
        ["/bin/sh", "-c", command], cwd=tmp_path, env=scrubbed_environment(), **options
    )


async def test_outcome_has_both_streams_and_the_exit_code(tmp_path):
    """Standard output and error are kept apart, and the exit code is told."""
    outcome = await shell("echo out; echo err >&2; exit 3", tmp_path)
    assert (outcome.stdout.text, outcome.stderr.text, outcome.exit_code) == ("out\n", "err\n", 3)


async def test_program_reads_its_standard_input(tmp_path):
    """A large input reaches a program that answers while it reads."""
    data = b"line\n" * 200_000
    outcome = await run_program(
        ["cat"],
        cwd=tmp_path,
        env=scrubbed_environment(),
        stdin=data,
        streams=Streams(keep_bytes=len(data)),
    )
    assert outcome.stdout.data == data


async def test_program_that_does_not_read_its_input_still_ends(tmp_path):
    """A closed pipe is no error."""
    outcome = await run_program(
        ["true"], cwd=tmp_path, env=scrubbed_environment(), stdin=b"x" * 1_000_000
    )
    assert outcome.exit_code == 0


async def test_signal_is_a_negative_exit_code(tmp_path):
    """A program that is killed says so."""
    assert (await shell("kill -9 $$", tmp_path)).exit_code == -signal.SIGKILL


@pytest.mark.parametrize("program", ["no-such-program", "nul\0inside"], ids=["missing", "nul"])
async def test_program_that_cannot_start_is_an_error_with_advice(program, tmp_path):
    """The program and the reason are named."""
    with pytest.raises(LuthierError) as caught:
        await run_program([program], cwd=tmp_path, env={})
    assert caught.value.code == "cannot-start"


async def test_missing_folder_is_an_error(tmp_path):
    """So is a folder that does not exist."""
    with pytest.raises(LuthierError, match="cannot start"):
        await run_program(["true"], cwd=tmp_path / "nowhere", env={})


async def test_environment_holds_nothing_that_was_not_passed(monkeypatch, tmp_path):
    """Secrets and settings of this process stay here; PATH and given variables pass."""
    monkeypatch.setenv("LUTHIER_SECRET_TOKEN", "leak")
    monkeypatch.setenv("PREFECT_API_URL", "leak")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leak")
    outcome = await run_program(["env"], cwd=tmp_path, env=scrubbed_environment({"MY": "own"}))
    assert "leak" not in outcome.stdout.text
    assert "MY=own" in outcome.stdout.text
    assert "PATH=" in outcome.stdout.text


async def test_timeout_ends_program_and_children(tmp_path):
    """Nothing of a program that takes too long survives."""
    with pytest.raises(TimeoutError):
        await shell("sleep 51.125 & sleep 51.125", tmp_path, timeout_s=0.3)
    assert not alive("51.125")


async def test_cancelling_ends_what_left_the_process_group(tmp_path):
    """A child in a session of its own is found by the token in its environment."""
    task = asyncio.ensure_future(shell("setsid sleep 52.125 & sleep 52.125", tmp_path))
    await asyncio.to_thread(await_count, "52.125", 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive("52.125")


async def test_cancelling_during_the_start_leaves_nothing(tmp_path):
    """However early the caller is cancelled, what was started is ended."""
    for turns in range(12):
        task = asyncio.ensure_future(shell("sleep 56.125 & sleep 56.125", tmp_path))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not alive("56.125")


async def test_program_that_ignores_term_is_killed(tmp_path, monkeypatch):
    """After the grace period the end is forced."""
    monkeypatch.setattr("prefect_luthier.subprocesses.GRACE_S", 0.3)
    command = "trap '' TERM; sleep 53.125 & wait; sleep 53.125"
    with pytest.raises(TimeoutError):
        await shell(command, tmp_path, timeout_s=0.3)
    assert not alive("53.125")


async def test_program_may_clean_up_on_term(tmp_path):
    """A program has time to end in good order."""
    command = "trap 'echo bye > done; exit' TERM; echo x; while :; do sleep 0.05; done"
    with pytest.raises(TimeoutError):
        await shell(command, tmp_path, timeout_s=0.3)
    assert (tmp_path / "done").read_text() == "bye\n"


async def test_background_child_does_not_keep_the_step_and_is_ended(tmp_path):
    """A program has ended when its first process has; what it left in its group goes."""
    began = time.monotonic()
    outcome = await shell("sleep 54.125 & echo started", tmp_path)
    assert outcome.stdout.text == "started\n"
    assert time.monotonic() - began < 5
    assert not await_none("54.125", 2)


async def test_output_is_passed_on_while_the_program_runs(tmp_path):
    """A line arrives when it is written, not when the program ends."""
    arrived: list[float] = []
    streams = Streams(on_stdout=lambda _line: arrived.append(time.monotonic()))
    await shell("echo one; sleep 0.5; echo two", tmp_path, streams=streams)
    assert arrived[1] - arrived[0] > 0.4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_killed_parent_leaves_no_child(number, tmp_path):
    """When this process itself is killed, the reaper ends what it started."""
    marker = f"55.{os.getpid()}{int(number)}"
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(f"""
        import asyncio, pathlib
        from prefect_luthier.subprocesses import run_program, scrubbed_environment

        async def main():
            await run_program(
                ["/bin/sh", "-c", "setsid sleep {marker} & sleep {marker}"],
                cwd=pathlib.Path("/"), env=scrubbed_environment())

        asyncio.run(main())
        """)
    )
    parent = subprocess.Popen([sys.executable, str(script)])
    await_count(marker, 3)
    parent.send_signal(number)
    parent.wait(timeout=10)
    assert not await_none(marker, 8)
