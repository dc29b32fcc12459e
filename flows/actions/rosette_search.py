"""`rosette.search`: a guitar rosette inside the customer's wishes that can be made."""

from __future__ import annotations

import contextlib
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)


class RosetteSearchInputs(ActionInputs):
    """What is wanted, under which conditions, and what the search may spend."""

    context: dict[str, Any] = Field(
        description="Wood, tool, machine, speeds, and in `intent` what is wanted."
    )
    attempts: int | None = Field(default=None, description="Most designs to score.")
    seconds: float | None = Field(default=None, description="Longest time of the search.")
    seed: int = Field(default=0, description="The same seed proposes the same designs again.")
    generator: Literal["numeric", "llm"] = Field(
        default="numeric", description="Who proposes: numbers alone, or a language model."
    )
    wanted_score: float | None = Field(
        default=None, description="An allowed design with this score ends the search."
    )
    nothing: Literal["report", "fail"] = Field(
        default="fail", description="Whether finding no design fails the step, or is an answer."
    )


class BindingConstraint(BaseModel):
    """What stands against a design."""

    code: str = Field(description="Code of the constraint.")
    proven: bool = Field(description="Whether it rules every design out, or blocked attempts.")
    message: str = Field(description="Why, with the figures.")


class RosetteSearchOutputs(ActionOutputs):
    """How the search ended."""

    search_id: str = Field(description="Its record; `luthier rosette show` shows it.")
    status: str = Field(description="success, best_effort, exhausted or timeout.")
    spec: dict[str, Any] = Field(description="The best design; empty when there is none.")
    digest: str = Field(description="Its digest; empty when there is none.")
    score: float = Field(description="Its score, 0 to 100; 0 when there is none.")
    risk: str = Field(description="GREEN, YELLOW, or RED when there is none.")
    attempts_made: int = Field(description="How many designs were tried.")
    binding_constraints: list[BindingConstraint] = Field(
        description="What stands against a design, when there is none."
    )


async def _run(inputs: RosetteSearchInputs, context: ActionContext) -> RosetteSearchOutputs:
    # The engine, the store and a model's client take seconds to load: only when a step needs them.
    from prefect_luthier.flows.rosette.search_record import SearchRecord  # noqa: PLC0415
    from prefect_luthier.flows.rosette.search_run import conduct  # noqa: PLC0415
    from prefect_luthier.settings import load_settings  # noqa: PLC0415

    prepared = await _prepared(inputs)
    run_id: UUID | None = None
    with contextlib.suppress(ValueError):
        run_id = UUID(context.run_id)
    record = await SearchRecord.start(load_settings(), prepared, correlation_id=run_id)
    outcome = await conduct(prepared, record)
    result = outcome.result.to_json()
    context.log(f"{result['status']} after {result['attempts_made']} attempts")
    for binding in result["binding_constraints"]:
        context.log(f"{binding['code']}: {binding['message']}")
    if result["best"] is None and inputs.nothing == "fail":
        raise _nothing(result)
    return RosetteSearchOutputs(
        search_id=str(record.id),
        status=result["status"],
        spec=result["best"] or {},
        digest=result["digest"] or "",
        score=result["score"] or 0.0,
        risk=result["risk"] or "RED",
        attempts_made=result["attempts_made"],
        binding_constraints=[
            BindingConstraint.model_validate(each) for each in result["binding_constraints"]
        ],
    )


async def _prepared(inputs: RosetteSearchInputs) -> Any:
    """Return the search, checked.

    Raises:
        LuthierError: The context or the budget is refused, or there is no model to ask.
    """
    from prefect_luthier.flows.rosette.search_context import read_context  # noqa: PLC0415
    from prefect_luthier.rmos.search.policy import default_policy  # noqa: PLC0415
    from prefect_luthier.rmos.search.request import prepare  # noqa: PLC0415

    ask = None
    if inputs.generator == "llm":
        from prefect_luthier.flows.rosette.model_ask import find_ask  # noqa: PLC0415

        ask = await find_ask("")
    budget = default_policy().budget(inputs.attempts, inputs.seconds, inputs.wanted_score)
    conditions = read_context(inputs.context)
    return prepare(conditions, budget, seed=inputs.seed, generator=inputs.generator, ask=ask)


def _nothing(result: dict[str, Any]) -> LuthierError:
    reasons = [f"{each['code']}: {each['message']}" for each in result["binding_constraints"]]
    return LuthierError(
        "no-design",
        f"no rosette that can be made was found ({result['status']}). {' '.join(reasons[:3])}",
        "Change what is named, or give the search more attempts.",
    )


ROSETTE_SEARCH = Action(
    slug="rosette.search",
    version="1.0.0",
    description="Search for a guitar rosette design that suits a customer's wishes and can be "
    "made in this wood with this tool and machine. Find, generate or optimise a rosette.",
    inputs=RosetteSearchInputs,
    outputs=RosetteSearchOutputs,
    run=_run,
    capabilities=Capabilities(network=("*",), model=True),
)
