"""The one module that starts programs, and the guard that leaves none of them behind.

Every program gets its own session, so that it and all it starts can be ended together; a token
in its environment finds what left the session; and if this process itself is killed, the reaper
(a process started with the first program) ends what it leaves.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import itertools
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from prefect_luthier import orphan_reaper
from prefect_luthier.captured_output import KEPT_BYTES, CapturedOutput, LineSink, OutputCapture
from prefect_luthier.errors import LuthierError
from prefect_luthier.masking import Masker
from prefect_luthier.orphan_reaper import GRACE_S, GUARD_VARIABLE

# Secrets and settings of this process do not reach programs: only these names do.
PASSED_VARIABLES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)

_CHUNK_BYTES = 64 * 1024
# After a program has ended, its output is read for this long if a child still holds the pipe.
_DRAIN_S = 0.5
_counter = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """How a program ended; a negative exit code is the signal that ended it."""

    exit_code: int
    stdout: CapturedOutput
    stderr: CapturedOutput


@dataclass(frozen=True)
class Streams:
    """Where a program's output goes while it runs.

    Args:
        on_stdout: Gets each line of standard output.
        on_stderr: Gets each line of standard error.
        stdout_file: Gets all of standard output.
        stderr_file: Gets all of standard error.
        masker: Takes secrets out of both.
        keep_bytes: How much of each to keep in memory for the outcome.
    """

    on_stdout: LineSink | None = None
    on_stderr: LineSink | None = None
    stdout_file: IO[bytes] | None = None
    stderr_file: IO[bytes] | None = None
    masker: Masker | None = None
    keep_bytes: int = KEPT_BYTES

    def captures(self) -> tuple[OutputCapture, OutputCapture]:
        """Return fresh captures of standard output and standard error."""
        return (
            OutputCapture(self.on_stdout, self.stdout_file, self.masker, self.keep_bytes),
            OutputCapture(self.on_stderr, self.stderr_file, self.masker, self.keep_bytes),
        )


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a program: the harmless part of ours, then ``extra``."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in PASSED_VARIABLES or name.startswith("LC_")
    }
    return passed | dict(extra or {})


async def run_program(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    streams: Streams | None = None,
    timeout_s: float | None = None,
) -> Outcome:
    """Run a program to its end; it and all it started are gone when this returns or raises.

    Args:
        argv: Program and arguments; no shell is involved.
        cwd: Folder to start in.
        env: Its whole environment, see `scrubbed_environment`.
        stdin: What it can read.
        streams: Where its output goes meanwhile.
        timeout_s: Longest time, after which it is ended.

    Raises:
        LuthierError: It cannot be started.
        TimeoutError: It took longer than ``timeout_s``.
        asyncio.CancelledError: The caller was cancelled.
    """
    stdout, stderr = (streams or Streams()).captures()
    guard = f"{_start_reaper(os.getpid())}.{next(_counter)}."
    process = await _start(argv, cwd, {**env, GUARD_VARIABLE: guard}, has_stdin=bool(stdin))
    ended = False
    try:
        async with asyncio.timeout(timeout_s):
            await _communicate(process, stdin, stdout, stderr)
        ended = True
    finally:
        if ended:
            _signal_group(process.pid, signal.SIGKILL)
        else:
            await _end_surely(process, guard)
    code = process.returncode
    return Outcome(code if code is not None else -1, stdout.finish(), stderr.finish())


async def _start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], *, has_stdin: bool
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            cwd=cwd,
            env=env,
            stdin=asyncio.subprocess.PIPE if has_stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise LuthierError(
            "cannot-start",
            f"cannot start {argv[0][:200]!r} in {str(cwd)!r}: {reason}.",
            "Check that the program is installed and on the PATH.",
        ) from error


async def _communicate(
    process: asyncio.subprocess.Process, stdin: bytes, stdout: OutputCapture, stderr: OutputCapture
) -> None:
    """Feed and read the program until it ends; do not wait for children that outlive it."""
    readers = [
        asyncio.ensure_future(_read(process.stdout, stdout)),
        asyncio.ensure_future(_read(process.stderr, stderr)),
    ]
    try:
        await _write(process, stdin)
        await process.wait()
        await asyncio.wait(readers, timeout=_DRAIN_S)
        if not all(reader.done() for reader in readers):
            _signal_group(process.pid, signal.SIGTERM)
            await asyncio.wait(readers, timeout=_DRAIN_S)
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    for reader in readers:
        if not reader.cancelled() and (error := reader.exception()):
            raise error


async def _read(stream: asyncio.StreamReader | None, capture: OutputCapture) -> None:
    while stream is not None and (data := await stream.read(_CHUNK_BYTES)):
        capture.feed(data)


async def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _end_surely(process: asyncio.subprocess.Process, guard: str) -> None:
    """End the group and what left it, even if the caller is cancelled again meanwhile."""
    ending = asyncio.ensure_future(_end(process, guard))
    cancelled = False
    while not ending.done():
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


async def _end(process: asyncio.subprocess.Process, guard: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GRACE_S
    _signal_group(process.pid, signal.SIGTERM)
    orphan_reaper.signal_all(orphan_reaper.guarded_processes(guard), signal.SIGTERM)
    pause_s = 0.01
    while orphan_reaper.guarded_processes(guard) and loop.time() < deadline:
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.2)
    _signal_group(process.pid, signal.SIGKILL)
    await asyncio.to_thread(orphan_reaper.end_guarded, guard, 0.0)
    await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@cache
def _start_reaper(pid: int) -> str:
    """Start the reaper of this process (once per process id); return the token it looks for."""
    token = secrets.token_hex(8)
    reaper = subprocess.Popen(
        [sys.executable, "-I", "-S", orphan_reaper.__file__, token, str(pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={},
    )
    atexit.register(_dismiss, reaper, pid)
    return token


def _dismiss(reaper: subprocess.Popen[bytes], owner: int) -> None:
    """Tell the reaper that this process ends in good order."""
    if os.getpid() != owner or reaper.stdin is None:
        return
    with contextlib.suppress(OSError):
        reaper.stdin.write(b"done")
        reaper.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        reaper.wait(timeout=2)
