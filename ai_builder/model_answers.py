"""Reading what a model's server sent: nothing in it is certain before it is checked."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from pydantic import BaseModel, ValidationError

from prefect_luthier.ai_builder import model_errors
from prefect_luthier.ai_builder.tokens import Tokens, estimate_tokens
from prefect_luthier.blocks.llm_provider import LLMProvider

Answer = TypeVar("Answer", bound=BaseModel)

MAX_FINDINGS = 10
# No call takes as many; a server that reports more, or no prompt at all, reports nothing of use.
MOST_TOKENS = 1_000_000_000


def checked(answer: Any, provider: LLMProvider) -> ChatCompletion:
    """Return the chat completion that a server sent; the SDK itself checks nothing.

    Raises:
        LuthierError: It is none: a web page, or a completion without a message.
    """
    choices = getattr(answer, "choices", None)
    if not isinstance(answer, ChatCompletion) or not isinstance(choices, list) or not choices:
        raise model_errors.no_completion(provider, "it has no `choices`")
    if not isinstance(getattr(choices[0], "message", None), ChatCompletionMessage):
        raise model_errors.no_completion(provider, "its first choice has no `message`")
    return answer


def refuse_refusals(completion: ChatCompletion, provider: LLMProvider) -> None:
    """Raise when the model, or the filter behind it, declined.

    Raises:
        LuthierError: It declined; the message quotes its words.
    """
    choice = completion.choices[0]
    if choice.message.refusal:
        raise model_errors.refused(provider, str(choice.message.refusal))
    if choice.finish_reason == "content_filter":
        raise model_errors.refused(provider, "its content filter stopped the answer.")


def reported_tokens(completion: ChatCompletion, prompt: int) -> Tokens:
    """Return the tokens that the server reports; an estimate when it reports none that can be.

    A prompt of no tokens cannot be: taken at its word, such a server would have no budget.

    Args:
        completion: The answer.
        prompt: Estimated tokens of what was sent.
    """
    usage = completion.usage
    if isinstance(usage, CompletionUsage):
        counts = usage.prompt_tokens, usage.completion_tokens
        if (
            all(isinstance(count, int) and 0 <= count <= MOST_TOKENS for count in counts)
            and counts[0]
        ):
            return Tokens(*counts)
    return Tokens(prompt, estimate_tokens(raw_answer(completion) or ""))


def raw_answer(completion: ChatCompletion | None) -> str | None:
    """Return what the model wrote, word for word: the arguments of its call, or its text."""
    if completion is None:
        return None
    message = completion.choices[0].message
    calls = message.tool_calls
    if isinstance(calls, list) and calls:
        arguments = getattr(getattr(calls[0], "function", None), "arguments", None)
        return arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return message.content if isinstance(message.content, str) else None


def read_leniently(
    raw: str | None, shape: type[Answer], cause: BaseException
) -> tuple[Answer | None, str | None]:
    """Read an answer that stands in a text instead of in a call, as small models do.

    Args:
        raw: What the model wrote.
        shape: What it should be.
        cause: Why it could not be read as it should have been.

    Returns:
        The answer, or why there is none.
    """
    if not raw or not raw.strip():
        return None, "The answer was empty."
    start, end = raw.find("{"), raw.rfind("}")
    if start < 0:
        return None, _explained(cause)
    try:
        return shape.model_validate_json(raw[start : end + 1]), None
    except ValidationError as error:
        return None, _explained(error)


def _explained(cause: BaseException) -> str:
    if not isinstance(cause, ValidationError):
        return "The answer holds no JSON object."
    findings = [
        f"{'.'.join(str(part) for part in each['loc']) or 'answer'}: {each['msg']}"
        for each in cause.errors()[:MAX_FINDINGS]
    ]
    return "The answer did not have the demanded form. " + "; ".join(findings)
