"""How a flow that is refused ends: Failed, with a message that a person can read."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from prefect_luthier.errors import InvalidInput, LuthierError

_SHOWN_FINDINGS = 5


def failed(error: LuthierError) -> State[Any]:
    """Return the state of a flow run that ends with an error of ours."""
    return Failed(message=readable(error), data=error)


def readable(error: LuthierError) -> str:
    """Return an error as the message of a run: Prefect shows nothing but that."""
    if not isinstance(error, InvalidInput):
        return str(error)
    findings = [f"[{d.code}] {d.message}" for d in error.diagnostics if d.is_error]
    more = len(findings) - _SHOWN_FINDINGS
    shown = [*findings[:_SHOWN_FINDINGS], *([f"… and {more} more."] if more > 0 else [])]
    return " ".join([error.message, *shown, error.advice]).strip()
