"""The flows that search for a rosette: a whole search, and a quick look at a context."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.context import FlowRunContext
from prefect.states import Cancelled
from pydantic import Field

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.interruptions import interruptions
from prefect_luthier.flows.execution.needs import Stop
from prefect_luthier.flows.failure import failed
from prefect_luthier.flows.rosette.context_form import ContextForm
from prefect_luthier.flows.rosette.model_ask import ModelAsk, find_ask
from prefect_luthier.flows.rosette.search_context import read_context
from prefect_luthier.flows.rosette.search_progress import Round, search_listener
from prefect_luthier.flows.rosette.search_record import SearchRecord
from prefect_luthier.flows.rosette.search_run import Outcome, conduct
from prefect_luthier.flows.rosette.search_runners import running_legs
from prefect_luthier.flows.rosette.search_shown import SearchArtifacts
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.request import Prepared, prepare
from prefect_luthier.settings import load_settings

Conditions = Annotated[
    ContextForm,
    Field(title="Context", description="Wood, tool, machine, speeds, and what is wanted."),
]
Attempts = Annotated[
    int | None,
    Field(title="Attempts", description="Most designs to score; default: the policy's."),
]
Seconds = Annotated[
    float | None,
    Field(title="Seconds", description="Longest time of the search; default: the policy's."),
]
Seed = Annotated[
    int, Field(title="Seed", description="The same seed proposes the same designs again.")
]
GeneratorChoice = Annotated[
    Literal["numeric", "llm"],
    Field(title="Generator", description="Who proposes: numbers alone, or a language model."),
]
WantedScore = Annotated[
    float | None,
    Field(title="Wanted score", description="An allowed design with this score ends the search."),
]
Islands = Annotated[
    int,
    Field(title="Islands", description="Independent lines of search, which share the attempts."),
]
RunnerChoice = Annotated[
    Literal["threads", "processes", "dask"],
    Field(title="Task runner", description="Where islands run; it changes no attempt."),
]
Provider = Annotated[
    str,
    Field(title="LLM Provider", description="Name of a block; default: the configured model."),
]


@flow(name="search-rosette", persist_result=False)
async def search_rosette(
    context: Conditions = ContextForm(),  # noqa: B008 - frozen
    attempts: Attempts = None,
    seconds: Seconds = None,
    seed: Seed = 0,
    *,
    generator: GeneratorChoice = "numeric",
    wanted_score: WantedScore = None,
    islands: Islands = 1,
    task_runner: RunnerChoice = "threads",
    llm_provider: Provider = "",
) -> Any:
    """Search for a rosette that suits the customer's wishes and can be made.

    Every attempt is recorded. A search that finds nothing is an answer too: the run completes,
    and names the constraints that stand against it.
    """
    try:
        ask = await find_ask(llm_provider) if generator == "llm" else None
        policy = default_policy()
        budget = policy.budget(attempts, seconds, wanted_score, islands=islands)
        prepared = prepare(
            read_context(context.document()), budget, seed=seed, generator=generator, ask=ask
        )
        return await _search(prepared, task_runner, ask)
    except LuthierError as error:
        return failed(error)


@flow(name="quick-check", persist_result=False)
async def quick_check(context: Conditions = ContextForm(), seed: Seed = 0) -> Any:  # noqa: B008
    """See within five attempts and five seconds whether a context can be met at all."""
    try:
        budget = default_policy().budget(quick=True)
        return await _search(
            prepare(read_context(context.document()), budget, seed=seed), "threads", None
        )
    except LuthierError as error:
        return failed(error)


async def _search(
    prepared: Prepared, runner: Literal["threads", "processes", "dask"], ask: ModelAsk | None
) -> Any:
    here = FlowRunContext.get()
    if here is None or here.flow_run is None:
        raise LuthierError("no-flow-run", "a search needs a Prefect flow run.", "Call the flow.")
    stops: list[Stop] = []

    def end(stop: Stop) -> None:
        stops.append(stop)
        if ask is not None:
            ask.stop()

    def stopped() -> str:
        return stops[0].reason if stops else ""

    run_id = here.flow_run.id
    client = cast(PrefectClient, here.client)  # that of an async flow
    async with running_legs(runner, prepared.budget.islands) as run_legs:
        record = await SearchRecord.start(load_settings(), prepared, flow_run_id=run_id)
        artifacts = await SearchArtifacts.start(prepared)

        async def on_round(brought: Round) -> None:
            search_listener.get()(brought)
            await artifacts.update(brought)

        async with interruptions(end, client, run_id, None):
            outcome = await conduct(prepared, record, run_legs, on_round, stopped)
    await artifacts.finish(outcome)
    return _state(outcome, str(run_id), prepared)


def _state(outcome: Outcome, run_id: str, prepared: Prepared) -> Any:
    document = outcome.to_json(run_id, prepared)
    if outcome.cancelled:
        return Cancelled(message=f"The search was ended: {outcome.cancelled}.", data=document)
    return document
