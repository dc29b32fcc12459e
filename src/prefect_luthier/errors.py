"""The one error type that reaches a user, and the exit codes it maps to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from prefect_luthier.diagnostics import Diagnostic


class LuthierError(Exception):
    """Something a user can understand and act on.

    Args:
        code: Stable, hyphenated identifier, e.g. ``"unknown-run"``.
        message: What happened, quoting the value at fault.
        advice: What to do next, in one sentence.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let errors travel between processes, whatever arguments a kind of them is made from."""
        return _as_it_was, (type(self), self.args, self.__dict__)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin that ``--json`` commands print."""
        return {"code": self.code, "message": self.message, "advice": self.advice}


def _as_it_was(
    kind: type[LuthierError], arguments: tuple[Any, ...], state: dict[str, Any]
) -> LuthierError:
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(state)
    return error


class UsageError(LuthierError):
    """The command or its input cannot be read: wrong arguments, unreadable file."""

    exit_code = 2


class ServiceUnreachable(LuthierError):
    """A server, database or model that the work needs does not answer."""

    exit_code = 3


class InvalidInput(LuthierError):
    """Something that was handed in was refused; every finding is attached."""

    def __init__(
        self, code: str, message: str, diagnostics: Sequence[Diagnostic], advice: str = ""
    ) -> None:
        super().__init__(code, message, advice)
        self.diagnostics = tuple(diagnostics)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin, with every diagnostic."""
        return super().to_json() | {"diagnostics": [d.to_json() for d in self.diagnostics]}


class InvalidDefinition(InvalidInput):
    """A definition or its parameters were refused."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic], advice: str = "") -> None:
        super().__init__("invalid-definition", message, diagnostics, advice)
