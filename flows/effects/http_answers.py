"""What an HTTP exchange says about an effect: done, not done for certain, or in doubt."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.adapter import Doubtful, NotSent, Reach

_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.ProxyError,
)
# These statuses do not tell whether the request was processed.
_DOUBTFUL_CLIENT_ERRORS = frozenset({408, 409, 423})
_RETRYABLE_REASONS = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "ApplicationThrottled", "MailboxConcurrency"}
)
_TELLING_WAIT_S = 60.0
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_SHOWN = 400

Call = Callable[[], Awaitable[httpx.Response]]


async def prepare(call: Call, what: str) -> httpx.Response:
    """Make a request that has no effect; whatever fails, nothing was sent.

    Raises:
        NotSent: The provider did not do it.
    """
    try:
        response = await call()
    except httpx.HTTPError as error:
        raise NotSent("provider-unreachable", _lost(what, error), retryable=True) from error
    if response.is_success:
        return response
    raise _refusal(what, response, retryable=response.status_code >= httpx.codes(500))


async def commit(call: Call, what: str) -> httpx.Response:
    """Make the request that has the effect.

    Raises:
        NotSent: The provider refused it, or it never left this machine.
        Doubtful: It may have arrived.
    """
    try:
        response = await call()
    except _NEVER_LEFT as error:
        raise NotSent("provider-unreachable", _lost(what, error), retryable=True) from error
    except httpx.HTTPError as error:
        raise Doubtful("no-answer", _lost(what, error)) from error
    status = response.status_code
    if response.is_success:
        return response
    if status >= httpx.codes(500) or status in _DOUBTFUL_CLIENT_ERRORS:
        raise Doubtful("unclear-answer", f"{what}: {_shown(response)}")
    raise _refusal(what, response, retryable=False)


async def look(call: Call, what: str) -> dict[str, Any]:
    """Make a request that only asks; return its JSON object.

    Raises:
        LuthierError: There is no answer now (``cannot-look``).
    """
    try:
        response = await call()
    except httpx.HTTPError as error:
        raise LuthierError("cannot-look", _lost(what, error)) from error
    answer = json_of(response)
    if not response.is_success or not isinstance(answer, dict):
        raise LuthierError("cannot-look", f"{what}: {_shown(response)}")
    return answer


def traced(reach: Reach) -> dict[str, Any]:
    """Return request extensions that tell ``reach`` when the bytes of a request have left."""

    async def trace(event: str, _info: Any) -> None:
        if event.endswith("send_request_headers.started"):
            reach("before-bytes-leave")
        elif event.endswith("send_request_body.complete"):
            reach("after-bytes-left")
        elif event.endswith("receive_response_headers.complete"):
            reach("after-first-answer")

    return {"trace": trace}


def json_of(response: httpx.Response) -> Any:
    """Return an answer's JSON, None where it has none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


async def in_thread(call: Callable[[], str]) -> str:
    """Run a token library, which blocks, beside the event loop."""
    return await asyncio.to_thread(call)


def _refusal(what: str, response: httpx.Response, *, retryable: bool) -> NotSent:
    status = response.status_code
    limited = status == httpx.codes.TOO_MANY_REQUESTS or bool(
        _reasons(response) & _RETRYABLE_REASONS
    )
    advice = ""
    if status in {401, 403} and not limited:
        advice = "Check the account's credentials block and the scopes that it was granted."
    wait_s = _wait_s(response)
    if wait_s > _TELLING_WAIT_S:
        advice = advice or f"The provider wants to be left alone for {wait_s / 60:,.0f} minutes."
    return NotSent(
        "provider-busy" if limited else "provider-refused",
        f"{what}: {_shown(response)}",
        advice,
        retryable=retryable or limited,
        wait_s=wait_s,
    )


def _reasons(response: httpx.Response) -> set[str]:
    """Return the reasons in an error body, as Google and as Microsoft name them."""
    body = json_of(response)
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return set()
    listed = error.get("errors")
    reasons = (
        {str(each.get("reason")) for each in listed if isinstance(each, dict)}
        if (isinstance(listed, list))
        else set()
    )
    return reasons | {str(error.get("code"))}


def _wait_s(response: httpx.Response) -> float:
    """Return how long the provider wants to be left alone: seconds or a date, else not at all."""
    value = response.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _shown(response: httpx.Response) -> str:
    body = json_of(response)
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    text = str(message or response.text).strip().replace("\0", "\ufffd")[:_SHOWN]
    return f"status {response.status_code}" + (f": {text}" if text else "")


def _lost(what: str, error: httpx.HTTPError) -> str:
    return f"{what}: {type(error).__name__}" + (f": {error}" if str(error) else "") + "."
