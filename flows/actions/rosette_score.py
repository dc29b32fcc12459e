"""`rosette.score`: whether a design can be made, how well, and what would mend it."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Literal

from pydantic import BaseModel, Field

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)


class RosetteScoreInputs(ActionInputs):
    """A design, and what it is judged under."""

    spec: dict[str, Any] = Field(description="The design, as `luthier rosette score` takes it.")
    context: dict[str, Any] = Field(description="Wood, tool, machine and speeds.")
    blocked: Literal["report", "fail"] = Field(
        default="report",
        description="Whether a blocked design is an answer like any other, or fails the step.",
    )


class ScoredViolation(BaseModel):
    """One limit that the design does not keep."""

    code: str = Field(description="Code of the constraint.")
    severity: str = Field(description="RED blocks, YELLOW warns.")
    ring: int | None = Field(description="The ring concerned, from 0, if one is.")
    measured: float | None = Field(description="The measured value.")
    limit: float | None = Field(description="The limit that is not kept.")
    unit: str = Field(description="Unit of both.")
    message: str = Field(description="What is wrong, with the values.")
    fix: str = Field(description="The smallest change that mends it.")


class RosetteScoreOutputs(ActionOutputs):
    """The answer."""

    decision: str = Field(description="ALLOW or BLOCK.")
    risk: str = Field(description="GREEN, YELLOW or RED.")
    score: float = Field(description="0 to 100; above 50 when allowed, below 40 when blocked.")
    violations: list[ScoredViolation] = Field(description="Every limit that is not kept.")
    digest: str | None = Field(description="Digest of the design.")
    engine: str = Field(description="Version of the engine and of its data.")


async def _run(inputs: RosetteScoreInputs, context: ActionContext) -> RosetteScoreOutputs:
    document = await asyncio.to_thread(_judged, inputs)
    context.log(f"{document['decision']}, {document['score']:.1f} of 100, {document['risk']}")
    for violation in document["violations"]:
        context.log(f"{violation['severity']} {violation['code']}: {violation['message']}")
    if inputs.blocked == "fail" and document["decision"] != "ALLOW":
        first = document["violations"][0]
        raise LuthierError(
            "design-blocked",
            f"the design is blocked: {first['code']}: {first['message']}",
            first["fix"],
        )
    return RosetteScoreOutputs.model_validate(document)


def _judged(inputs: RosetteScoreInputs) -> dict[str, Any]:
    # numpy and the library take a third of a second to load: only when a step needs them.
    from prefect_luthier.rmos.feasibility.documents import judge_documents  # noqa: PLC0415

    judgement = judge_documents(json.dumps(inputs.spec), json.dumps(inputs.context))
    return judgement.verdict.to_json()


ROSETTE_SCORE = Action(
    slug="rosette.score",
    version="1.0.0",
    description="Score a guitar rosette design: can it be made in this wood with this tool and "
    "machine, how well, and which limits does it break. Feasibility check of a rosette.",
    inputs=RosetteScoreInputs,
    outputs=RosetteScoreOutputs,
    run=_run,
)
