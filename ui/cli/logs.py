"""``luthier logs``: what a run wrote."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore, open_blob_store
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import StepResult, step_results
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.prefect_connection import prefect_connection

_POLL_S = 1.0
_FINAL = {"completed", "failed", "crashed", "cancelled"}


def logs(
    run: Annotated[str, typer.Argument(help="The run's id, or its first characters.")],
    *,
    step: Annotated[str | None, typer.Option("--step", help="Only this step's lines.")] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="What the steps wrote, whole, from the store.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run ends.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print what a run wrote: Prefect's log lines, or with --raw the steps' own output."""
    from prefect_luthier.ui.cli.run_status import run_id_of  # noqa: PLC0415 - loads Prefect

    if as_json and follow:
        raise UsageError("bad-options", "--json prints one document and cannot --follow.")
    settings = load_settings()
    with prefect_connection(settings, may_start=False) as connected:
        run_id = run_id_of(connected, run)
        if follow:
            _follow(connected, run_id, step)
            return
        read = _stored_lines if raw else _lines
        lines = read(connected, run_id, step)
        if as_json:
            print_json({"run_id": str(run_id), "lines": list(lines)})
            return
        for line in lines:
            _print(line)


def _lines(settings: Settings, run_id: UUID, step: str | None) -> Iterable[dict[str, Any]]:
    """Return Prefect's log lines; where Prefect cannot be asked, what the store has."""
    from prefect_luthier.ui.cli.run_logs import read_logs  # noqa: PLC0415 - loads Prefect

    try:
        found = asyncio.run(read_logs(settings, run_id))
    except LuthierError as error:
        say(f"{error.message} Showing the stored output of finished steps.")
        return _stored_lines(settings, run_id, step)
    return [line for line in found if step is None or _is_of(line["step"], step)]


def _follow(settings: Settings, run_id: UUID, step: str | None) -> None:
    from prefect_luthier.ui.cli.run_status import run_state  # noqa: PLC0415 - loads Prefect

    shown = 0
    while True:
        ended = run_state(settings, str(run_id))["state"] in _FINAL
        lines = list(_lines(settings, run_id, step))
        for line in lines[shown:]:
            _print(line)
        shown = len(lines)
        if ended:
            return
        time.sleep(_POLL_S)


def _stored_lines(settings: Settings, run_id: UUID, step: str | None) -> Iterator[dict[str, Any]]:
    """Yield what the steps wrote, line by line; it may be more than fits in memory."""
    with Session(open_store(settings)) as session:
        results = sorted(
            step_results(session, run_id).values(), key=lambda r: (str(r.started_at), r.key)
        )
    blobs = open_blob_store(settings)
    for result in results:
        if step is not None and not _is_of(result.key, step):
            continue
        for stream, name in (("stdout", result.stdout_sha256), ("stderr", result.stderr_sha256)):
            for text in _text_lines(blobs, name, str(result.outputs.get(stream, ""))):
                yield {"time": _time(result), "level": stream, "step": result.key, "message": text}


def _text_lines(blobs: BlobStore, name: str | None, short: str) -> Iterator[str]:
    """Yield the lines of a stream: of its blob, or of a short one that the outputs hold."""
    if name is None:
        yield from short.splitlines()
        return
    with blobs.open(name) as file:
        for line in file:
            yield line.decode(errors="replace").rstrip("\n")


def _time(result: StepResult) -> str | None:
    return result.ended_at.isoformat() if result.ended_at else None


def _is_of(key: str | None, step: str) -> bool:
    return key is not None and (key == step or key.startswith(f"{step}["))


def _print(line: dict[str, Any]) -> None:
    name = style(line["step"] or "run", "cyan", stream=sys.stdout)
    sys.stdout.write(f"{name} | {line['message']}\n")
