"""The flow of the binding gate: attachments in, a recorded verdict out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from prefect import flow, task
from pydantic import Field

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.failure import failed
from prefect_luthier.flows.rosette.records import BindRequest, Records, open_records
from prefect_luthier.flows.rosette.shown import flow_run_id, show_picture, show_verdict
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.store.binding import Binding
from prefect_luthier.rmos.store.designs import Author

SpecId = Annotated[
    str, Field(title="Design", description="Id of the attached design; its start is enough.")
]
ContextId = Annotated[
    str, Field(title="Context", description="Id of the attached context; its start is enough.")
]
Files = Annotated[
    list[str], Field(title="Other attachments", description="Ids of drawings and pictures.")
]
SearchId = Annotated[
    str, Field(title="Search", description="Take design and context from this search instead.")
]
RevisedId = Annotated[
    str, Field(title="Revision of", description="Id of the design whose revision this is.")
]
Name = Annotated[str, Field(title="Name", description="A name for people.", max_length=200)]
Note = Annotated[str, Field(title="Note", description="What you say to it.", max_length=4000)]
Actor = Annotated[
    str, Field(title="Your name", description="Who acts; default: the user of the worker.")
]


@task(name="bind", persist_result=False)
async def bind_task(request: BindRequest, author: Author) -> Binding:
    """Judge the candidate and record the verdict."""
    records = await asyncio.to_thread(open_records)
    return await asyncio.to_thread(Records.bind, records, request, author)


@flow(name="bind-candidate", persist_result=False)
async def bind_candidate(
    spec: SpecId = "",
    context: ContextId = "",
    *,
    attachments: Files = [],  # noqa: B006 - never changed; the form shows the default
    search: SearchId = "",
    design: RevisedId = "",
    name: Name = "",
    note: Note = "",
    actor: Actor = "",
) -> Any:
    """Judge a design for making, and record the verdict: ALLOW as well as BLOCK.

    The design becomes (or stays) a design on record that people approve, reject or send back.
    A candidate that cannot be read leaves nothing, and the run says why.
    """
    request = BindRequest(
        spec=spec,
        context=context,
        others=tuple(attachments),
        search=search,
        design=design,
        name=name,
        note=note,
    )
    try:
        records = await asyncio.to_thread(open_records)
        author = records.author(actor, flow_run_id())
        bound = await bind_task(request, author)
    except LuthierError as error:
        return failed(error)
    await show_binding(bound)
    return bound.to_json()


async def show_binding(bound: Binding) -> None:
    """Show a verdict and its design in the Prefect UI."""
    document = bound.to_json()
    short = document["design"][:8]
    await show_verdict(f"rosette-verdict-{short}", document)
    spec = RosetteSpec.model_validate(bound.artifact.document["spec"])
    context = Context.model_validate(bound.artifact.document["context"])
    svg = design_svg(spec, context, dimensions=True)
    await show_picture(f"rosette-design-{short}", svg, f"Design {short}")
