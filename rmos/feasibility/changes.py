"""Apply the change that a violation proposes."""

from __future__ import annotations

from typing import Any

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.verdict import Change


def apply_change(
    spec: RosetteSpec, context: Context, change: Change
) -> tuple[RosetteSpec, Context]:
    """Return design and context with one value set.

    Raises:
        ValueError: The pointer leads nowhere, or the value is none that can stand there.
    """
    if change.document == "spec":
        return RosetteSpec.model_validate(_changed(spec.model_dump(), change)), context
    return spec, Context.model_validate(_changed(context.model_dump(), change))


def _changed(document: dict[str, Any], change: Change) -> dict[str, Any]:
    *path, last = change.pointer.removeprefix("/").split("/")
    at: Any = document
    try:
        for part in path:
            at = at[int(part)] if isinstance(at, list | tuple) else at[part]
        if last not in at:
            raise KeyError(last)
        at[last] = change.value
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{change.pointer!r} leads nowhere") from error
    return document
