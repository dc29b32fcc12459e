"""Where a placeholder stands in a shell command, and how a value becomes safe there.

A value must stay part of one shell word wherever its author wrote the placeholder, and nothing in
it may be expanded. Between words it is quoted; inside quotes the quotes are closed around it.
Where no quoting protects it (here-documents, backticks, arithmetic, ``${x:-…}`` in double quotes)
the placeholder is refused.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from prefect_luthier.deployments.definition.templates import Placeholder, placeholders
from prefect_luthier.errors import LuthierError

_HEREDOC = re.compile(r"<<-?\s*(?P<quote>['\"\\]?)(?P<word>[\w.-]+)")
_CASE = re.compile(r"case\b")


class UnsafePlacement(LuthierError):
    """A placeholder stands where quoting cannot protect the command from its value."""

    def __init__(self, expression: str, place: str) -> None:
        super().__init__(
            "unsafe-placement",
            f"`${{{{ {expression} }}}}` stands inside {place}, where no quoting protects the "
            "command from its value.",
            "Give it to the command in `env` and write the variable there.",
        )
        self.place = place


class _Scanner:
    """Follows the shell's quoting through a command, up to any offset."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.frames: list[str] = ["plain"]
        self.pending: list[str] = []
        self.at = 0
        self.word_start = True

    def advance(self, end: int) -> str:
        """Read up to ``end`` and return the innermost context there."""
        while self.at < end:
            self._step(end)
        return self.frames[-1]

    @property
    def is_plain(self) -> bool:
        """Whether the text here is read as commands, not as text, comment or expansion."""
        return all(frame in ("plain", "parentheses") for frame in self.frames)

    def skip(self, end: int) -> None:
        """Go on behind a placeholder."""
        self.at = end
        self.word_start = False

    def _step(self, end: int) -> None:
        frame, char = self.frames[-1], self.command[self.at]
        if frame == "single":
            self._pop_at("'", char)
        elif frame == "heredoc":
            self._heredoc_line(end)
        elif char == "\\":
            self.at += 2
            self.word_start = False
        elif frame == "double":
            self._double(char)
        elif frame == "comment":
            if char == "\n":
                self.frames.pop()
            else:
                self.at += 1
        else:
            self._plain(frame, char)

    def _pop_at(self, closing: str, char: str) -> None:
        if char == closing:
            self.frames.pop()
        self.at += 1

    def _push(self, frame: str, width: int) -> None:
        self.frames.append(frame)
        self.at += width
        self.word_start = True

    def _double(self, char: str) -> None:
        if not self._expansion():
            if char == "`":
                self._push("backticks", 1)
            else:
                self._pop_at('"', char)

    def _expansion(self) -> bool:
        text, at = self.command, self.at
        if text.startswith("$((", at):
            self._push("arithmetic", 3)
        elif text.startswith("$(", at):
            self._push("substitution", 2)
        elif text.startswith("${", at):
            quoted = self.frames[-1] in ("double", "quoted-expansion")
            self._push("quoted-expansion" if quoted else "expansion", 2)
        else:
            return False
        return True

    def _plain(self, frame: str, char: str) -> None:
        text, at = self.command, self.at
        if self._expansion():
            return
        if char == "$" and text.startswith("$'", at):
            self._push("ansi-c", 2)
        elif frame == "ansi-c":
            self._pop_at("'", char)
        elif char == "'" and frame != "quoted-expansion":
            self._push("single", 1)
        elif char == '"':
            self._push("double", 1)
        elif char == "`":
            self._backtick(frame)
        elif char == "(":
            self._push("parentheses" if frame != "arithmetic" else "arithmetic-parentheses", 1)
        elif char in ")}":
            self._close(frame, char)
        else:
            self._word(frame, char)

    def _backtick(self, frame: str) -> None:
        if frame == "backticks":
            self._pop_at("`", "`")
        else:
            self._push("backticks", 1)

    def _close(self, frame: str, char: str) -> None:
        if frame == "arithmetic" and self.command.startswith("))", self.at):
            self.frames.pop()
            self.at += 1
        elif (
            char == ")" and frame in ("substitution", "parentheses", "arithmetic-parentheses")
        ) or (char == "}" and frame in ("expansion", "quoted-expansion")):
            self.frames.pop()
        self.at += 1
        self.word_start = False

    def _word(self, frame: str, char: str) -> None:
        text, at = self.command, self.at
        shifts = frame.startswith("arithmetic")
        heredoc = None if shifts or char != "<" else _HEREDOC.match(text, at)
        if char == "<" and text.startswith("<<<", at):
            self.at += 3
        elif heredoc:
            self.pending.append(heredoc["word"])
            self.at = heredoc.end() + (1 if heredoc["quote"] in ("'", '"') else 0)
        elif char == "\n" and self.pending:
            self._push("heredoc", 1)
        elif char == "#" and self.word_start and frame in ("plain", "substitution", "parentheses"):
            self._push("comment", 1)
        elif self.word_start and "substitution" in self.frames and _CASE.match(text, at):
            # `case x in a)` closes no substitution: from here on the nesting is not known.
            self._push("case", 4)
        else:
            self.at += 1
        self.word_start = char.isspace() or char in ";&|("

    def _heredoc_line(self, end: int) -> None:
        stop = self.command.find("\n", self.at)
        line_end = len(self.command) if stop < 0 else stop
        if self.command[self.at : line_end].strip("\t") == self.pending[0] and line_end <= end:
            self.pending.pop(0)
            if not self.pending:
                self.frames.pop()
                self.at = line_end
                return
        self.at = min(line_end + 1, max(end, self.at + 1)) if line_end >= end else line_end + 1


_PLACES = {
    "heredoc": "a here-document",
    "backticks": "backticks",
    "arithmetic": "arithmetic",
    "arithmetic-parentheses": "arithmetic",
    "quoted-expansion": "an expansion in double quotes",
    "ansi-c": "a $'…' string",
    "case": "a `case` in a command substitution",
    "comment": "a comment",
    "escape": "an escape",
    "dollar": "a `$` word",
}


def contexts(command: str, found: Sequence[Placeholder]) -> list[str]:
    """Return for each placeholder the quoting context in which it stands."""
    scanner = _Scanner(command)
    result = []
    for placeholder in found:
        scanner.advance(placeholder.start)
        # One unsafe level around makes every level within it unsafe.
        unsafe = [frame for frame in scanner.frames if frame in _PLACES]
        if scanner.at > placeholder.start:
            unsafe.append("escape")
        elif scanner.frames[-1] not in ("double", "single") and _after_dollar(command, placeholder):
            unsafe.append("dollar")
        result.append(unsafe[0] if unsafe else scanner.frames[-1])
        scanner.skip(placeholder.end)
    return result


def plain_text(command: str) -> str:
    """Return a command with everything but its own unquoted words blanked out.

    Raises:
        TemplateError: A placeholder is not closed.
    """
    found = placeholders(command)
    scanner = _Scanner(command)
    kept = list(command)
    for start, end in [*((p.start, p.end) for p in found), (len(command), len(command))]:
        while scanner.at < start:
            before, was_plain = scanner.at, scanner.is_plain
            scanner.advance(before + 1)
            if not (was_plain and scanner.is_plain):
                kept[before : scanner.at] = _blank(command[before : scanner.at])
        kept[start:end] = ['"'] * (end - start)
        scanner.skip(end)
    return "".join(kept)


def _blank(text: str) -> list[str]:
    # A mark that is no part of a word, so that `"git" log` is not read as a command `log`.
    return ["\n" if char == "\n" else '"' for char in text]


def _after_dollar(command: str, placeholder: Placeholder) -> bool:
    # `$'…'` would read backslashes of the value as escapes.
    return command[: placeholder.start].endswith("$")


def unsafe_place(context: str) -> str | None:
    """Return the name of a context in which no value may stand, or None for a safe one."""
    return _PLACES.get(context)


def quoted(text: str, context: str) -> str:
    """Return ``text`` as part of one word, written for the context it stands in."""
    word = shlex.quote(text)
    if context == "double":
        return f'"{word}"'
    if context == "single":
        return f"'{word}'"
    return word
