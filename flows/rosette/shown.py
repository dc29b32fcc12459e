"""What the Prefect UI shows of rosette work: pictures, verdicts, files."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    acreate_image_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.context import FlowRunContext

_LARGEST_PICTURE_BYTES = 2_000_000
_RISK_MARKS = {"GREEN": "🟢", "YELLOW": "🟡", "RED": "🔴"}


def flow_run_id() -> UUID | None:
    """Return the id of the flow run that is executed here, if one is."""
    context = FlowRunContext.get()
    return context.flow_run.id if context and context.flow_run else None


async def show_picture(key: str, svg: str, description: str) -> None:
    """Show a drawing; one that is too large for a page is left to the downloads."""
    data = svg.encode()
    if flow_run_id() is None or len(data) > _LARGEST_PICTURE_BYTES:
        return
    url = f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
    await acreate_image_artifact(image_url=url, key=key, description=description)


async def show_verdict(key: str, document: Mapping[str, Any]) -> None:
    """Show a binding: what was decided, the score, every violation with its fix."""
    if flow_run_id() is None:
        return
    mark = _RISK_MARKS.get(document["risk"], "🔴")
    head = [
        f"## {mark} {document['decision']} · {document['score']:.1f} of 100",
        f"Design `{document['design']}` is **{document['state']}**.",
        f"Record `{document['artifact']['id']}`, engine `{document['engine']}`.",
        f"Digest `{document['artifact']['digest']}`.",
    ]
    rows = [
        f"| {each['severity']} | {each['code']} | {_ring(each)} | {_cell(each['message'])} "
        f"| {_cell(each['fix'])} |"
        for each in document["violations"]
    ]
    table = ["| | code | ring | what | fix |", "|---|---|---|---|---|", *rows] if rows else []
    text = "\n\n".join(head) + "\n\n" + "\n".join(table)
    await acreate_markdown_artifact(key=key, markdown=text, description="Feasibility")


def _ring(violation: Mapping[str, Any]) -> str:
    return "" if violation.get("ring") is None else str(violation["ring"] + 1)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


async def show_table(key: str, rows: Iterable[Mapping[str, Any]], description: str) -> None:
    """Show rows."""
    if flow_run_id() is not None:
        table = [dict(row) for row in rows]
        await acreate_table_artifact(table=table, key=key, description=description)
