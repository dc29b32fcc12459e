"""`ai-orchestrator`: a task given to the configured language model."""

from __future__ import annotations

from pydantic import Field

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)


class AiInputs(ActionInputs):
    """The task, and what to work on."""

    task: str = Field(min_length=1, description="What to do, e.g. `Summarise this history`.")
    text: str = Field(default="", description="The material to work on.")
    max_output_tokens: int | None = Field(
        default=None, ge=1, description="Most tokens of the answer; default: the provider's."
    )


class AiOutputs(ActionOutputs):
    """The answer."""

    text: str = Field(description="The model's answer.")
    model: str = Field(description="The model that answered.")
    input_tokens: int = Field(description="Tokens of the prompt.")
    output_tokens: int = Field(description="Tokens of the answer.")


async def _run(inputs: AiInputs, context: ActionContext) -> AiOutputs:
    # Validating a workflow must not pay for loading Prefect and a model's client.
    from prefect_luthier.ai_builder.model_call import ModelCaller  # noqa: PLC0415
    from prefect_luthier.settings import load_settings  # noqa: PLC0415

    settings = load_settings()
    if not settings.model_configured:
        raise LuthierError(
            "no-model",
            "no language model is configured.",
            "Set OPENAI_API_KEY, or LUTHIER_MODEL_BASE_URL for a local server.",
        )
    caller = ModelCaller.of(settings)
    answer = await caller.complete(inputs.task, inputs.text, inputs.max_output_tokens)
    for attempt in answer.attempts:
        if attempt.error is not None:
            context.log(f"asked the model again after {attempt.error}")
    return AiOutputs(
        text=answer.text,
        model=answer.model,
        input_tokens=answer.usage.input,
        output_tokens=answer.usage.output,
    )


AI_ORCHESTRATOR = Action(
    slug="ai-orchestrator",
    version="1.0.0",
    description="Give a task to a language model (AI, LLM): summarise, classify, translate, "
    "extract, rewrite or write text in natural language.",
    inputs=AiInputs,
    outputs=AiOutputs,
    run=_run,
    capabilities=Capabilities(network=("*",), model=True),
)
