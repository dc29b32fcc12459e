"""Values that a command reads as code once more, where its own quotes no longer protect them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from prefect_luthier.deployments.definition.command_heads import SEPARATORS
from prefect_luthier.deployments.definition.shell_words import plain_text
from prefect_luthier.deployments.definition.templates import Placeholder

_CODE_OPTION = {
    **dict.fromkeys(("sh", "bash", "dash", "ash", "ksh", "zsh", "su"), re.compile(r"-[a-z]*c")),
    **dict.fromkeys(("python", "python3"), re.compile(r"-[a-zA-Z]*c")),
    **dict.fromkeys(("perl", "ruby", "node"), re.compile(r"-[a-z]*[eE]")),
    "php": re.compile(r"-r"),
}
_ANY_READER = re.compile(rf"\b(?:eval|ssh|{'|'.join(_CODE_OPTION)})\s")
_LOOK_BACK = 4_000  # characters; a longer command with many values would take long to read
_SSH_OPTION_WITH_VALUE = re.compile(r"-[BbcDEeFIiJLlmOoPpQRSWw]")


def code_readers(command: str, found: Sequence[Placeholder]) -> list[str | None]:
    """Return for each placeholder what reads its value as code, e.g. ``sh -c``; None for nothing.

    A value is one word of the command. ``eval``, a shell's ``-c`` and ``ssh`` take words apart
    again; an interpreter's ``-c`` runs them.
    """
    if not found or not _ANY_READER.search(command):
        return [None] * len(found)
    plain = plain_text(command)
    starts = [0, *(match.end() for match in SEPARATORS.finditer(plain))]
    return [_reader(plain[_begin(starts, p.start) : p.start]) for p in found]


def _begin(starts: Sequence[int], offset: int) -> int:
    return max(starts[bisect_right(starts, offset) - 1], offset - _LOOK_BACK)


def _reader(before: str) -> str | None:
    words = before.split()
    if words and not before[-1].isspace():
        words.pop()  # the value stands in this word
    for place, word in enumerate(words):
        program = word.rpartition("/")[2]
        if program == "eval":
            return program
        if program == "ssh":
            return program if _names_host(words[place + 1 :]) else None
        if program in _CODE_OPTION:
            # Of the words behind the option, the first is the code and the others its arguments.
            option = words[-1] if len(words) > place + 1 else ""
            reads = _CODE_OPTION[program].fullmatch(option)
            return f"{program} {option}" if reads else None
    return None


def _names_host(words: Sequence[str]) -> bool:
    """Return whether one of ssh's words is the host: what comes behind it is a command."""
    pairs = zip(["", *words], words, strict=False)
    return any(
        not word.startswith("-") and not _SSH_OPTION_WITH_VALUE.fullmatch(option)
        for option, word in pairs
    )
