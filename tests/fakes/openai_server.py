"""A scripted OpenAI-compatible server over real HTTP.

Each request to `/chat/completions` takes the next step of the script:

    {"answer": {...}}                an object: arguments of the demanded call, or JSON content
    {"raw": "{not json"}             the same, word for word
    {"text": "Hello"}                plain content
    {"refusal": "I will not."}       the message's refusal
    {"status": 429, "error": {"message": "slow down"}, "headers": {"Retry-After": "0"}}
    {"body": "<html>"}               this body instead of a completion, as `content_type`
    {"reset": true}                  the connection is reset without an answer

with, besides: "finish_reason", "usage" ({"prompt_tokens", "completion_tokens"}, null for none),
"delay_s" (before the answer), "chunk_delay_s" (between pieces of it), "expect" (a text that must
stand in the request, else 400) and "repeat": true (answers every later request as well).

Requests are checked as OpenAI checks them: a `strict` schema that is not closed, or uses `oneOf`,
gives 400. `GET /requests` returns what was received.

Usage: python tests/fakes/openai_server.py --port 8080 --script FILE
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DEFAULT_USAGE = {"prompt_tokens": 100, "completion_tokens": 20}
PIECE_BYTES = 16


class OpenAIServer(ThreadingHTTPServer):
    """The server; `requests` holds the bodies that it received, in order.

    Args:
        script: One step for each request.
        port: Port on loopback; 0 takes a free one.
        key: The key that requests must carry; None accepts any.
        tools: Whether the server knows function calls.
    """

    daemon_threads = True

    def __init__(
        self,
        script: Iterable[Mapping[str, Any]] = (),
        *,
        port: int = 0,
        key: str | None = None,
        tools: bool = True,
    ) -> None:
        self.script = [dict(step) for step in script]
        self.key = key
        self.tools = tools
        self.requests: list[dict[str, Any]] = []
        self.taken = 0
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        """Base URL for a client."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def next_step(self, body: dict[str, Any]) -> dict[str, Any]:
        """Record a request and return its step; a spent script is an error of the test."""
        with self.lock:
            self.requests.append(body)
            if self.taken >= len(self.script):
                return _error(500, f"the script has only {len(self.script)} steps")
            step = self.script[self.taken]
            if not step.get("repeat"):
                self.taken += 1
            return step

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet when a client hangs up; that is what several tests do."""


@contextmanager
def scripted(*script: Mapping[str, Any], **options: Any) -> Iterator[OpenAIServer]:
    """Run a server in a thread for the length of a block."""
    server = OpenAIServer(script, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OpenAIServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer `/requests` and `/models`."""
        if self.path.endswith("/requests"):
            return self._send(200, self.server.requests)
        if self.path.endswith("/models"):
            return self._send(200, {"object": "list", "data": [{"id": "scripted"}]})
        return self._send(404, {"error": {"message": f"no {self.path}"}})

    def do_POST(self) -> None:
        """Answer one chat completion by the next step of the script."""
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length) or b"{}")
        if not self.path.endswith("/chat/completions"):
            return self._send(404, {"error": {"message": f"no {self.path}"}})
        if problem := _problem(self.server, body, self.headers.get("Authorization")):
            return self._play(problem, body)
        step = self.server.next_step(body)
        if step.get("expect", "") not in json.dumps(body, ensure_ascii=False):
            step = _error(400, f"the request does not hold {step['expect']!r}")
        return self._play(step, body)

    def _play(self, step: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        time.sleep(step.get("delay_s", 0))
        if step.get("reset"):
            return self._reset()
        if "body" in step:
            return self._send_bytes(
                step.get("status", 200),
                step["body"].encode(),
                step.get("content_type", "application/json"),
                step,
            )
        if step.get("status", 200) != 200:
            return self._send(step["status"], {"error": step.get("error", {})}, step)
        completion = _completion(step, body)
        if body.get("stream"):
            return self._stream(completion, step, body)
        return self._send(200, completion, step)

    def _send(self, status: int, document: Any, step: Mapping[str, Any] | None = None) -> None:
        self._send_bytes(status, json.dumps(document).encode(), "application/json", step or {})

    def _send_bytes(self, status: int, data: bytes, kind: str, step: Mapping[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in step.get("headers", {}).items():
            self.send_header(name, value)
        self.end_headers()
        self._write(data, step)

    def _write(self, data: bytes, step: Mapping[str, Any]) -> None:
        pause_s = step.get("chunk_delay_s", 0)
        if not pause_s:
            self.wfile.write(data)
            return
        for start in range(0, len(data), PIECE_BYTES):
            self.wfile.write(data[start : start + PIECE_BYTES])
            self.wfile.flush()
            time.sleep(pause_s)

    def _stream(
        self, completion: dict[str, Any], step: Mapping[str, Any], body: Mapping[str, Any]
    ) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
        for chunk in _chunks(completion, with_usage=with_usage):
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(step.get("chunk_delay_s", 0))
        self.wfile.write(b"data: [DONE]\n\n")

    def _reset(self) -> None:
        self.close_connection = True
        # Lingering for zero seconds makes close() send RST instead of FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _error(status: int, message: str, **more: Any) -> dict[str, Any]:
    return {"status": status, "error": {"message": message, "type": "invalid_request_error"} | more}


def _problem(
    server: OpenAIServer, body: Mapping[str, Any], authorization: str | None
) -> dict[str, Any] | None:
    if server.key is not None and authorization != f"Bearer {server.key}":
        return _error(401, f"Incorrect API key provided: {authorization}.", code="invalid_api_key")
    if not body.get("messages") or not body.get("model"):
        return _error(400, "you must provide `model` and `messages`")
    if body.get("tools") and not server.tools:
        return _error(400, f"{body['model']} does not support tools")
    for name, schema in _strict_schemas(body):
        if flaw := strict_schema_flaw(schema):
            return _error(400, f"Invalid schema for {name!r}: {flaw}", code="invalid_schema")
    return None


def _strict_schemas(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for tool in body.get("tools") or ():
        if tool["function"].get("strict"):
            yield tool["function"]["name"], tool["function"]["parameters"]
    wanted = (body.get("response_format") or {}).get("json_schema")
    if wanted and wanted.get("strict"):
        yield wanted["name"], wanted["schema"]


def strict_schema_flaw(schema: Any, where: str = "#") -> str | None:
    """Return why OpenAI's strict mode would refuse a schema, None when it would not."""
    if where == "#" and schema.get("type") != "object":
        return "the root must be an object"
    if isinstance(schema, list):
        flaws = (strict_schema_flaw(item, f"{where}/{n}") for n, item in enumerate(schema))
        return next(filter(None, flaws), None)
    if not isinstance(schema, dict):
        return None
    for word in ("oneOf", "allOf", "not", "default", "patternProperties", "minLength"):
        if word in schema and not where.endswith("/properties"):
            return f"{where}: {word!r} is not permitted"
    if schema.get("type") == "object" and not where.endswith("/properties"):
        if schema.get("additionalProperties") is not False:
            return f"{where}: 'additionalProperties' is required to be false"
        if sorted(schema.get("required", ())) != sorted(schema.get("properties", {})):
            return f"{where}: 'required' must hold every property"
    flaws = (strict_schema_flaw(value, f"{where}/{key}") for key, value in schema.items())
    return next(filter(None, flaws), None)


def _completion(step: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    reason = "stop"
    raw = step["raw"] if "raw" in step else json.dumps(step.get("answer"))
    if "refusal" in step:
        message["refusal"] = step["refusal"]
    elif "text" in step:
        message["content"] = step["text"]
    elif body.get("tools"):
        called = {"name": body["tools"][0]["function"]["name"], "arguments": raw}
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": called}]
        reason = "tool_calls"
    else:
        message["content"] = raw
    usage = step.get("usage", DEFAULT_USAGE)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": step.get("finish_reason", reason)}
        ],
        "usage": usage and usage | {"total_tokens": sum(usage.values())},
    }


def _chunks(completion: dict[str, Any], *, with_usage: bool) -> Iterator[dict[str, Any]]:
    head = {key: completion[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    choice = completion["choices"][0]

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant"})
    message = choice["message"]
    for call in message.get("tool_calls", ()):
        arguments = call["function"]["arguments"]
        for start in range(0, max(1, len(arguments)), PIECE_BYTES):
            piece: dict[str, Any] = {"arguments": arguments[start : start + PIECE_BYTES]}
            first = {"id": call["id"], "type": "function"} if start == 0 else {}
            piece |= {"name": call["function"]["name"]} if start == 0 else {}
            yield chunk({"tool_calls": [{"index": 0, "function": piece} | first]})
    for field in ("content", "refusal"):
        text = message[field] or ""
        for start in range(0, len(text), PIECE_BYTES):
            yield chunk({field: text[start : start + PIECE_BYTES]})
    yield chunk({}, choice["finish_reason"])
    if with_usage:
        yield head | {"choices": [], "usage": completion["usage"]}


def main() -> None:
    """Serve a script from a file until interrupted."""
    parser = argparse.ArgumentParser(description="A scripted OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--script", type=Path, required=True, help="JSON list of steps")
    parser.add_argument("--key", help="demand this key")
    parser.add_argument("--no-tools", action="store_true", help="refuse function calls")
    options = parser.parse_args()
    server = OpenAIServer(
        json.loads(options.script.read_text()),
        port=options.port,
        key=options.key,
        tools=not options.no_tools,
    )
    print(f"serving {len(server.script)} steps at {server.url}", flush=True)  # noqa: T201
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
