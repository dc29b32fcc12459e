"""`http.request`, against a real server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions import http_request
from prefect_luthier.flows.actions.builtin import BUILTIN_ACTIONS


class Server(ThreadingHTTPServer):
    """Answers from a list of statuses, then 200, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.body = b'{"a": [1]}'
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Handles every method alike."""

    server: Server

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.requests.append(
            {
                "method": self.command,
                "path": self.path,
                "headers": {k.lower(): v for k, v in self.headers.items()},
                "body": self.rfile.read(length).decode(),
            }
        )
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _handle  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    """Give a running server; waits between tries are short."""
    monkeypatch.setattr(http_request, "_LONGEST_WAIT_S", 0.01)
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()


async def test_answer_is_read_as_text_and_json(call, server):
    """Status, text, JSON and headers are outputs."""
    out = await call("http.request", url=server.url, query={"q": "a b", "n": 1})
    assert (out["status"], out["json"], out["text"]) == (200, {"a": [1]}, '{"a": [1]}')
    assert out["headers"]["content-length"] == "10"
    assert server.requests[0]["path"] == "/?q=a+b&n=1"


async def test_json_body_and_headers_are_sent(call, server):
    """A JSON body is sent as such; secret headers are sent and never shown."""
    out = await call(
        "http.request",
        url=server.url,
        method="post",
        json={"x": "ü"},
        headers={"X-A": "1"},
        secret_headers={"Authorization": "Bearer hunter2"},
    )
    sent = server.requests[0]
    assert json.loads(sent["body"]) == {"x": "ü"}
    assert sent["headers"]["x-a"] == "1"
    assert sent["headers"]["authorization"] == "Bearer hunter2"
    assert "hunter2" not in str(out)


def test_secret_headers_are_marked_in_the_schema():
    """The validator lets a secret stand only where the schema says so."""
    schema = BUILTIN_ACTIONS["http.request"].entry.input_schema
    assert schema is not None
    assert schema["properties"]["secret_headers"]["writeOnly"] is True


@pytest.mark.parametrize(
    ("method", "requests"), [("GET", 3), ("PUT", 3), ("POST", 1), ("PATCH", 1)]
)
async def test_only_idempotent_requests_are_sent_again(call, server, method, requests):
    """A request that may have had an effect is never repeated."""
    server.statuses = [503, 429]
    if requests == 1:
        with pytest.raises(LuthierError, match="503"):
            await call("http.request", url=server.url, method=method)
    else:
        assert (await call("http.request", url=server.url, method=method))["status"] == 200
    assert len(server.requests) == requests


async def test_retries_end(call, server):
    """After the last try the error tells the status."""
    server.statuses = [502] * 9
    with pytest.raises(LuthierError) as caught:
        await call("http.request", url=server.url, retries=2)
    assert caught.value.code == "unexpected-status"
    assert len(server.requests) == 3


@pytest.mark.parametrize(("expected", "status"), [([404], 404), ([200, 201], 201)])
async def test_expected_statuses_are_right(call, server, expected, status):
    """Any status can be declared right, an error too."""
    server.statuses = [status]
    out = await call("http.request", url=server.url, expected_status=expected)
    assert out["status"] == status


async def test_unexpected_status_quotes_the_answer(call, server):
    """The error tells what was expected, and how the server explained itself."""
    server.statuses, server.body = [422], b"field x is missing"
    with pytest.raises(LuthierError, match=r"status 422, expected 200 to 299.*field x is missing"):
        await call("http.request", url=server.url)


async def test_server_that_is_away_is_an_error(call, server):
    """A refused connection is told, with the address and without its query."""
    with pytest.raises(LuthierError) as caught:
        await call("http.request", url="http://u:hunter2@127.0.0.1:1/p?key=hunter2", retries=1)
    assert caught.value.code == "no-connection"
    assert "hunter2" not in str(caught.value)
    assert "http://127.0.0.1:1/p" in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://host/", "file:///etc/passwd", "host", "http://"])
async def test_only_http_addresses_are_asked(call, url):
    """No other scheme, and no address without a host."""
    with pytest.raises(LuthierError):
        await call("http.request", url=url, retries=0)


async def test_two_bodies_are_refused(call, server):
    """A body is JSON or text, not both."""
    with pytest.raises(LuthierError, match="both"):
        await call("http.request", url=server.url, method="POST", json=1, body="x")


async def test_too_large_an_answer_is_an_error(call, server, monkeypatch):
    """An endless answer does not fill the memory."""
    monkeypatch.setattr(http_request, "_MAX_BODY_BYTES", 100)
    server.body = b"x" * 200
    with pytest.raises(LuthierError, match="larger than 100 bytes"):
        await call("http.request", url=server.url)
