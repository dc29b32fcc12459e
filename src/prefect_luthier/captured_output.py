"""What a program wrote: stored whole, shown line by line, kept in memory only in part."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from prefect_luthier.masking import Masker

KEPT_BYTES = 1024 * 1024
LINE_CHARACTERS = 4000
SHOWN_LINES = 5000
TAIL_LINES = 20

LineSink = Callable[[str], None]


@dataclass(frozen=True)
class CapturedOutput:
    """One stream of a finished program.

    Args:
        data: Its start, at most as much as was to be kept.
        size_bytes: How much the program wrote in all.
        tail: Its last lines, each cut to `LINE_CHARACTERS`.
    """

    data: bytes = b""
    size_bytes: int = 0
    tail: tuple[str, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether ``data`` lacks the rest."""
        return self.size_bytes > len(self.data)

    @property
    def text(self) -> str:
        """The start as text, with a statement where it was cut."""
        text = readable(self.data)
        if not self.truncated:
            return text
        return f"{text}\n[cut: the first {len(self.data)} of {self.size_bytes} bytes]"


class OutputCapture:
    """Takes the pieces of one stream; its memory does not grow with the stream.

    Args:
        on_line: Gets each line as soon as it is complete, at most `SHOWN_LINES` of them.
        file: Gets everything.
        masker: Takes secrets out before anything else sees the data.
        keep_bytes: How much of the start to keep in memory.
    """

    def __init__(
        self,
        on_line: LineSink | None = None,
        file: IO[bytes] | None = None,
        masker: Masker | None = None,
        keep_bytes: int = KEPT_BYTES,
    ) -> None:
        self._on_line = on_line
        self._file = file
        self._masked = (masker or Masker()).stream()
        self._keep_bytes = keep_bytes
        self._kept = bytearray()
        self._size_bytes = 0
        self._line = bytearray()
        self._line_size = 0
        self._lines = 0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self._take(self._masked.feed(data))

    def finish(self) -> CapturedOutput:
        """Take the end of the stream and return what is known of it."""
        self._take(self._masked.flush())
        if self._line_size:
            self._end_line()
        return CapturedOutput(bytes(self._kept), self._size_bytes, tuple(self._tail))

    def _take(self, data: bytes) -> None:
        if not data:
            return
        if self._file is not None:
            self._file.write(data)
        self._size_bytes += len(data)
        room = self._keep_bytes - len(self._kept)
        if room > 0:
            self._kept += data[:room]
        *complete, rest = data.split(b"\n")
        for piece in complete:
            self._extend_line(piece)
            self._end_line()
        self._extend_line(rest)

    def _extend_line(self, piece: bytes) -> None:
        room = LINE_CHARACTERS * 4 - len(self._line)
        if room > 0:
            self._line += piece[:room]
        self._line_size += len(piece)

    def _end_line(self) -> None:
        line = readable(bytes(self._line)).rstrip("\r")
        if len(line) > LINE_CHARACTERS or self._line_size > len(self._line):
            line = f"{line[:LINE_CHARACTERS]} [cut: a line of {self._line_size} bytes]"
        self._line.clear()
        self._line_size = 0
        self._tail.append(line)
        self._lines += 1
        if self._on_line is None or self._lines > SHOWN_LINES:
            return
        self._on_line(line)
        if self._lines == SHOWN_LINES:
            self._on_line(f"[more than {SHOWN_LINES} lines: the rest is only stored]")


def readable(data: bytes) -> str:
    """Return bytes as text that every store accepts: no invalid UTF-8, no NUL."""
    return data.decode(errors="replace").replace("\0", "\ufffd")
