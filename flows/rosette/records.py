"""The rosette records of an installation: its database, its files, and who acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore, open_blob_store
from prefect_luthier.canonical import canonical_json
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.errors import ServiceUnreachable, UsageError
from prefect_luthier.rmos.approval.rules import Decision
from prefect_luthier.rmos.store.attachments import Declaration, attach
from prefect_luthier.rmos.store.binding import Binding, Submission, bind
from prefect_luthier.rmos.store.candidate import CandidateIds, read_candidate
from prefect_luthier.rmos.store.designs import Author, decide, find_design
from prefect_luthier.rmos.store.releases import Release, ReleaseRequest, release
from prefect_luthier.rmos.store.searches import attempts_of, find_search
from prefect_luthier.rmos.store.tables import AttachmentRow, DesignRow, TransitionRow
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.settings import Settings, load_settings


@dataclass(frozen=True)
class BindRequest:
    """What is submitted: attachments by id, or an attempt of a search.

    Args:
        spec: Id of the attached design; from the search when empty.
        context: Id of the attached context; from the search when empty.
        others: Ids of what else belongs to it.
        search: Id of the search that found it.
        attempt: Number of the attempt; the best one when none is given.
        design: Id of the design whose revision it is.
        name: Name for people.
        note: What its author says to it.
    """

    spec: str = ""
    context: str = ""
    others: tuple[str, ...] = ()
    search: str = ""
    attempt: int | None = None
    design: str = ""
    name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Records:
    """An open store; every method is one decision, committed when it returns."""

    engine: Engine
    blobs: BlobStore
    settings: Settings

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session that is rolled back unless it is committed.

        Raises:
            ServiceUnreachable: The database went away.
        """
        with _reachable(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    def author(self, actor: str = "", flow_run_id: UUID | None = None) -> Author:
        """Return who acts: the one that is named, else the acting user."""
        return Author(actor.strip() or acting_user(self.settings), flow_run_id)

    def attach(
        self, content: bytes | Path | IO[bytes], declared: Declaration, actor: str = ""
    ) -> AttachmentRow:
        """Attach a file, within the configured limit; see `attachments.attach`."""
        with self.session() as session:
            row = attach(
                session,
                self.blobs,
                content,
                declared,
                limit_bytes=self.settings.max_attachment_bytes,
                actor=self.author(actor).actor,
            )
            session.commit()
            return row

    def bind(self, request: BindRequest, author: Author) -> Binding:
        """Judge a candidate and record the verdict; see `binding.bind`."""
        with _reachable():
            return bind(self.engine, self.submission(request), author)

    def submission(self, request: BindRequest) -> Submission:
        """Return the submission that a request names.

        Raises:
            UsageError: Something that it names does not exist, or it names too little.
            InvalidInput: The candidate cannot be judged.
        """
        spec, context, search_id = request.spec, request.context, None
        if request.search:
            spec, context, search_id = self._of_search(request)
        if not (spec and context):
            raise UsageError(
                "incomplete-candidate",
                "a candidate is a design and a context.",
                "Name both, or the search that found it.",
            )
        with self.session() as session:
            design_id = find_design(session, request.design).id if request.design else None
            ids = CandidateIds(spec, context, request.others)
            candidate = read_candidate(session, self.blobs, ids)
        return Submission(candidate, request.name, request.note, search_id, design_id)

    def _of_search(self, request: BindRequest) -> tuple[str, str, UUID]:
        """Attach an attempt's design and its search's context; return their ids."""
        with self.session() as session:
            search = find_search(session, request.search)
            attempts = attempts_of(session, search.id)
        chosen = [
            each
            for each in attempts
            if each.spec
            and (
                each.number == request.attempt
                if request.attempt is not None
                else each.spec_digest == search.best_digest
            )
        ]
        if not chosen:
            wanted = f"attempt {request.attempt}" if request.attempt else "best design"
            raise UsageError(
                "unknown-attempt",
                f"search {str(search.id)[:8]} ({search.status}) has no {wanted} to submit.",
                "`luthier rosette show SEARCH` lists its attempts.",
            )
        ids = [
            self.attach(canonical_json(document), Declaration(name, kind=kind)).sha256
            for document, name, kind in [
                (chosen[0].spec, f"search-{search.id}-{chosen[0].number}.json", "spec"),
                (search.context, f"search-{search.id}-context.json", "context"),
            ]
        ]
        return request.spec or ids[0], request.context or ids[1], search.id

    def find_design(self, wanted: str) -> DesignRow:
        """Return a design by its id or the start of it."""
        with self.session() as session:
            return find_design(session, wanted)

    def decide(
        self,
        design: str,
        decision: Decision,
        author: Author,
        *,
        note: str = "",
        version: int | None = None,
    ) -> tuple[DesignRow, TransitionRow]:
        """Take a person's decision about a design; see `designs.decide`."""
        with self.session() as session:
            row = find_design(session, design)
            step = decide(session, row.id, author, decision, note=note, version=version)
            session.commit()
            return row, step

    def release(
        self,
        design: str,
        author: Author,
        dialect: Dialect = "grbl",
        options: CutOptions | None = None,
        note: str = "",
    ) -> Release:
        """Make, verify and store the files of an approved design; see `releases.release`."""
        design_id = self.find_design(design).id
        request = ReleaseRequest(design_id, dialect, options or CutOptions(), note)
        with _reachable():
            return release(self.engine, self.blobs, request, author)


def open_records(settings: Settings | None = None) -> Records:
    """Return the records that the settings name.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    settings = settings or load_settings()
    return Records(open_store(settings), open_blob_store(settings), settings)


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise ServiceUnreachable(
            "database-unreachable",
            "the database went away; what was being decided was not stored.",
            "See `luthier status`, and try again.",
        ) from error
