"""`luthier rosette attach`, `attachments` and `download`: files under their SHA-256."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.flows.rosette.records import Records, open_records
from prefect_luthier.rmos.store.attachments import (
    Declaration,
    attachment_json,
    find_attachment,
    list_attachments,
)
from prefect_luthier.rmos.store.releases import newest_release
from prefect_luthier.rmos.store.subjects import find_subject
from prefect_luthier.rmos.store.tables import AttachmentRow, DesignRow, ProgramRow
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.rosette.released_files import write_released
from prefect_luthier.ui.cli.table_view import show_table

ActorOption = Annotated[
    str, typer.Option("--actor", help="Who acts; default: LUTHIER_ACTOR, else your user name.")
]


def attach(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Files; `-` is standard input.")
    ],
    *,
    sha256: Annotated[
        str | None, typer.Option(help="The SHA-256 that the file must have.", metavar="HEX")
    ] = None,
    size: Annotated[
        int | None, typer.Option(help="The number of bytes that it must have.", metavar="BYTES")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="What it must be: spec, context, svg, dxf, gcode, picture or other."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name; default: the file's.")] = None,
    actor: ActorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Attach files: a design, a context, drawings, pictures.

    The SHA-256 of a file is its id; the same content is kept once and never changes. What a file
    is, is read from its content. A file that is not as declared, or a drawing that could run or
    fetch something, is refused and leaves nothing.

    [bold]Examples[/bold]

        luthier rosette attach design.json context.json sketch.svg

        luthier rosette attach - --name sketch.svg --sha256 9f86d081…  < sketch.svg
    """
    declared_one = (sha256, size, kind, name)
    if len(files) > 1 and any(value is not None for value in declared_one):
        raise UsageError(
            "one-file",
            "--sha256, --size, --kind and --name belong to one file.",
            "Attach it alone.",
        )
    records = open_records()
    rows = []
    for file in files:
        declared = Declaration(name or Path(file).name or file, sha256, size, kind)
        rows.append(attach_file(records, file, declared, actor))
    if as_json:
        print_json({"attachments": [attachment_json(row) for row in rows]})
        return
    for row in rows:
        say(f"{style('✓', 'green')} {row.sha256}  {row.kind:<8} {row.name}")


def attach_file(records: Records, file: str, declared: Declaration, actor: str) -> AttachmentRow:
    """Attach a file, or standard input.

    Raises:
        UsageError: It cannot be read.
    """
    if file == "-":
        return records.attach(sys.stdin.buffer, declared, actor)
    path = Path(file)
    if not path.is_file():
        raise UsageError("unreadable-file", f"there is no file {file}.", "Check its path.")
    try:
        return records.attach(path, declared, actor)
    except OSError as error:
        if error.filename == file:
            raise UsageError(
                "unreadable-file", f"{file} cannot be read: {error.strerror}."
            ) from error
        raise


def attachments(
    *,
    kind: Annotated[str | None, typer.Option(help="Only those of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List the attachments, newest first."""
    records = open_records()
    with records.session() as session:
        rows = list_attachments(session, kind=kind, limit=limit)
    if as_json:
        print_json({"attachments": [attachment_json(row) for row in rows]})
        return
    show_table(
        ("id", "kind", "size", "name", "by", "attached"),
        [
            (row.sha256[:12], row.kind, _size(row.size_bytes), row.name, row.actor,
             f"{row.created_at:%Y-%m-%d %H:%M}")
            for row in rows
        ],
        empty="Nothing is attached yet. `luthier rosette attach FILE` adds something.",
    )  # fmt: skip


def _size(count: int) -> str:
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - the next unit
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def download(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help="An attachment, or a design with programs.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File or folder; a folder for a design's files.")
    ] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write an attachment, or the files that were released for a design.

    Every byte is verified against its SHA-256 on the way; a file appears only when it is whole.

    [bold]Example[/bold]

        luthier rosette download 3f2a -o om28/
    """
    records = open_records()
    with records.session() as session:
        subject = find_subject(session, wanted)
        if not isinstance(subject, DesignRow):
            subject = find_attachment(session, wanted)
    rows: Sequence[AttachmentRow | ProgramRow]
    if isinstance(subject, DesignRow):
        rows = _released(records, subject)
        paths = write_released(records, rows, output)
    else:
        rows, paths = [subject], [_exported(records, subject, output)]
    written = [
        {"path": str(path), "sha256": row.sha256} for path, row in zip(paths, rows, strict=True)
    ]
    if as_json:
        print_json({"files": written})
        return
    for file in written:
        say(f"{style('✓', 'green')} {file['path']}")


def _exported(records: Records, row: AttachmentRow, output: Path) -> Path:
    target = output / row.name if output.is_dir() else output
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        records.blobs.export(row.sha256, target)
    except OSError as error:
        raise UsageError(
            "unwritable-file", f"cannot write {str(target)!r}: {error.strerror or error}."
        ) from error
    return target


def _released(records: Records, design: DesignRow) -> tuple[ProgramRow, ...]:
    with records.session() as session:
        released = newest_release(session, design.id)
    if released is None:
        raise LuthierError(
            "not-released",
            f"nothing is released for design {str(design.id)[:8]} ({design.state}).",
            f"Approve it, then `luthier rosette release {str(design.id)[:8]}`.",
        )
    return released.files
