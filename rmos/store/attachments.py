"""Attaching files: taken in whole or not at all, kept once, verified when read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from prefect_luthier.blocks.blob_store import BlobStore, Incoming, too_large
from prefect_luthier.blocks.columns import DEFAULT_TENANT
from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import storable_text
from prefect_luthier.errors import InvalidInput, LuthierError, UsageError
from prefect_luthier.rmos.attachments.kinds import KINDS, FileKind, kind_of
from prefect_luthier.rmos.attachments.svg_safety import svg_findings
from prefect_luthier.rmos.store.tables import AttachmentRow

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Declaration:
    """What a sender says of a file; each of it is checked, none of it is believed."""

    name: str
    sha256: str | None = None
    size_bytes: int | None = None
    kind: str | None = None


def attach(
    session: Session,
    blobs: BlobStore,
    content: bytes | Path | IO[bytes],
    declared: Declaration,
    *,
    limit_bytes: int,
    actor: str,
) -> AttachmentRow:
    """Store a file under its SHA-256; return its row. The caller commits.

    The content is streamed to a temporary file, checked there, and only then given its name. What
    is attached already is not stored again.

    Raises:
        UsageError: The declaration cannot be read.
        LuthierError: It is too large, or not what was declared.
        InvalidInput: It is a drawing that is not safe to show (``unsafe-svg``).
    """
    sha256 = _declared_sha256(declared)
    if declared.kind is not None and declared.kind not in KINDS:
        raise UsageError(
            "unknown-kind",
            f"there is no kind of file {declared.kind!r}.",
            f"Kinds are {', '.join(KINDS)}.",
        )
    size = content.stat().st_size if isinstance(content, Path) else None
    for known in (declared.size_bytes, size):
        if known is not None and known > limit_bytes:
            raise too_large(f"{known:,}", limit_bytes)
    with blobs.receive(content, limit_bytes=limit_bytes) as incoming:
        _check_declared(incoming, sha256, declared.size_bytes)
        with incoming.open() as file:
            kind = kind_of(file, incoming.size_bytes)
        if declared.kind not in {None, kind.kind}:
            raise LuthierError(
                "kind-mismatch",
                f"{declared.name} was declared as {declared.kind}, but its content is "
                f"{kind.kind} ({kind.media_type}).",
                "Leave the kind out: it is read from the content.",
            )
        if kind.kind == "svg":
            _check_svg(incoming, declared.name)
        blobs.publish(incoming)
    return _stored(session, incoming, declared, kind, actor)


def _declared_sha256(declared: Declaration) -> str | None:
    if declared.size_bytes is not None and declared.size_bytes < 0:
        raise UsageError("bad-size", f"a file has no size of {declared.size_bytes} bytes.")
    if declared.sha256 is None:
        return None
    name = declared.sha256.strip().lower().removeprefix("sha256:")
    if not _SHA256.fullmatch(name):
        raise UsageError(
            "bad-digest",
            f"{declared.sha256!r} is no SHA-256.",
            "It has 64 hexadecimal digits, as `sha256sum FILE` prints them.",
        )
    return name


def _check_declared(incoming: Incoming, sha256: str | None, size_bytes: int | None) -> None:
    if sha256 is not None and incoming.sha256 != sha256:
        raise LuthierError(
            "digest-mismatch",
            f"the content has the SHA-256 {incoming.sha256}, not {sha256} as declared.",
            "It was changed or cut on its way: send it again.",
        )
    if size_bytes is not None and incoming.size_bytes != size_bytes:
        raise LuthierError(
            "size-mismatch",
            f"the content has {incoming.size_bytes:,} bytes, not {size_bytes:,} as declared.",
            "It was changed or cut on its way: send it again.",
        )


def _check_svg(incoming: Incoming, name: str) -> None:
    with incoming.open() as file:
        findings = svg_findings(file)
    if findings:
        raise InvalidInput(
            "unsafe-svg",
            f"{name} is not only a drawing.",
            findings,
            "Export it as plain SVG, without scripts, links and style sheets from elsewhere.",
        )


def _stored(
    session: Session, incoming: Incoming, declared: Declaration, kind: FileKind, actor: str
) -> AttachmentRow:
    row = AttachmentRow(
        sha256=incoming.sha256,
        actor=actor,
        name=_plain_name(declared.name) or incoming.sha256[:12],
        kind=kind.kind,
        media_type=kind.media_type,
        size_bytes=incoming.size_bytes,
    )
    session.connection().execute(insert(AttachmentRow).on_conflict_do_nothing(), [row.model_dump()])
    return session.exec(
        select(AttachmentRow).where(
            AttachmentRow.sha256 == incoming.sha256, AttachmentRow.tenant == DEFAULT_TENANT
        )
    ).one()


def _plain_name(name: str) -> str:
    """Return the last part of a path in either style, without control characters."""
    last = re.split(r"[/\\]", storable_text(name))[-1]
    return "".join(c for c in last if c.isprintable()).strip(". ")[:_LONGEST_NAME]


def find_attachment(session: Session, wanted: str) -> AttachmentRow:
    """Return an attachment by its SHA-256 or the start of it.

    Raises:
        UsageError: There is none (``unknown-attachment``) or several (``ambiguous-id``).
    """
    return find_by_prefix(
        session,
        AttachmentRow,
        wanted,
        thing="attachment",
        advice="`luthier rosette attachments` lists them.",
        column="sha256",
    )


def list_attachments(
    session: Session, *, kind: str | None = None, limit: int = 100
) -> list[AttachmentRow]:
    """Return the newest attachments, newest first."""
    query = select(AttachmentRow).order_by(
        col(AttachmentRow.created_at).desc(), col(AttachmentRow.sha256)
    )
    if kind is not None:
        query = query.where(AttachmentRow.kind == kind)
    return list(session.exec(query.limit(limit)))


def attachment_json(row: AttachmentRow) -> dict[str, object]:
    """Return the JSON form of an attachment."""
    return {
        "id": row.sha256,
        "sha256": row.sha256,
        "name": row.name,
        "kind": row.kind,
        "media_type": row.media_type,
        "size_bytes": row.size_bytes,
        "actor": row.actor,
        "created_at": row.created_at.isoformat(),
    }
