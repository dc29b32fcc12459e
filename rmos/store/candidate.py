"""Reading a candidate from its attachments: a design and a context that can be judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.diagnostics import Diagnostic, has_errors
from prefect_luthier.errors import InvalidInput, LuthierError
from prefect_luthier.rmos.attachments.kinds import LARGEST_JSON_BYTES
from prefect_luthier.rmos.attachments.svg_safety import svg_findings
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.store.attachments import find_attachment
from prefect_luthier.rmos.store.tables import AttachmentRow


@dataclass(frozen=True)
class CandidateIds:
    """The attachments that make a candidate, by id or the start of it."""

    spec: str
    context: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A design and its context, read, and the SHA-256 of every file that belongs to it."""

    spec: RosetteSpec
    context: Context
    spec_sha256: str
    context_sha256: str
    others_sha256: tuple[str, ...] = ()
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False)

    def attachments_json(self) -> dict[str, object]:
        """Return which file is what."""
        return {
            "spec": self.spec_sha256,
            "context": self.context_sha256,
            "others": list(self.others_sha256),
        }


def read_candidate(session: Session, blobs: BlobStore, ids: CandidateIds) -> Candidate:
    """Return the candidate that some attachments make; every file is verified.

    Raises:
        InvalidInput: With every finding in all of the files (``invalid-candidate``).
    """
    files = _Files(session, blobs)
    spec_row = files.take(ids.spec, "/spec", "spec")
    context_row = files.take(ids.context, "/context", "context")
    others = [files.take(each, f"/attachments/{n}") for n, each in enumerate(ids.others)]
    findings, library = files.findings, load_library()
    spec = context = None
    if spec_row is not None:
        reading = spec_from_json(blobs.get(spec_row.sha256), spec_row.name, library)
        spec = reading.value
        findings += reading.diagnostics
    if context_row is not None:
        read_context = context_from_json(blobs.get(context_row.sha256), context_row.name, library)
        context = read_context.value
        findings += read_context.diagnostics
    if has_errors(findings) or spec_row is None or context_row is None or not (spec and context):
        raise _invalid(findings)
    return Candidate(
        spec=spec,
        context=context,
        spec_sha256=spec_row.sha256,
        context_sha256=context_row.sha256,
        others_sha256=_digests(others),
        warnings=tuple(findings),
    )


def _invalid(findings: Sequence[Diagnostic]) -> InvalidInput:
    count = sum(finding.is_error for finding in findings)
    return InvalidInput(
        "invalid-candidate",
        f"the candidate cannot be judged: {count} finding{'s' if count != 1 else ''}.",
        findings,
        "Nothing was stored. Mend the files, attach them and bind again.",
    )


@dataclass(frozen=True)
class _Files:
    """Looks at attachments, and gathers what is wrong with them."""

    session: Session
    blobs: BlobStore
    findings: list[Diagnostic] = field(default_factory=list)

    def take(self, wanted: str, pointer: str, kind: str | None = None) -> AttachmentRow | None:
        """Return an attachment that is whole and of the right kind, or note why not."""
        try:
            row = find_attachment(self.session, wanted)
            self.blobs.verify(row.sha256)
        except LuthierError as error:
            self._note(error.code, str(error), pointer)
            return None
        if kind is not None and row.kind != kind and not _may_be_broken(row):
            message = f"{row.name} ({row.sha256[:12]}) is {row.kind}; a {kind} belongs here."
            self._note("wrong-kind", message, pointer)
            return None
        if row.kind == "svg":
            with self.blobs.open(row.sha256) as file:
                self.findings.extend(svg_findings(file))
        return row

    def _note(self, code: str, message: str, pointer: str) -> None:
        self.findings.append(Diagnostic(code, "error", message, pointer=pointer))


def _may_be_broken(row: AttachmentRow) -> bool:
    """Return whether a file may have been meant as JSON; its reader then says what is wrong."""
    is_text = row.media_type in {"application/json", "text/plain", "application/octet-stream"}
    return row.kind == "other" and is_text and row.size_bytes <= LARGEST_JSON_BYTES


def _digests(rows: Iterable[AttachmentRow | None]) -> tuple[str, ...]:
    return tuple(sorted({row.sha256 for row in rows if row is not None}))
