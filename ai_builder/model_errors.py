"""What can go wrong with a call to a model, in words that a user can act on."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping

import openai

from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.errors import LuthierError, ServiceUnreachable

MAX_DETAIL_CHARACTERS = 300

_RETRYABLE_STATUS = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_KEY_STATUS = frozenset({401, 403})


def is_retryable(error: openai.OpenAIError) -> bool:
    """Return whether the same call may succeed a moment later."""
    if isinstance(error, openai.APIStatusError):
        exhausted = error.code == "insufficient_quota" or error.type == "insufficient_quota"
        return error.status_code in _RETRYABLE_STATUS and not exhausted
    return isinstance(error, openai.APIConnectionError)


def retry_after_s(error: openai.OpenAIError) -> float | None:
    """Return the wait that the server asks for, from seconds, milliseconds or a date."""
    if not isinstance(error, openai.APIStatusError):
        return None
    headers: Mapping[str, str] = error.response.headers
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        given = headers.get("retry-after", "")
        date = email.utils.parsedate_tz(given)
        if date is not None:
            return max(0.0, email.utils.mktime_tz(date) - time.time())
        return max(0.0, float(given))
    except (ValueError, OverflowError):
        return None


def rejects_tools(error: LuthierError) -> bool:
    """Return whether a server refused a request because it knows no function calls."""
    text = error.message.lower()
    return error.code == "model-bad-request" and any(
        word in text for word in ("tool", "function", "strict", "schema")
    )


def translate(error: Exception, provider: LLMProvider) -> LuthierError:
    """Return the error that a user sees; the provider's key never shows in it."""
    if isinstance(error, LuthierError):
        return error
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return timed_out(provider)
    if isinstance(error, openai.APIConnectionError):
        reason = _detail(str(error.__cause__ or error), provider)
        return ServiceUnreachable(
            "model-unreachable",
            f"the model's server {provider.host} does not answer: {reason.rstrip('.')}.",
            "Start it, or correct its address, or use the offline drafter.",
        )
    if isinstance(error, openai.APIStatusError):
        return _status_error(error, provider)
    return no_completion(provider, _detail(str(error), provider))


def timed_out(provider: LLMProvider) -> LuthierError:
    """Return the error for a call that took too long."""
    return ServiceUnreachable(
        "model-timeout",
        f"model {provider.model!r} at {provider.host} gave no answer in {provider.timeout:g} s.",
        "Raise LUTHIER_MODEL_TIMEOUT_S, or use a faster model.",
    )


def no_completion(provider: LLMProvider, found: str) -> LuthierError:
    """Return the error for an answer that holds no message."""
    return LuthierError(
        "model-bad-answer",
        f"the server {provider.host} gave no chat completion: {found}.",
        "Check that the address is that of an OpenAI-compatible server, with its version path.",
    )


def truncated(provider: LLMProvider, limit: int) -> LuthierError:
    """Return the error for an answer that was cut off at ``limit`` tokens."""
    return LuthierError(
        "model-truncated",
        f"the answer of {provider.model!r} was cut off at {limit} tokens.",
        "Raise AI_MAX_OUTPUT_TOKENS, or ask for less at once.",
    )


def refused(provider: LLMProvider, words: str) -> LuthierError:
    """Return the error for a model that declines."""
    reason = _detail(words, provider) or "it gave no reason."
    return LuthierError(
        "model-refused", f"model {provider.model!r} refused: {reason}", "Change the request."
    )


def _status_error(error: openai.APIStatusError, provider: LLMProvider) -> LuthierError:
    detail = _detail(_server_words(error), provider)
    where = f"{provider.host} answered {error.status_code}: {detail}"
    if error.status_code in _KEY_STATUS:
        return LuthierError(
            "model-bad-key", f"the key was not accepted: {where}", "Check OPENAI_API_KEY."
        )
    if error.status_code == 404:  # noqa: PLR2004 - the number is the name
        return LuthierError(
            "model-unknown",
            f"model {provider.model!r} was not found: {where}",
            "Check AI_MODEL, and that the address has its version path (often /v1).",
        )
    if error.status_code == 429:  # noqa: PLR2004
        if not is_retryable(error):
            return LuthierError("model-quota", f"the quota is used up: {where}", "Add credit.")
        return ServiceUnreachable(
            "model-rate-limited", f"too many calls: {where}", "Wait a minute and try again."
        )
    if error.status_code in _RETRYABLE_STATUS or error.status_code >= 500:  # noqa: PLR2004
        return ServiceUnreachable(
            "model-unreachable", f"the model's server failed: {where}", "Try again later."
        )
    if error.code == "context_length_exceeded" or error.status_code == 413:  # noqa: PLR2004
        return LuthierError(
            "model-context-exceeded", f"the prompt is too long: {where}", "Shorten the request."
        )
    return LuthierError(
        "model-bad-request",
        f"the server did not accept the request: {where}",
        "Check that the model supports chat completions with function calls.",
    )


def _server_words(error: openai.APIStatusError) -> str:
    body = error.body
    if isinstance(body, Mapping):
        words = body.get("message") or body.get("detail") or body.get("error")
        return str(words or body)
    return str(body or error.response.reason_phrase)


def _detail(text: str, provider: LLMProvider) -> str:
    """Return a server's words in one short line, without the key it may repeat."""
    line = " ".join(text.split())
    key = provider.api_key.get_secret_value() if provider.api_key else ""
    if key:
        line = line.replace(key, "***")
    if len(line) > MAX_DETAIL_CHARACTERS:
        line = line[: MAX_DETAIL_CHARACTERS - 1] + "…"
    return line
