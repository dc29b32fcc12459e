"""The end of a part's log, for messages."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_CHARACTERS = 1200


def log_tail(log: Path) -> str:
    """Return the last lines of a log, whole, without reading all of it."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _CHARACTERS))
        text = file.read().decode(errors="replace")
        if size > _CHARACTERS:
            text = text.partition("\n")[2]
        return text.strip() or "(it is empty)"
    return "(there is none)"
