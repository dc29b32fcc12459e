"""Microsoft Graph: a draft with our mark is written, then sent, and found again by the mark."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from prefect_luthier.blocks.mail_credentials import OutlookCredentials
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.adapter import Doubtful, NotSent, Reach, Sending, Sighting
from prefect_luthier.flows.effects.http_answers import (
    commit,
    in_thread,
    json_of,
    look,
    prepare,
    traced,
)
from prefect_luthier.flows.effects.mail.addresses import Mailbox
from prefect_luthier.flows.effects.mail.message import MARKER_HEADER, Marks, Message, thread
from prefect_luthier.flows.effects.tokens import forget_token, is_local, outlook_token, tls

# A named MAPI property in the public-strings set, which $filter can search.
MARK_PROPERTY = "String {00020329-0000-0000-c000-000000000046} Name LuthierRequest"
_IN_REPLY_TO = "String 0x1042"  # PidTagInReplyToId
_REFERENCES = "String 0x1039"  # PidTagInternetReferences
_MOST_INLINE_BYTES = 3_000_000  # Graph takes larger files only through an upload session


@dataclass(frozen=True)
class GraphAdapter:
    """Sends one message from one mailbox.

    Args:
        credentials: The mailbox.
        message: What to send.
        marks: How it is found again.
    """

    credentials: OutlookCredentials
    message: Message
    marks: Marks
    provider: str = "microsoft"
    can_look: bool = True

    @asynccontextmanager
    async def prepared(self, *, again: bool) -> AsyncIterator[Sending]:
        """Write the draft, or take the one that an earlier attempt left; see `Adapter`."""
        draft = draft_of(self.message, self.marks)
        async with self._client() as client:
            draft_id = await self._left_draft(client) if again else None
            if draft_id is None:
                draft_id = await self._write(client, draft)
            path = f"{self._root}/messages/{quote(draft_id, safe='')}/send"

            async def send(reach: Reach) -> dict[str, Any]:
                try:
                    await commit(
                        lambda: client.post(path, extensions=traced(reach)), "Outlook, sending"
                    )
                except NotSent as error:
                    if again and not error.retryable:  # the draft may have gone out before
                        raise Doubtful(error.code, error.message) from error
                    raise
                return {"outlook_id": draft_id}

            yield Sending({"outlook_id": draft_id}, send)

    async def _left_draft(self, client: httpx.AsyncClient) -> str | None:
        try:
            seen = await self._sighting(client)
        except LuthierError as error:
            raise NotSent(error.code, error.message, retryable=True) from error
        return str(seen.reference["outlook_id"]) if seen.verdict == "unsent" else None

    async def _write(self, client: httpx.AsyncClient, draft: Mapping[str, Any]) -> str:
        try:
            response = await prepare(
                lambda: client.post(f"{self._root}/messages", json=draft),
                "Outlook, writing a draft",
            )
        except NotSent as error:
            if error.code == "provider-refused":
                forget_token(self.credentials)
            raise
        answer = json_of(response)
        if not isinstance(answer, dict) or not answer.get("id"):
            raise NotSent("provider-refused", "Outlook gave no id for the draft.", retryable=True)
        return str(answer["id"])

    async def look(self, reference: Mapping[str, Any]) -> Sighting:  # noqa: ARG002 - by marks only
        """Search all folders for our mark; see `Adapter`."""
        async with self._client() as client:
            return await self._sighting(client)

    async def _sighting(self, client: httpx.AsyncClient) -> Sighting:
        mark = self.marks.request.replace("'", "''")
        found = await look(
            lambda: client.get(
                f"{self._root}/messages",
                params={
                    "$filter": "singleValueExtendedProperties/Any(ep: "
                    f"ep/id eq '{MARK_PROPERTY}' and ep/value eq '{mark}')",
                    "$select": "id,isDraft,internetMessageId,parentFolderId",
                },
            ),
            "Outlook, searching",
        )
        messages = [each for each in found.get("value") or [] if isinstance(each, dict)]
        for each in messages:
            if each.get("isDraft") is False:
                return Sighting("sent", {"outlook_id": str(each.get("id"))})
        if messages:
            return Sighting("unsent", {"outlook_id": str(messages[0].get("id"))})
        return Sighting("absent")

    @property
    def _root(self) -> str:
        if self.credentials.refresh_token is not None:
            return "/me"
        return f"/users/{quote(self.credentials.sender, safe='@')}"

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        token = await in_thread(lambda: outlook_token(self.credentials))
        async with httpx.AsyncClient(
            base_url=self.credentials.base_url,
            timeout=self.credentials.timeout_s,
            headers={
                "Authorization": f"Bearer {token}",
                "Prefer": 'IdType="ImmutableId"',
                "client-request-id": self.marks.request,
            },
            trust_env=not is_local(self.credentials.base_url),
            verify=tls(),
        ) as client:
            yield client


def draft_of(message: Message, marks: Marks) -> dict[str, Any]:
    """Return a message as Graph's JSON; of two bodies the HTML, of which Outlook makes the text.

    Raises:
        NotSent: It has what a Graph draft cannot have.
    """
    properties = {MARK_PROPERTY: marks.request}
    if message.in_reply_to:
        properties[_IN_REPLY_TO] = message.in_reply_to
    if thread(message):
        properties[_REFERENCES] = " ".join(thread(message))
    draft: dict[str, Any] = {
        "subject": message.subject,
        "body": {
            "contentType": "HTML" if message.html else "Text",
            "content": message.html or message.text,
        },
        "toRecipients": [_recipient(box) for box in message.to],
        "ccRecipients": [_recipient(box) for box in message.cc],
        "bccRecipients": [_recipient(box) for box in message.bcc],
        "internetMessageId": marks.message_id,
        "internetMessageHeaders": [{"name": MARKER_HEADER.lower(), "value": marks.request}],
        "singleValueExtendedProperties": [
            {"id": name, "value": value} for name, value in properties.items()
        ],
        "attachments": [_attachment(file) for file in message.files],
    }
    if message.reply_to:
        draft["replyTo"] = [_recipient(message.reply_to)]
    return draft


def _recipient(box: Mailbox) -> dict[str, Any]:
    return {"emailAddress": {"address": box.address} | ({"name": box.name} if box.name else {})}


def _attachment(file: Any) -> dict[str, Any]:
    if len(file.content) > _MOST_INLINE_BYTES:
        raise NotSent(
            "attachment-too-large",
            f"{file.filename!r} has {len(file.content)} bytes; through Outlook a file may have "
            f"{_MOST_INLINE_BYTES}.",
            "Send a link instead.",
        )
    return {
        "@odata.type": "#microsoft.graph.fileAttachment",
        "name": file.filename,
        "contentType": file.content_type,
        "contentBytes": base64.b64encode(file.content).decode(),
    }
