"""SMTP: nobody can be asked afterwards, so only the last step can be in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiosmtplib

from prefect_luthier.blocks.mail_credentials import SmtpCredentials
from prefect_luthier.flows.effects.adapter import Doubtful, NotSent, Reach, Sending, Sighting
from prefect_luthier.flows.effects.mail.message import Marks, Message, rfc822

_TRANSIENT = range(400, 500)  # RFC 5321, 4.2.1: try again later


@dataclass(frozen=True)
class SmtpAdapter:
    """Sends one message through one server.

    Args:
        credentials: The server.
        message: What to send.
        marks: How people find it again, in logs and mailboxes.
    """

    credentials: SmtpCredentials
    message: Message
    marks: Marks
    provider: str = "smtp"
    can_look: bool = False

    @asynccontextmanager
    async def prepared(self, *, again: bool) -> AsyncIterator[Sending]:  # noqa: ARG002 - no drafts
        """Connect, sign in and name everybody: until the text follows, nothing is sent."""
        raw = rfc822(self.message, self.marks)
        client = self._client()
        try:
            try:
                await self._open(client)
            except aiosmtplib.SMTPResponseException as error:
                raise _refusal(error.code, error.message) from error
            except (aiosmtplib.SMTPException, OSError) as error:
                raise NotSent(
                    "provider-unreachable", f"SMTP, connecting: {error}.", retryable=True
                ) from error

            async def send(reach: Reach) -> dict[str, Any]:
                return await _send(client, raw, reach)

            yield Sending({}, send)
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1.0)
            client.close()

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        await client.connect()
        given = self.credentials
        if given.username is not None and given.password is not None:
            await client.login(given.username, given.password.get_secret_value())
        await client.mail(given.sender)
        for box in self.message.recipients:
            await client.rcpt(box.address)

    async def look(self, reference: Mapping[str, Any]) -> Sighting:  # noqa: ARG002 - nobody to ask
        """Say that nobody can tell; see `Adapter`."""
        return Sighting("undecided", reason="a mail server cannot be asked what it took")

    def _client(self) -> aiosmtplib.SMTP:
        given = self.credentials
        return aiosmtplib.SMTP(
            hostname=given.host,
            port=given.port,
            use_tls=given.security == "tls",
            start_tls=given.security == "starttls",
            timeout=given.timeout_s,
        )


async def _send(client: aiosmtplib.SMTP, raw: bytes, reach: Reach) -> dict[str, Any]:
    reach("before-bytes-leave")
    try:
        response = await client.data(raw)
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal(error.code, error.message) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Doubtful("no-answer", f"SMTP, sending: {error}.") from error
    reach("after-first-answer")
    return {"smtp_answer": response.message[:200]}


def _refusal(code: int, message: str) -> NotSent:
    return NotSent(
        "provider-busy" if code in _TRANSIENT else "provider-refused",
        f"SMTP: {code} {message[:400]}",
        "Check the account's credentials block." if code in {530, 534, 535} else "",
        retryable=code in _TRANSIENT,
    )
