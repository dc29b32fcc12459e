"""Start programs, and leave none of them behind.

Ejected workflows carry this module instead of Luthier's own guard: it does the same with process
groups alone, and needs nothing but Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PASSED_VARIABLES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    }
)
GRACE_S = 5.0
_DRAIN_S = 0.5
_CHUNK_BYTES = 64 * 1024
_TAIL_LINES = 20


@dataclass(frozen=True)
class Captured:
    """What a program wrote to one stream."""

    data: bytes
    size_bytes: int

    @property
    def truncated(self) -> bool:
        """Whether ``data`` lacks the rest."""
        return self.size_bytes > len(self.data)

    @property
    def text(self) -> str:
        """The stream as text, with a statement where it was cut."""
        text = self.data.decode(errors="replace")
        if not self.truncated:
            return text
        return f"{text}\n[cut: the first {len(self.data)} of {self.size_bytes} bytes]"

    @property
    def tail(self) -> list[str]:
        """Its last lines."""
        return self.text.splitlines()[-_TAIL_LINES:]


@dataclass(frozen=True)
class Outcome:
    """How a program ended; a negative exit code is the signal that ended it."""

    exit_code: int
    stdout: Captured
    stderr: Captured


@dataclass(frozen=True)
class Streams:
    """Where lines go while a program runs, and how much of them is kept."""

    on_stdout: Callable[[str], None] | None = None
    on_stderr: Callable[[str], None] | None = None
    keep_bytes: int = 1024 * 1024


def scrubbed_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the harmless part of this process's environment, then ``extra``."""
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
    """Run a program to its end; its whole process group is gone when this returns or raises."""
    streams = streams or Streams()
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    stdout, stderr = bytearray(), bytearray()
    readers = [
        asyncio.ensure_future(_read(process.stdout, stdout, streams.on_stdout)),
        asyncio.ensure_future(_read(process.stderr, stderr, streams.on_stderr)),
    ]
    try:
        async with asyncio.timeout(timeout_s):
            await _feed(process, stdin)
            await process.wait()
            await asyncio.wait(readers, timeout=_DRAIN_S)
    except BaseException:
        await _surely(_end_group(process))
        raise
    finally:
        _signal_group(process.pid, signal.SIGKILL)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    code = process.returncode if process.returncode is not None else -1
    return Outcome(code, _captured(stdout, streams), _captured(stderr, streams))


def _captured(data: bytearray, streams: Streams) -> Captured:
    return Captured(bytes(data[: streams.keep_bytes]), len(data))


async def _read(
    stream: asyncio.StreamReader | None, kept: bytearray, on_line: Callable[[str], None] | None
) -> None:
    line = bytearray()
    while stream is not None and (data := await stream.read(_CHUNK_BYTES)):
        kept += data
        line += data
        *whole, rest = line.split(b"\n")
        line = bytearray(rest)
        for each in whole if on_line else ():
            on_line(each.decode(errors="replace"))  # type: ignore[misc]  # it is not None here
    if line and on_line:
        on_line(line.decode(errors="replace"))


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _surely(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work`` to its end, even if the caller is cancelled again meanwhile."""
    ending = asyncio.ensure_future(work)
    while not ending.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(ending)


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End the program and what it started: first kindly, then surely."""
    _signal_group(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), GRACE_S)
    _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
