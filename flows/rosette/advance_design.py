"""The flow of a person's decision about a design."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from prefect import flow
from pydantic import Field

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.failure import failed
from prefect_luthier.flows.rosette.bind_candidate import Actor, Note
from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.flows.rosette.shown import flow_run_id, show_table
from prefect_luthier.rmos.approval.rules import Decision
from prefect_luthier.rmos.store.designs import decision_json, history

DesignId = Annotated[
    str, Field(title="Design", description="Id of a design on record; its start is enough.")
]
Chosen = Annotated[
    Decision,
    Field(
        title="Decision",
        description="An override needs a reason of ten characters, and for a RED design another "
        "person than the one who submitted it.",
    ),
]
Version = Annotated[
    int | None,
    Field(title="Version seen", description="Refuse when the design has moved on since.", ge=0),
]


@flow(name="advance-design", persist_result=False)
async def advance_design(
    design: DesignId,
    decision: Chosen,
    note: Note = "",
    actor: Actor = "",
    version: Version = None,
) -> Any:
    """Approve, reject, send back, override, revoke or archive a design on record.

    Each decision is one transition with its author, note and an unchangeable record. What the
    rules forbid changes nothing, and the run says why.
    """
    try:
        records = await asyncio.to_thread(open_records)
        author = records.author(actor, flow_run_id())
        row, step = await asyncio.to_thread(
            records.decide, design, decision, author, note=note, version=version
        )
    except LuthierError as error:
        return failed(error)
    with records.session() as session:
        steps = [
            {
                "number": each.number,
                "event": each.event,
                "from": each.source,
                "to": each.target,
                "by": each.actor,
                "note": each.note,
                "digest": artifact.digest,
            }
            for each, artifact in history(session, row.id)
        ]
    key = f"rosette-history-{str(row.id)[:8]}"
    await show_table(key, steps, f"History of design {str(row.id)[:8]}")
    return decision_json(row, step)
