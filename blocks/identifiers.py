"""Finding rows by an id, or by as much of it as a person typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, SQLModel, col, select

from prefect_luthier.errors import UsageError

Row = TypeVar("Row", bound=SQLModel)

_HEX = re.compile(r"[0-9a-f-]{4,64}")
_SHOWN = 5


def find_by_prefix(
    session: Session,
    model: type[Row],
    wanted: str,
    *,
    thing: str,
    advice: str,
    column: str = "id",
    where: Sequence[ColumnElement[bool]] = (),
) -> Row:
    """Return the one row whose id starts with ``wanted``.

    Args:
        session: An open session.
        model: The table.
        wanted: An id, or its first four or more characters.
        thing: What the rows are, for messages: ``"design"``.
        advice: Where ids are found: ``"`luthier ai jobs` lists them."``.
        column: The column that holds the id.
        where: Conditions on the rows that may be found.

    Raises:
        UsageError: No row has such an id (``unknown-<thing>``), or several do (``ambiguous-id``).
    """
    prefix = wanted.strip().lower().removeprefix("sha256:")
    key: Any = getattr(model, column)
    found: Sequence[Row] = ()
    if _HEX.fullmatch(prefix):
        query = select(model).where(cast(key, String).startswith(prefix, autoescape=True), *where)
        found = session.exec(query.order_by(col(key)).limit(_SHOWN + 1)).all()
    if not found:
        raise UsageError(
            f"unknown-{thing}",
            f"there is no {thing} {wanted!r}.",
            f"{advice} The first four characters of an id are enough.",
        )
    if len(found) > 1:
        shown = ", ".join(str(getattr(row, column))[:12] for row in found[:_SHOWN])
        more = " …" if len(found) > _SHOWN else ""
        raise UsageError(
            "ambiguous-id",
            f"{wanted!r} is the start of more than one {thing}: {shown}{more}.",
            "Give more of the id.",
        )
    return found[0]
