"""A real SMTP server that keeps what it takes, with faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass
class Sink:
    """What was taken, and what goes wrong next.

    Args:
        faults: The next deliveries' faults: ``reject``, ``busy``, ``drop-before``, ``drop-after``.
        refused: Recipients that the server does not know.
        on_accept: Called after a message was taken and before the answer.
    """

    port: int = 0
    messages: list[tuple[tuple[str, ...], Message]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    on_accept: Callable[[], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        with self.lock:
            fault = self.faults.pop(0) if self.faults else ""
            if fault in {"reject", "busy"}:
                return "554 5.6.0 content refused" if fault == "reject" else "451 4.3.0 try later"
            if fault != "drop-before":
                mail = message_from_bytes(envelope.content, policy=default)
                self.messages.append((tuple(envelope.rcpt_tos), mail))
        if fault.startswith("drop"):
            server.transport.abort()
        if self.on_accept is not None:
            self.on_accept()
        return "250 2.0.0 taken"


def _authenticate(*given: Any) -> AuthResult:
    login = given[-1]
    right = isinstance(login, LoginPassword) and login == LoginPassword(b"ann", b"sesame")
    return AuthResult(success=right, handled=False)


class _OnFreePort(Controller):
    """A controller that finds out which port it was given."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def sinking(*, login: bool = False) -> Iterator[Sink]:
    """Run a sink in a thread for the length of a block."""
    sink = Sink()
    options = {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": False}
    controller = _OnFreePort(sink, hostname="127.0.0.1", port=0, **(options if login else {}))
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()
