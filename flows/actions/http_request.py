"""`http.request`: one HTTP request, with its answer checked."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)

if TYPE_CHECKING:
    import httpx

Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]

# Only these may be sent again when it is unknown whether the first one arrived.
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
_PASSING_STATUSES = frozenset({429, 502, 503, 504})
_MAX_BODY_BYTES = 32 * 1024 * 1024
_LONGEST_WAIT_S = 60.0


class HttpRequestInputs(ActionInputs):
    """The request, and which answers are right."""

    url: str = Field(min_length=1, description="Address, http or https.")
    method: Method = Field(default="GET", description="HTTP method.")
    headers: dict[str, str] = Field(default={}, description="Headers.")
    secret_headers: dict[str, SecretStr] = Field(
        default={},
        description="Headers whose values are secrets, e.g. `Authorization`.",
        json_schema_extra={"format": "password", "writeOnly": True},
    )
    query: dict[str, str | int | float | bool] = Field(
        default={}, description="Query parameters added to the address."
    )
    json_body: Any = Field(
        default=None, alias="json", description="Body, sent as JSON; null sends none."
    )
    body: str | None = Field(default=None, description="Body, sent as it is.")
    expected_status: list[int] = Field(
        default=[], description="Statuses that are right; by default 200 to 299."
    )
    timeout_s: float = Field(default=30.0, gt=0, le=3600, description="Longest time, seconds.")
    retries: int = Field(
        default=2,
        ge=0,
        le=10,
        description="Further tries after a broken connection or status 429, 502, 503, 504; "
        "never for POST and PATCH.",
    )
    follow_redirects: bool = Field(default=True, description="Whether to follow redirects.")

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value


class HttpRequestOutputs(ActionOutputs):
    """The answer."""

    status: int = Field(description="HTTP status.")
    text: str = Field(description="Body as text.")
    json_: Any = Field(serialization_alias="json", description="Body as JSON, or null.")
    headers: dict[str, str] = Field(description="Headers, names in lower case.")
    url: str = Field(description="Address after redirects.")


async def _run(inputs: HttpRequestInputs, context: ActionContext) -> HttpRequestOutputs:
    import httpx  # noqa: PLC0415 - validating must not pay for it

    _check(inputs)
    attempts = 1 + (inputs.retries if inputs.method in _IDEMPOTENT else 0)
    timeout = httpx.Timeout(inputs.timeout_s)
    async with httpx.AsyncClient(
        timeout=timeout, follow_redirects=inputs.follow_redirects
    ) as client:
        for attempt in range(1, attempts + 1):
            answer = await _attempt(client, inputs, last=attempt == attempts)
            if isinstance(answer, HttpRequestOutputs):
                context.log(f"{inputs.method} {shown_url(inputs.url)}: {answer.status}")
                return answer
            context.log(f"{answer}; attempt {attempt} of {attempts}, trying again")
            await asyncio.sleep(min(_LONGEST_WAIT_S, 2.0**attempt * random.uniform(0.25, 0.5)))  # noqa: S311 - jitter
    raise AssertionError("the last attempt returns or raises")  # pragma: no cover


def _check(inputs: HttpRequestInputs) -> None:
    if urlsplit(inputs.url).scheme not in {"http", "https"}:
        raise LuthierError(
            "bad-url",
            f"{shown_url(inputs.url)!r} is no http or https address.",
            "Begin with https://.",
        )
    if inputs.json_body is not None and inputs.body is not None:
        raise LuthierError("two-bodies", "json and body are both given.", "Give one of them.")


async def _attempt(
    client: httpx.AsyncClient, inputs: HttpRequestInputs, *, last: bool
) -> HttpRequestOutputs | str:
    """Send the request once; return the answer, or why it should be sent again.

    Raises:
        LuthierError: The answer is wrong, or there was none and this was the ``last`` attempt.
    """
    import httpx  # noqa: PLC0415

    where = f"{inputs.method} {shown_url(inputs.url)}"
    try:
        async with asyncio.timeout(inputs.timeout_s):
            answer = await _send(client, inputs)
    except (httpx.TimeoutException, TimeoutError):
        reason = f"{where}: no answer within {inputs.timeout_s:g} s"
        error = LuthierError("no-answer", f"{reason}.", "Check the address, or raise timeout_s.")
    except httpx.TransportError as failure:
        reason = f"{where}: {failure or type(failure).__name__}"
        error = LuthierError("no-connection", f"{reason}.", "Check the address and the network.")
    except (httpx.InvalidURL, httpx.TooManyRedirects, ValueError) as failure:
        raise LuthierError("bad-request", f"{where}: {failure}.") from None
    else:
        if _is_expected(answer.status, inputs.expected_status):
            return answer
        reason = f"{where}: status {answer.status}"
        expected = ", ".join(map(str, inputs.expected_status)) or "200 to 299"
        error = LuthierError(
            "unexpected-status", f"{reason}, expected {expected}. {answer.text[:500]}".strip()
        )
        last = last or answer.status not in _PASSING_STATUSES
    if last:
        raise error
    return reason


async def _send(client: httpx.AsyncClient, inputs: HttpRequestInputs) -> HttpRequestOutputs:
    secret = {name: value.get_secret_value() for name, value in inputs.secret_headers.items()}
    async with client.stream(
        inputs.method,
        inputs.url,
        headers={**inputs.headers, **secret},
        params=inputs.query or None,
        json=inputs.json_body,
        content=inputs.body,
    ) as response:
        body = bytearray()
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _MAX_BODY_BYTES:
                raise LuthierError(
                    "answer-too-large",
                    f"{inputs.method} {shown_url(inputs.url)}: the body is larger than "
                    f"{_MAX_BODY_BYTES} bytes.",
                )
        return _outputs(response, bytes(body))


def _outputs(response: httpx.Response, body: bytes) -> HttpRequestOutputs:
    import json  # noqa: PLC0415

    try:
        text = body.decode(response.charset_encoding or "utf-8", errors="replace")
    except LookupError:  # the server named an encoding that does not exist
        text = body.decode(errors="replace")
    parsed = None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    return HttpRequestOutputs(
        status=response.status_code,
        text=text.replace("\0", "\ufffd"),
        json_=parsed,
        headers={name.lower(): value for name, value in response.headers.items()},
        url=shown_url(str(response.url)),
    )


def _is_expected(status: int, expected: list[int]) -> bool:
    return status in expected if expected else 200 <= status < 300  # noqa: PLR2004 - HTTP's range


def shown_url(url: str) -> str:
    """Return an address without user, password and query, for messages."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()


HTTP_REQUEST = Action(
    slug="http.request",
    version="1.0.0",
    description="Send an HTTP request: call a web API or webhook, fetch or download a page or "
    "JSON from a URL, check that a site or service answers.",
    inputs=HttpRequestInputs,
    outputs=HttpRequestOutputs,
    run=_run,
    capabilities=Capabilities(network=("*",)),
)
