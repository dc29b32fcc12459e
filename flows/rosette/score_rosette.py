"""The flow that scores one design, and the task that other flows score with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Annotated, Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from pydantic import Field

from prefect_luthier.flows.rosette.context_form import ContextForm
from prefect_luthier.flows.rosette.shown import flow_run_id, show_picture, show_table
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.feasibility.documents import Judgement, judge_documents
from prefect_luthier.rmos.feasibility.verdict import Verdict, Violation

Design = Annotated[RosetteSpec, Field(title="Design", description="The rosette, ring by ring.")]
Conditions = Annotated[
    ContextForm, Field(title="Context", description="Wood, tool, machine and speeds.")
]
_MARKS = {"GREEN": "🟢", "YELLOW": "🟡", "RED": "🔴"}


@task(name="score-feasibility", persist_result=False)
async def score_feasibility(spec: Mapping[str, Any], context: Mapping[str, Any]) -> Judgement:
    """Judge a design under a context, both as their JSON documents.

    Whatever is wrong with the documents blocks, as a violation does.
    """
    return await asyncio.to_thread(judge_documents, json.dumps(spec), json.dumps(context))


@flow(name="score-rosette", persist_result=False)
async def score_rosette(spec: Design, context: Conditions = ContextForm()) -> dict[str, Any]:  # noqa: B008 - frozen
    """Say whether a rosette can be made, how well, and what would mend it.

    A blocked design is an answer: the run completes. Nothing is recorded.
    """
    document = spec.model_dump(mode="json", exclude_none=True)
    judgement = await score_feasibility(document, context.document())
    await _show(judgement)
    return judgement.verdict.to_json()


async def _show(judgement: Judgement) -> None:
    if flow_run_id() is None:
        return
    verdict = judgement.verdict
    await acreate_markdown_artifact(
        key="rosette-score", markdown=score_markdown(verdict), description="Feasibility"
    )
    rows = [
        {"constraint": code, "margin": round(margin, 3)}
        for code, margin in sorted(verdict.margins.items(), key=lambda each: each[1])
    ]
    if rows:
        await show_table("rosette-margins", rows, "0 is the limit that blocks, 1 is comfortable")
    if judgement.spec is not None:
        svg = design_svg(judgement.spec, judgement.context, dimensions=True)
        await show_picture("rosette-design", svg, "The design, to scale")


def score_markdown(verdict: Verdict) -> str:
    """Return a verdict as Markdown: the answer, and every violation with its fix."""
    lines = [f"## {_MARKS[verdict.risk]} {verdict.decision} · {verdict.score:.1f} of 100", ""]
    if verdict.violations:
        lines += ["| | code | ring | what | fix |", "|---|---|---|---|---|"]
        lines += [_row(each) for each in verdict.violations]
        lines.append("")
    lines.append(f"Design `{verdict.digest}`, engine `{verdict.engine}`.")
    return "\n".join(lines)


def _row(violation: Violation) -> str:
    ring = "" if violation.ring is None else str(violation.ring + 1)
    cells = [violation.severity, violation.code, ring, violation.message, violation.fix]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
