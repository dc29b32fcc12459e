"""Gmail: a message is sent raw, and found again by its Message-ID or its own header."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from prefect_luthier.blocks.mail_credentials import GmailCredentials
from prefect_luthier.flows.effects.adapter import NotSent, Reach, Sending, Sighting
from prefect_luthier.flows.effects.http_answers import (
    commit,
    in_thread,
    json_of,
    look,
    traced,
)
from prefect_luthier.flows.effects.mail.message import MARKER_HEADER, Marks, Message, rfc822
from prefect_luthier.flows.effects.tokens import forget_token, gmail_token, is_local, tls

_MOST_INLINE_BYTES = 3 * 1024 * 1024
_PAGE = 100
_PAGES = 3


@dataclass(frozen=True)
class GmailAdapter:
    """Sends one message from one account.

    Args:
        credentials: The account.
        message: What to send.
        marks: How it is found again.
    """

    credentials: GmailCredentials
    message: Message
    marks: Marks
    provider: str = "google"
    can_look: bool = True

    @asynccontextmanager
    async def prepared(self, *, again: bool) -> AsyncIterator[Sending]:  # noqa: ARG002 - no drafts
        """Write the message and sign in; see `Adapter`."""
        raw = rfc822(self.message, self.marks, with_bcc=True)
        async with self._client() as client:

            async def send(reach: Reach) -> dict[str, Any]:
                return await self._send(client, raw, reach)

            yield Sending({}, send)

    async def _send(self, client: httpx.AsyncClient, raw: bytes, reach: Reach) -> dict[str, Any]:
        async def call() -> httpx.Response:
            if len(raw) > _MOST_INLINE_BYTES:
                return await client.post(
                    "/upload/gmail/v1/users/me/messages/send",
                    params={"uploadType": "media"},
                    headers={"Content-Type": "message/rfc822"},
                    content=raw,
                    extensions=traced(reach),
                )
            body = {"raw": base64.urlsafe_b64encode(raw).decode()}
            return await client.post(
                "/gmail/v1/users/me/messages/send", json=body, extensions=traced(reach)
            )

        try:
            answer = json_of(await commit(call, "Gmail, sending"))
        except NotSent as error:
            if error.code == "provider-refused":
                forget_token(self.credentials)
            raise
        return _reference(answer if isinstance(answer, dict) else {})

    async def look(self, reference: Mapping[str, Any]) -> Sighting:  # noqa: ARG002 - by marks only
        """Search all mail by Message-ID, then what was sent lately by our own header."""
        async with self._client() as client:
            found = await self._search(client, f"rfc822msgid:{self.marks.message_id[1:-1]}")
            for each in found.get("messages") or []:
                seen = await self._read(client, each["id"])
                if "DRAFT" not in (seen.get("labelIds") or []):
                    return Sighting("sent", _reference(seen))
            return await self._look_by_header(client)

    async def _look_by_header(self, client: httpx.AsyncClient) -> Sighting:
        """Look through the messages sent since: Gmail may have given ours another Message-ID."""
        query = f"in:sent after:{int(self.marks.date.timestamp()) - 300}"
        page: dict[str, Any] = {}
        for _ in range(_PAGES):
            page = await self._search(client, query, page.get("nextPageToken"))
            for each in page.get("messages") or []:
                seen = await self._read(client, each["id"])
                headers = (seen.get("payload") or {}).get("headers") or []
                if any(_is_ours(header, self.marks.request) for header in headers):
                    return Sighting("sent", _reference(seen))
            if not page.get("nextPageToken"):
                return Sighting("absent")
        return Sighting("undecided", reason="too many messages were sent since then to look at all")

    async def _search(
        self, client: httpx.AsyncClient, query: str, page_token: str | None = None
    ) -> dict[str, Any]:
        params = {"q": query, "includeSpamTrash": "true", "maxResults": str(_PAGE)}
        if page_token:
            params["pageToken"] = page_token
        return await look(
            lambda: client.get("/gmail/v1/users/me/messages", params=params), "Gmail, searching"
        )

    async def _read(self, client: httpx.AsyncClient, message_id: str) -> dict[str, Any]:
        return await look(
            lambda: client.get(
                f"/gmail/v1/users/me/messages/{message_id}",
                params={"format": "metadata", "metadataHeaders": MARKER_HEADER},
            ),
            "Gmail, reading",
        )

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        token = await in_thread(lambda: gmail_token(self.credentials))
        async with httpx.AsyncClient(
            base_url=self.credentials.base_url,
            timeout=self.credentials.timeout_s,
            headers={"Authorization": f"Bearer {token}"},
            trust_env=not is_local(self.credentials.base_url),
            verify=tls(),
        ) as client:
            yield client


def _reference(message: Mapping[str, Any]) -> dict[str, Any]:
    names = {"id": "gmail_id", "threadId": "gmail_thread_id"}
    return {ours: str(message[theirs]) for theirs, ours in names.items() if message.get(theirs)}


def _is_ours(header: Mapping[str, Any], request: str) -> bool:
    return str(header.get("name", "")).lower() == MARKER_HEADER.lower() and (
        str(header.get("value", "")).strip() == request
    )
