"""The text of a definition and where it came from; reading never blocks and never guesses."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from prefect_luthier.errors import UsageError

Format = Literal["toml", "json"]

MAX_SOURCE_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A definition as text.

    Args:
        text: The text; bytes that are no UTF-8 stand in it as U+FFFD.
        name: Name of the source in messages, usually a path.
        format: Which notation the text is in.
        bad_byte_at: Offset in ``text`` of the first byte that is no UTF-8, or None.
    """

    text: str
    name: str
    format: Format
    bad_byte_at: int | None = None

    @classmethod
    def read(cls, path: Path | str) -> Source:
        """Read a regular file.

        Raises:
            UsageError: It is missing, no regular file, too big, or may not be read.
        """
        data = _read_regular_file(Path(path))
        return cls.from_bytes(data, str(path), "json" if str(path).endswith(".json") else "toml")

    @classmethod
    def from_bytes(cls, data: bytes, name: str, format: Format | None = None) -> Source:  # noqa: A002 - the field's name
        """Return the source in ``data``; invalid UTF-8 is noted for the validator.

        Raises:
            UsageError: There are more than ``MAX_SOURCE_BYTES``.
        """
        if len(data) > MAX_SOURCE_BYTES:
            raise _too_big(name)
        try:
            text, bad_byte_at = data.decode(), None
        except UnicodeDecodeError as error:
            text = data.decode(errors="replace")
            bad_byte_at = len(data[: error.start].decode())
        return cls(text, name, format or _sniff(text), bad_byte_at)

    @classmethod
    def from_text(cls, text: str, name: str = "<draft>", format: Format | None = None) -> Source:  # noqa: A002 - the field's name
        """Return a source for text that stands in no file."""
        return cls(text, name, format or _sniff(text))

    @property
    def lines(self) -> list[str]:
        """The lines without their ends, as positions count them."""
        return [line.removesuffix("\r") for line in self.text.split("\n")]


def _sniff(text: str) -> Format:
    return "json" if text.lstrip("\ufeff \t\r\n").startswith("{") else "toml"


def _too_big(name: str) -> UsageError:
    return UsageError(
        "file-too-big",
        f"{name!r} is larger than {MAX_SOURCE_BYTES // 2**20} MiB.",
        "A definition is a few kilobytes of text; is this the right file?",
    )


def _read_regular_file(path: Path) -> bytes:
    try:
        # Non-blocking, so that a FIFO without a writer cannot hold us up before we look at it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError("unreadable-file", f"cannot read {str(path)!r}: {reason}.") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise UsageError(
            "not-a-file",
            f"{str(path)!r} is {_kind(status.st_mode)}, not a file.",
            "Give the path of a workflow.toml, or `-` to read from standard input.",
        )
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MAX_SOURCE_BYTES + 1)  # what is longer is refused by `from_bytes`


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "a socket"
