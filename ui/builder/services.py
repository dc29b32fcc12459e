"""What the page asks of the floors below; each call answers or raises a LuthierError."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import streamlit as st
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest, Turn, choose_drafter
from prefect_luthier.ai_builder.offered_catalog import without_unnamed_workflows
from prefect_luthier.ai_builder.offline.drafter import OfflineDrafter
from prefect_luthier.ai_builder.prompts import prompt_preview
from prefect_luthier.ai_builder.readable_definition import readable_definition
from prefect_luthier.blocks.blob_store import open_blob_store
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.positions import LineIndex
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.toml_positions import toml_positions
from prefect_luthier.deployments.definition.validate import Report, validate
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import load_definition
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.draft_workflow import RecordedDraft, make_draft
from prefect_luthier.flows.execution.known_catalog import known_catalog
from prefect_luthier.flows.register import (
    RegisteredWorkflow,
    Registration,
    list_registered,
    register,
    unregister,
)
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.builder import run_reading
from prefect_luthier.ui.builder.background import CALL_TIMEOUT_S, begin, wait_for
from prefect_luthier.ui.builder.run_reading import RunLine, RunView

T = TypeVar("T")

CATALOG_KEPT_S = 10.0
HEALTH_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Health:
    """Whether the parts that the page stands on answer.

    Args:
        prefect_ui: Address of the Prefect UI, None while there is no server.
        drafter: What drafts: ``offline``, or the model's name.
        trouble: What is missing, with advice.
    """

    prefect_ui: str | None
    drafter: str
    trouble: LuthierError | None = None


def answer(work: Coroutine[Any, Any, T], timeout_s: float = CALL_TIMEOUT_S) -> T:
    """Return what comes of a coroutine on the page's loop.

    Raises:
        ServiceUnreachable: It took too long, or the database is away.
    """
    with from_database():
        return wait_for(work, timeout_s)


@contextmanager
def from_database() -> Iterator[None]:
    """Make a database that is away one error for the page.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise _database_away(error) from error


def _database_away(error: Exception) -> ServiceUnreachable:
    return ServiceUnreachable(
        "database-unreachable",
        f"the database does not answer ({type(error).__name__}).",
        "It comes back by itself when the stack restarts it; `luthier status` shows how it stands.",
    )


def operator() -> str:
    """Return who sits at this page."""
    return acting_user(load_settings())


def health() -> Health:
    """Return what answers; waits a second at most for what does not."""
    settings = load_settings()
    drafter = (settings.model or "model") if settings.model_configured else "offline"
    try:
        api = prefect_api_url(settings)
        _ask_health(api)
    except LuthierError as error:
        return Health(None, drafter, error)
    stack = running_stack(settings)
    broken = [part.name for part in stack.parts if part.status == "failed"] if stack else []
    trouble = (
        LuthierError(
            "part-failed",
            f"{', '.join(broken)} failed.",
            "`luthier status` shows the log to read.",
        )
        if broken
        else None
    )
    return Health(api.rstrip("/").removesuffix("/api"), drafter, trouble)


def _ask_health(api: str) -> None:
    try:
        httpx.get(f"{api}/health", timeout=HEALTH_TIMEOUT_S).raise_for_status()
    except httpx.HTTPError as error:
        raise ServiceUnreachable(
            "prefect-unreachable",
            f"the Prefect server at {api} does not answer ({type(error).__name__}).",
            "`luthier status` shows how it stands; the page comes back by itself.",
        ) from error


@st.cache_resource(ttl=CATALOG_KEPT_S, show_spinner=False)
def catalog() -> Catalog:
    """Return everything that a definition may use; without the database, what is installed."""
    try:
        return known_catalog(load_settings())
    except (LuthierError, OperationalError, InterfaceError):
        return installed_catalog()


def check(text: str) -> Report:
    """Validate the editor's text for this machine."""
    return validate(Source.from_text(text), catalog(), Environment.local(load_settings()))


def read_loosely(text: str) -> Definition | None:
    """Return the definition in ``text`` if it has the right form, whatever it refers to."""
    return readable_definition(Source.from_text(text))


def begin_draft(request: str, base: str, conversation: tuple[Turn, ...]) -> Future[RecordedDraft]:
    """Ask the configured drafter; what it answers is recorded.

    Args:
        request: The operator's words.
        base: The definition as it stands; empty for a new one.
        conversation: What was said before.
    """
    wish = DraftRequest(request, Source.from_text(base) if base else None, conversation)
    return begin(_draft(wish, catalog()))


def drafts_offline() -> bool:
    """Return whether no model is configured."""
    return not load_settings().model_configured


def prompt_for(request: str, base: str, conversation: tuple[Turn, ...]) -> dict[str, Any]:
    """Return what a model would be sent: messages, schema of the answer, tokens."""
    wish = DraftRequest(request, Source.from_text(base) if base else None, conversation)
    return prompt_preview(wish, catalog())


async def _draft(wish: DraftRequest, known: Catalog) -> RecordedDraft:
    drafter = await asyncio.to_thread(choose_drafter, load_settings())
    if drafter.name == OfflineDrafter.name:
        known = without_unnamed_workflows(known, wish.request)
    return await make_draft(wish, drafter=drafter, catalog=known, actor=operator())


@st.cache_resource(show_spinner=False)
def warm_up() -> Future[None]:
    """Load what drafting needs beside the page, once, so that the first draft is quick too."""

    async def load() -> None:
        drafter = await asyncio.to_thread(choose_drafter, load_settings())
        if isinstance(drafter, OfflineDrafter):
            await drafter.draft(DraftRequest("write a text to a file"), installed_catalog())

    return begin(load())


def finished_draft(drafting: Future[RecordedDraft]) -> Draft:
    """Return what came of a draft that is done.

    Raises:
        LuthierError: No draft came of it.
    """
    try:
        return drafting.result(timeout=0).draft
    except LuthierError:
        raise
    except (OperationalError, InterfaceError) as error:
        raise _database_away(error) from error
    except Exception as error:  # the page's outermost edge: the log gets the traceback
        logging.getLogger("luthier.builder").exception("drafting failed")
        raise LuthierError(
            "draft-failed",
            f"drafting failed unexpectedly: {type(error).__name__}: {error}",
            "The text is as it was. The builder's log has the details.",
        ) from error


def line_of_step(text: str, step: str) -> int | None:
    """Return the line on which a step begins, None when the text does not say."""
    place = toml_positions(text).places.get(("steps", step))
    return LineIndex(text).span(*place.key).line if place and place.key else None


def preview_registration(
    definition: Definition, text: str, values: Mapping[str, Any], provenance: Mapping[str, Any]
) -> Registration:
    """Return what registering would change in Prefect."""
    return answer(
        register(
            definition,
            text,
            values=values,
            actor=operator(),
            provenance=provenance,
            dry_run=True,
        )
    )


def register_definition(
    definition: Definition,
    text: str,
    values: Mapping[str, Any],
    provenance: Mapping[str, Any],
    *,
    replace: bool = False,
) -> Registration:
    """Register a valid definition as this operator; its schedule runs with ``values``."""
    return answer(
        register(
            definition,
            text,
            values=values,
            actor=operator(),
            provenance=provenance,
            replace=replace,
        )
    )


def remove(workflow_id: str) -> None:
    """Take a workflow's deployment out of Prefect."""
    answer(unregister(workflow_id, actor=operator()))


def registered() -> list[RegisteredWorkflow]:
    """Return the registered workflows."""
    return answer(list_registered())


def find_registered(workflow_id: str) -> RegisteredWorkflow | None:
    """Return a registered workflow, None when there is none of this id."""
    return next((each for each in registered() if each.id == workflow_id), None)


def stored_text(workflow: RegisteredWorkflow) -> str | None:
    """Return the source of a registered workflow, as it was written."""
    with from_database(), Session(open_store(load_settings())) as session:
        row = load_definition(session, workflow.id, digest=workflow.digest or None)
        return row.text if row else None


def start_run(deployment_id: str, inputs: Mapping[str, Any]) -> str:
    """Start a run of a registered workflow and return its id."""
    return answer(run_reading.start(load_settings(), deployment_id, inputs))


def cancel_run(run_id: str) -> None:
    """Ask for a run to be cancelled."""
    answer(run_reading.cancel(load_settings(), run_id))


def recent_runs() -> list[RunLine]:
    """Return the newest runs of registered workflows."""
    return answer(run_reading.recent_runs(load_settings()))


def read_run(run_id: str) -> RunView:
    """Return a run as it stands."""
    return answer(run_reading.read(load_settings(), run_id))


def file_content(sha256: str) -> bytes:
    """Return a file that a run has left, checked against its digest."""
    return open_blob_store(load_settings()).get(sha256)
