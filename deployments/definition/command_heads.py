"""Which programs a shell command starts, as far as that can be read from its text."""

from __future__ import annotations

import re

from prefect_luthier.deployments.definition.shell_words import plain_text
from prefect_luthier.deployments.definition.templates import TemplateError

# Where a name may mean something that this reading does not follow.
_UNFOLLOWED = re.compile(
    r"\bcase\b|\balias\b|\bfunction\b|\w+\s*\(\)|\bPATH=|\bcommand\s+-v|\btype\b|\bwhich\b|\bhash\b"
)
SEPARATORS = re.compile(r"\|\||&&|[;|&\n()]")
_WORD = re.compile(r"[A-Za-z_][\w.+-]*")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*\s*")
_OPENING = re.compile(r"(?:if|then|else|elif|do|while|until|!|time|exec|nohup|\{)\s+")

SHELL_WORDS = frozenset(
    [
        "alias",
        "bg",
        "break",
        "cd",
        "command",
        "continue",
        "echo",
        "eval",
        "exec",
        "exit",
        "export",
        "false",
        "fg",
        "getopts",
        "hash",
        "if",
        "in",
        "jobs",
        "kill",
        "let",
        "local",
        "printf",
        "pwd",
        "read",
        "readonly",
        "return",
        "set",
        "shift",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
        "then",
        "else",
        "elif",
        "fi",
        "for",
        "do",
        "done",
        "while",
        "until",
        "case",
        "esac",
        "function",
        "select",
        "time",
        "source",
        "declare",
        "typeset",
        "shopt",
        "pushd",
        "popd",
        "dirs",
        "builtin",
        "caller",
        "compgen",
        "complete",
        "disown",
        "enable",
        "logout",
        "mapfile",
        "readarray",
        "history",
        "fc",
        "suspend",
    ]
)


def command_heads(command: str) -> list[tuple[str, int]]:
    """Return the programs that a shell command starts, with their offsets.

    Quoted text, comments, here-documents and substitutions are left out; where the text defines
    functions or looks for programs by itself, nothing is returned.
    """
    try:
        plain = plain_text(command)
    except TemplateError:
        return []
    if _UNFOLLOWED.search(plain):
        return []
    heads: list[tuple[str, int]] = []
    start = 0
    for match in [*SEPARATORS.finditer(plain), None]:
        end = match.start() if match else len(plain)
        if not _is_redirection(plain, start, end, match.group() if match else ""):
            heads += _head(plain, start, end)
            start = match.end() if match else end
    return list(dict.fromkeys(heads))


def _is_redirection(plain: str, start: int, end: int, separator: str) -> bool:
    # `2>&1` and `>|` hold a separator that separates nothing.
    return separator in ("&", "|") and plain[start:end].endswith((">", "<"))


def _head(plain: str, start: int, end: int) -> list[tuple[str, int]]:
    position = start
    while position < end:
        if plain[position].isspace():
            position += 1
            continue
        skipped = _ASSIGNMENT.match(plain, position, end) or _OPENING.match(plain, position, end)
        if skipped is None:
            break
        position = skipped.end()
    word = _WORD.match(plain, position, end)
    if word is None or word.group() in SHELL_WORDS:
        return []
    if word.end() < end and not plain[word.end()].isspace():
        return []  # a path, a variable, or something quoted
    return [(word.group(), word.start())]
