"""One commission from candidate to programs, with a person's word in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from prefect import flow
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from prefect.states import Completed
from pydantic import Field
from sqlmodel import col, select

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.failure import failed
from prefect_luthier.flows.rosette.bind_candidate import (
    Actor,
    ContextId,
    Files,
    Name,
    Note,
    SearchId,
    SpecId,
    bind_task,
    show_binding,
)
from prefect_luthier.flows.rosette.make_toolpaths import (
    ChosenDialect,
    Cutting,
    release_task,
    show_release,
)
from prefect_luthier.flows.rosette.records import BindRequest, Records, open_records
from prefect_luthier.flows.rosette.shown import flow_run_id
from prefect_luthier.rmos.approval.lifecycle import APPROVED, FEASIBILITY_READY
from prefect_luthier.rmos.approval.rules import DECISIONS
from prefect_luthier.rmos.store.binding import Binding
from prefect_luthier.rmos.store.designs import Author
from prefect_luthier.rmos.store.tables import TransitionRow
from prefect_luthier.rmos.toolpaths.options import CutOptions

_MOST_QUESTIONS = 20
_DAY_S = 86_400

Answer = Literal["approve", "reject", "request_revision", "override"]
WaitDays = Annotated[
    int, Field(title="Days to wait", description="How long the run waits for a decision.", ge=1)
]


class Approval(RunInput):
    """What a person answers when a commission waits."""

    decision: Answer = Field(title="Decision", description="What shall become of the design.")
    actor: str = Field(title="Your name", description="Who decides.", min_length=1)
    note: str = Field(
        default="", title="Note", description="Why; an override needs ten characters or more."
    )


@dataclass(frozen=True)
class _Case:
    """A design that waits for a decision, in one run."""

    records: Records
    bound: Binding
    run_id: UUID
    wait_s: int

    @property
    def design_id(self) -> str:
        return str(self.bound.design.id)


@flow(name="commission-rosette", persist_result=True)
async def commission_rosette(
    spec: SpecId = "",
    context: ContextId = "",
    *,
    attachments: Files = [],  # noqa: B006 - never changed; the form shows the default
    search: SearchId = "",
    name: Name = "",
    note: Note = "",
    actor: Actor = "",
    dialect: ChosenDialect = "grbl",
    options: Cutting = CutOptions(),  # noqa: B008 - frozen
    wait_days: WaitDays = 30,
) -> Any:
    """Judge a design, wait for a person's decision, and make the programs of an approved one.

    While it waits, the run is suspended and holds no process. Resume it in the Prefect UI or
    through Prefect's API with a decision, a name and a note. A design that the figures block ends
    the run at once; it stays on record.
    """
    run_id = flow_run_id()
    if run_id is None:
        return failed(LuthierError("no-flow-run", "a commission needs a Prefect flow run."))
    try:
        records = await asyncio.to_thread(open_records)
        author = records.author(actor, run_id)
        request = BindRequest(spec, context, tuple(attachments), search, name=name, note=note)
        # After a suspension this body runs again; the run finds its own design and verdict.
        bound = await bind_task(request, author)
        if bound.artifact.decision != "ALLOW":
            await show_binding(bound)
            return Completed(name="Blocked", message="The design cannot be made.", data=None)
        case = _Case(records, bound, run_id, wait_days * _DAY_S)
        state = await _decided(case)
        if state != APPROVED:
            return Completed(name="NotApproved", message=f"The design is {state}.", data=None)
        made = await release_task(case.design_id, author, dialect, options, "")
    except LuthierError as error:
        return failed(error)
    await show_release(records, made)
    return made.to_json()


async def _decided(case: _Case) -> str:
    """Ask until a decision is taken, here or elsewhere; return the state that it led to."""
    if decided := await asyncio.to_thread(_taken_by_this_run, case):
        return decided
    if case.bound.is_new:
        await show_binding(case.bound)
    refusal = ""
    for number in range(1, _MOST_QUESTIONS + 1):
        row = await asyncio.to_thread(case.records.find_design, case.design_id)
        if row.state != FEASIBILITY_READY:
            return row.state  # somebody decided on another way
        answer = await asuspend_flow_run(
            wait_for_input=Approval.with_initial_data(description=_question(case, refusal)),
            timeout=case.wait_s,
            key=f"approval-{number}",
        )
        author = Author(answer.actor, case.run_id)
        try:
            _, step = await asyncio.to_thread(
                case.records.decide, case.design_id, answer.decision, author, note=answer.note
            )
        except LuthierError as error:
            refusal = str(error)
        else:
            return step.target
    raise LuthierError("no-decision", f"no decision was taken in {_MOST_QUESTIONS} answers.")


def _question(case: _Case, refusal: str) -> str:
    document = case.bound.to_json()
    codes = ", ".join(sorted({each["code"] for each in document["violations"]})) or "none"
    text = (
        f"**{document['name'] or 'A design'}** scores {document['score']:.1f} of 100 "
        f"({document['risk']}; violations: {codes})."
    )
    return f"{text}\n\nThe last answer was refused: {refusal}" if refusal else text


def _taken_by_this_run(case: _Case) -> str | None:
    query = (
        select(TransitionRow)
        .where(
            TransitionRow.design_id == case.bound.design.id,
            TransitionRow.flow_run_id == case.run_id,
            col(TransitionRow.event).in_(DECISIONS),
        )
        .order_by(col(TransitionRow.number).desc())
    )
    with case.records.session() as session:
        newest = session.exec(query).first()
    return newest.target if newest else None
