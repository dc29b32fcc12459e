"""The base of the mail providers' fakes: real HTTP on loopback, with faults on demand.

A fault is put into `server.faults`; the first one whose `on` is the operation of a request is
taken and used up:

    Fault("send", "timeout-before")   nothing is done, and no answer comes
    Fault("send", "timeout-after")    it is done, and no answer comes
    Fault("send", "reset-before")     nothing is done, and the connection is reset
    Fault("send", "reset-after")      it is done, and the connection is reset
    Fault("send", "status-before", status=429, headers={"Retry-After": "0"})
    Fault("send", "status-after", status=500)     it is done, and the answer says otherwise
    Fault("send", "late", delay_s=0.5)            it is done after the client has given up
    Fault("send", "twice")            it is done twice, as when a proxy repeats a request

`server.on_accept` is called after an effect and before the answer; a test can kill the client
there.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SILENCE_S = 30.0


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request."""

    on: str
    kind: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


@dataclass(frozen=True)
class Request:
    """One request, read."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, None where it has none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        """Return the body as a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class FaultServer(ThreadingHTTPServer):
    """A provider; `operation` names what a request asks for, `handle_call` does it."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.on_accept: Callable[[], None] | None = None
        self.lock = threading.RLock()
        self.closing = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Base URL for a client."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def operation(self, request: Request) -> str:
        """Return the name of what a request asks for."""
        raise NotImplementedError

    def handle_call(self, operation: str, request: Request) -> Reply:
        """Do what a request asks for."""
        raise NotImplementedError

    def error_body(self, status: int) -> Any:
        """Return the provider's own form of an error."""
        raise NotImplementedError

    def take_fault(self, operation: str) -> Fault | None:
        """Return the fault of this request, and use it up."""
        with self.lock:
            self.calls.append(operation)
            for fault in self.faults:
                if fault.on == operation:
                    self.faults.remove(fault)
                    return fault
        return None

    def accepted(self, operation: str) -> None:
        """Tell whoever listens that an effect has happened."""
        if operation == "send" and self.on_accept is not None:
            self.on_accept()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet when a client hangs up; that is what the tests do."""


@contextmanager
def serving(server: FaultServer) -> Iterator[FaultServer]:
    """Run a server in a thread for the length of a block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""

    def do_GET(self) -> None:
        """Answer a request, or do what its fault says instead."""
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        operation = self.server.operation(request)
        self._answer(operation, request, self.server.take_fault(operation))

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

    def _answer(self, operation: str, request: Request, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        if fault and kind == "late":
            self.close_connection = True
            time.sleep(fault.delay_s)
        if not kind.endswith("-before"):
            with self.server.lock:
                reply = self.server.handle_call(operation, request)
            if reply.status < 300:
                self.server.accepted(operation)
                if kind == "twice":
                    self.server.handle_call(operation, request)
            if kind in {"", "twice"}:
                return self._send(reply)
        assert fault is not None
        if kind.startswith("timeout"):
            self.server.closing.wait(_SILENCE_S)
            self.close_connection = True
        elif kind.startswith("reset"):
            self._reset()
        elif kind.startswith("status"):
            time.sleep(fault.delay_s)
            self._send(Reply(fault.status, self.server.error_body(fault.status), fault.headers))
        return None

    def _send(self, reply: Reply) -> None:
        body = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()
