"""What the studio asks of the floors below; each call answers or raises a LuthierError."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from prefect_luthier.canonical import canonical_json
from prefect_luthier.flows.builtin_deployments import NAME
from prefect_luthier.flows.rosette.advance_design import advance_design
from prefect_luthier.flows.rosette.bind_candidate import bind_candidate
from prefect_luthier.flows.rosette.make_toolpaths import make_toolpaths
from prefect_luthier.flows.rosette.records import Records, open_records
from prefect_luthier.rmos.approval.rules import Decision
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.store.attachments import Declaration
from prefect_luthier.rmos.store.tables import AttachmentRow
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.builder.services import answer, from_database
from prefect_luthier.ui.studio import flow_calls, flow_runs, records_reading, search_reading
from prefect_luthier.ui.studio.records_reading import DesignView
from prefect_luthier.ui.studio.search_reading import SearchView

SEARCH_DEPLOYMENT = f"search-rosette/{NAME}"
FLOW_TIMEOUT_S = 180.0


@dataclass(frozen=True)
class HandIn:
    """A design that is put before the gate.

    Args:
        spec: The design.
        context: What it is to be judged under.
        attachments: Other files that belong to it, by id.
        search: Record of the search that found it; empty when none did.
        revises: The design on record whose revision it is; empty for a new one.
        name: A name for people.
        note: What its author says to it.
        actor: Who hands it in.
    """

    spec: RosetteSpec
    context: Context
    attachments: tuple[str, ...] = ()
    search: str = ""
    revises: str = ""
    name: str = ""
    note: str = ""
    actor: str = ""


def has_model() -> bool:
    """Return whether a language model is configured that can propose designs."""
    return load_settings().model_configured


def start_search(context: Mapping[str, Any], wish: Mapping[str, Any]) -> str:
    """Start a search on the stack; return its flow run."""
    parameters = {"context": dict(context), **wish}
    return answer(flow_runs.start(load_settings(), SEARCH_DEPLOYMENT, parameters))


def read_search(run_id: str) -> SearchView:
    """Return a search as it stands."""
    settings = load_settings()
    flow = answer(flow_runs.read(settings, run_id))
    with from_database():
        return search_reading.view_of(settings, flow)


def cancel_run(run_id: str) -> None:
    """Ask for a run to be cancelled."""
    answer(flow_runs.cancel(load_settings(), run_id))


def attach(name: str, content: IO[bytes]) -> AttachmentRow:
    """Attach a file; the same content is kept once."""
    with from_database():
        return open_records().attach(content, Declaration(name))


def attachment_content(sha256: str) -> bytes:
    """Return an attached file, verified."""
    return open_records().blobs.get(sha256)


def hand_in(candidate: HandIn) -> dict[str, Any]:
    """Put a design before the gate; return what it decided."""
    with from_database():
        records = open_records()
        spec = _attach_json(records, candidate.spec, "design.json", "spec")
        context = _attach_json(records, candidate.context, "context.json", "context")
        picture = records.attach(
            design_svg(candidate.spec, candidate.context, dimensions=True).encode(),
            Declaration("design.svg"),
        )
    bound: dict[str, Any] = answer(
        flow_calls.call(
            load_settings(),
            bind_candidate,
            spec=spec,
            context=context,
            attachments=[picture.sha256, *candidate.attachments],
            search=candidate.search,
            design=candidate.revises,
            name=candidate.name,
            note=candidate.note,
            actor=candidate.actor,
        ),
        FLOW_TIMEOUT_S,
    )
    return bound


def _attach_json(records: Records, value: RosetteSpec | Context, name: str, kind: str) -> str:
    content = canonical_json(document_of(value))
    return records.attach(content, Declaration(name, kind=kind)).sha256


def document_of(value: RosetteSpec | Context) -> dict[str, Any]:
    """Return a design or a context as the document that the commands read."""
    return value.model_dump(mode="json", exclude_none=True)


def decide(design: str, decision: Decision, *, note: str, actor: str, version: int) -> None:
    """Take a person's decision about a design on record."""
    answer(
        flow_calls.call(
            load_settings(),
            advance_design,
            design=design,
            decision=decision,
            note=note,
            actor=actor,
            version=version,
        ),
        FLOW_TIMEOUT_S,
    )


def release(design: str, dialect: Dialect, options: CutOptions, actor: str) -> None:
    """Make, replay and keep the files of an approved design."""
    answer(
        flow_calls.call(
            load_settings(),
            make_toolpaths,
            design=design,
            dialect=dialect,
            options=options,
            actor=actor,
        ),
        FLOW_TIMEOUT_S,
    )


def read_design(design: str) -> DesignView:
    """Return a design on record."""
    with from_database():
        return records_reading.read_design(open_records(), design)


def recent_designs() -> list[tuple[str, str]]:
    """Return the designs on record that moved last: id, and a line about each."""
    with from_database():
        found = records_reading.recent_designs(open_records())
    return [(str(design), line) for design, line in found]
