"""What Prefect's pages show of a run: its summary and its files."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import copy_context
from uuid import UUID

import httpx
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.exceptions import PrefectException

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.artifacts import (
    SHOWN_BYTES,
    KeptFile,
    artifact_key,
    markdown_of,
)
from prefect_luthier.flows.execution.document import duration_s

_MARKS = {"completed": "✅", "failed": "❌", "skipped": "⏭️", "cancelled": "🛑"}
_REASON_CHARACTERS = 300
_SUMMARY_THREAD = "luthier-summary"


async def show_files(plan: Plan, files: Iterable[KeptFile], blobs: BlobStore) -> None:
    """Show each small text file as Markdown, and all files with their checksums as a table."""
    shown = list(files)
    for file in shown:
        content = blobs.get(file.sha256) if file.bytes <= SHOWN_BYTES else b""
        text = markdown_of(file, content)
        if text is not None:
            await acreate_markdown_artifact(
                key=_file_key(plan, file, shown),
                markdown=text,
                description=f"`{file.path}`, {file.bytes} bytes, SHA-256 `{file.sha256}`",
            )
    if shown:
        await acreate_table_artifact(
            key=artifact_key(plan.workflow, "files"),
            table=[file.to_json() for file in shown],
            description=f"Files kept from a run of **{plan.name}** {plan.version}",
        )


def _file_key(plan: Plan, file: KeptFile, files: list[KeptFile]) -> str:
    """Return the artifact's id as key, with the path where it stands for several files."""
    alone = sum(other.id == file.id for other in files) == 1
    return artifact_key(plan.workflow, file.id, *(() if alone else (file.path,)))


def show_summary(
    run_id: UUID, plan: Plan, state: str, message: str, results: Mapping[str, StepResult]
) -> None:
    """Show the run as a table of its steps, without keeping the run waiting.

    Just then the server is busy recording the last task runs. The thread is no daemon: the
    process does not end before it has.
    """
    artifact = ArtifactCreate(
        key=artifact_key(plan.workflow, "run"),
        type="markdown",
        data=summary_markdown(plan, state, message, results),
        description=f"Run of **{plan.name}** {plan.version}: {state}",
        flow_run_id=run_id,
    )
    threading.Thread(
        target=copy_context().run, args=(_post, artifact), name=_SUMMARY_THREAD, daemon=False
    ).start()


def _post(artifact: ArtifactCreate) -> None:
    with suppress(httpx.HTTPError, PrefectException), get_client(sync_client=True) as client:
        client.create_artifact(artifact)


def await_summaries() -> None:
    """Wait until what `show_summary` began is done, before the server may be stopped."""
    for thread in threading.enumerate():
        if thread.name == _SUMMARY_THREAD:
            thread.join()


def summary_markdown(
    plan: Plan, state: str, message: str, results: Mapping[str, StepResult]
) -> str:
    """Return the summary of a run as Markdown."""
    rows = [f"| {_step_row(step.id, step.needs, results.get(step.id))} |" for step in plan.steps]
    lines = [
        f"# {_cell(plan.name)}: {state}",
        *([_cell(message)] if message else []),
        "| Step | Needs | State | Time | Reason |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(rows),
        f"Version {plan.version}, plan `{plan.digest}`, definition `{plan.definition_digest}`.",
    ]
    return "\n\n".join(lines) + "\n"


def _step_row(step: str, needs: Iterable[str], result: StepResult | None) -> str:
    wanted = ", ".join(f"`{need}`" for need in needs)
    if result is None:
        return f"`{step}` | {wanted} | not started | |"
    state = f"{_MARKS.get(result.state, '')} {result.state}"
    duration = f"{duration_s(result):.1f} s" if result.state != "skipped" else ""
    return f"`{step}` | {wanted} | {state} | {duration} | {_cell(result.reason)}"


def _cell(text: str) -> str:
    flat = " ".join(text.split())[:_REASON_CHARACTERS]
    return "".join(f"\\{c}" if c in "\\|*<>" else c for c in flat)
