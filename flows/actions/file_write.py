"""`file.write`: put text into a file, whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from pathlib import Path

from pydantic import Field

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)


class FileWriteInputs(ActionInputs):
    """What to write, and where."""

    path: str = Field(
        min_length=1,
        description="File to write, relative to the workspace, or an absolute path.",
    )
    content: str = Field(description="The text.")
    append: bool = Field(default=False, description="Add to the end instead of replacing.")


class FileWriteOutputs(ActionOutputs):
    """What stands in the file now."""

    path: str = Field(description="Absolute path of the file.")
    bytes: int = Field(description="Size of the whole file in bytes.")
    sha256: str = Field(description="SHA-256 of the whole file, in hexadecimal.")


def target_path(workspace: Path, path: str) -> Path:
    """Return the absolute path that ``path`` names.

    Raises:
        LuthierError: A relative path leads out of the workspace, or is no path.
    """
    if "\0" in path:
        raise LuthierError("bad-path", f"{path!r} holds a NUL character, which no path can.")
    if Path(path).is_absolute():
        return Path(path)
    root = workspace.resolve()
    target = (root / path).resolve()
    if not target.is_relative_to(root):
        raise LuthierError(
            "path-outside-workspace",
            f"the path {path!r} leads out of the workspace {str(root)!r}.",
            "Give a path inside it, or an absolute path if that is meant.",
        )
    return target


def write_file(target: Path, data: bytes, *, append: bool = False) -> bytes:
    """Write ``data`` to a temporary file, flush it to disk, rename it; return all it holds."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if append and target.exists():
        data = target.read_bytes() + data
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return data


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


async def _run(inputs: FileWriteInputs, context: ActionContext) -> FileWriteOutputs:
    target = target_path(context.workspace, inputs.path)
    data = inputs.content.encode(errors="surrogateescape")
    try:
        whole = await asyncio.to_thread(write_file, target, data, append=inputs.append)
    except OSError as error:
        raise LuthierError(
            "cannot-write", f"cannot write {str(target)!r}: {error.strerror or error}."
        ) from error
    context.log(f"wrote {len(whole)} bytes to {target}")
    return FileWriteOutputs(
        path=str(target), bytes=len(whole), sha256=hashlib.sha256(whole).hexdigest()
    )


FILE_WRITE = Action(
    slug="file.write",
    version="1.0.0",
    description="Write text to a file: save a report, digest, summary or result, "
    "or append a line to a log.",
    inputs=FileWriteInputs,
    outputs=FileWriteOutputs,
    run=_run,
    capabilities=Capabilities(files="write"),
)
