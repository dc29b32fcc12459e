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
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from prefect_luthier import orphan_reaper
from prefect_luthier.captured_output import KEPT_BYTES, CapturedOutput, LineSink, OutputCapture
from prefect_luthier.errors import LuthierError
from prefect_luthier.masking import Masker
from prefect_luthier.orphan_reaper import GRACE_S, GUARD_VARIABLE

# Secrets and settings of this process do not reach programs: only these names do.
PASSED_VARIABLES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC"),
        *("LC_TIME", "LC_ADDRESS", "LC_IDENTIFICATION", "LC_MEASUREMENT", "LC_NAME"),
        *("LC_PAPER", "LC_TELEPHONE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)

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
    passed = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
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
        LuthierError: It cannot be started, or its output cannot be stored.
        TimeoutError: It took longer than ``timeout_s``.
        asyncio.CancelledError: The caller was cancelled.
    """
    stdout, stderr = (streams or Streams()).captures()
    guard = f"{_start_reaper(os.getpid())}.{next(_counter)}."
    starting = asyncio.ensure_future(
        _start(
            lambda: _Program(stdout, stderr),
            argv,
            cwd=cwd,
            env={**env, GUARD_VARIABLE: guard},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        )
    )
    try:
        transport, program = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _surely(_end_started(starting, guard))
        raise
    group = transport.get_pid()
    ended = False
    try:
        async with asyncio.timeout(timeout_s):
            _write(transport, stdin)
            await program.exited
            await _drain(program, group)
        ended = True
    finally:
        if ended:
            _signal_group(group, signal.SIGKILL)
        else:
            await _surely(_end(program, group, guard))
        transport.close()
    if program.error is not None:
        reason = program.error.strerror or program.error
        raise LuthierError("cannot-store-output", f"the output of {argv[0]!r}: {reason}.")
    code = transport.get_returncode()
    return Outcome(code if code is not None else -1, stdout.finish(), stderr.finish())


class _Program(asyncio.SubprocessProtocol):
    """Takes what a program writes, and notes when it ends.

    `asyncio.subprocess` is not used: its ``wait`` returns only when every child that inherited
    the pipes has ended, too.
    """

    def __init__(self, stdout: OutputCapture, stderr: OutputCapture) -> None:
        loop = asyncio.get_running_loop()
        self._captures = {1: stdout, 2: stderr}
        self._open = {1, 2}
        self.exited: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.error: OSError | None = None

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Pass a piece on; the loop reads the next one only after that."""
        if self.error is None:
            try:
                self._captures[fd].feed(data)
            except OSError as error:  # the disk is full, say
                self.error = error

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002
        """Note the end of a stream."""
        self._open.discard(fd)
        if not self._open and not self.closed.done():
            self.closed.set_result(None)

    def process_exited(self) -> None:
        """Note the end of the program."""
        if not self.exited.done():
            self.exited.set_result(None)


async def _start(
    program: Callable[[], _Program],
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: int,
) -> tuple[asyncio.SubprocessTransport, _Program]:
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            program, *argv, cwd=cwd, env=env, stdin=stdin, start_new_session=True
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise LuthierError(
            "cannot-start",
            f"cannot start {argv[0][:200]!r} in {str(cwd)!r}: {reason}.",
            "Check that the program is installed and on the PATH.",
        ) from error


def _write(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        pipe.write(data)
        pipe.write_eof()


async def _drain(program: _Program, group: int) -> None:
    """Take the rest of the output; end children that would keep the pipes open."""
    await asyncio.wait([program.closed], timeout=_DRAIN_S)
    if not program.closed.done():
        _signal_group(group, signal.SIGTERM)
        await asyncio.wait([program.closed], timeout=_DRAIN_S)


async def _surely(cleaning: Coroutine[Any, Any, None]) -> None:
    """Finish ``cleaning``, even if the caller is cancelled again meanwhile."""
    ending = asyncio.ensure_future(cleaning)
    cancelled = False
    while not ending.done():
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError


async def _end_started(
    starting: asyncio.Future[tuple[asyncio.SubprocessTransport, _Program]], guard: str
) -> None:
    """End a program whose start was under way when the caller was cancelled."""
    with contextlib.suppress(LuthierError):  # it could not be started anyway
        transport, program = await starting
        await _end(program, transport.get_pid(), guard)
        transport.close()


async def _end(program: _Program, group: int, guard: str) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GRACE_S
    _signal_group(group, signal.SIGTERM)
    orphan_reaper.signal_all(orphan_reaper.guarded_processes(guard), signal.SIGTERM)
    pause_s = 0.01
    while orphan_reaper.guarded_processes(guard) and loop.time() < deadline:
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.2)
    _signal_group(group, signal.SIGKILL)
    await asyncio.to_thread(orphan_reaper.end_guarded, guard, 0.0)
    await asyncio.wait([program.exited], timeout=GRACE_S)


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
