"""A Microsoft Graph that remembers: drafts, sending and searching, and its token endpoint.

After https://learn.microsoft.com/graph/api/resources/message: create a draft, send it, list with
a filter on an extended property; errors have Graph's codes. One mailbox, one application.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from fault_server import FaultServer, Reply, Request

TENANT = "tenant-1"
CLIENT = {"client_id": "app-1", "client_secret": "secret-1"}
REFRESH_TOKEN = "refresh-1"
MAILBOX = "ann@contoso.com"

_CODES = {
    400: ("ErrorInvalidRequest", "The request is invalid."),
    401: ("InvalidAuthenticationToken", "Access token is empty or invalid."),
    403: ("ErrorAccessDenied", "Access is denied. Check credentials and try again."),
    404: ("ErrorItemNotFound", "The specified object was not found in the store."),
    429: ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    500: ("ErrorInternalServerError", "An internal server error occurred."),
    503: ("ErrorServerBusy", "The server is busy."),
}
_PROPERTY = re.compile(r"(String|Integer) (0x[0-9A-Fa-f]{4}|\{[0-9a-f-]{36}\} Name \w+)")
_FILTER = re.compile(
    r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']+)' and ep/value eq '((?:[^']|'')*)'\)"
)
_KNOWN = {
    "subject",
    "body",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "internetMessageId",
    "internetMessageHeaders",
    "singleValueExtendedProperties",
    "attachments",
}


@dataclass(frozen=True)
class Item:
    """A message in the mailbox."""

    id: str
    document: dict[str, Any]
    is_draft: bool = True

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody it goes to."""
        lists = (self.document.get(f"{kind}Recipients", []) for kind in ("to", "cc", "bcc"))
        return tuple(each["emailAddress"]["address"] for found in lists for each in found)


class GraphServer(FaultServer):
    """The server; `items` is the mailbox, drafts and sent."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.tokens: dict[str, str] = {}
        super().__init__()

    @property
    def messages(self) -> list[Item]:
        """What was sent."""
        return [item for item in self.items.values() if not item.is_draft]

    @property
    def drafts(self) -> list[Item]:
        """What was written and not sent."""
        return [item for item in self.items.values() if item.is_draft]

    def operation(self, request: Request) -> str:
        """Name the method."""
        if request.path.endswith("/openid-configuration"):
            return "discovery"
        if request.path.endswith("/token"):
            return "token"
        if request.path.endswith("/send"):
            return "send"
        if request.path.endswith("/messages"):
            return "draft" if request.method == "POST" else "list"
        return "unknown"

    def error_body(self, status: int) -> Any:
        """Return Graph's form of an error."""
        code, message = _CODES.get(status, _CODES[400])
        return {"error": {"code": code, "message": message, "innerError": {"date": "2026-01-01"}}}

    def handle_call(self, operation: str, request: Request) -> Reply:
        """Do one method."""
        if operation == "discovery":
            return self._discovery()
        if operation == "token":
            return self._token(request)
        kind = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if kind is None:
            return self._error(401)
        root = "/v1.0/me" if kind == "person" else f"/v1.0/users/{MAILBOX}"
        if not unquote(request.path).startswith(f"{root}/messages"):
            return self._error(403)
        if operation == "draft":
            return self._draft(request)
        if operation == "send":
            return self._send(unquote(request.path).split("/")[-2])
        if operation == "list":
            return self._list(request)
        return self._error(404)

    def _discovery(self) -> Reply:
        base = f"{self.url.replace('http:', 'https:')}/{TENANT}"
        return Reply(
            200,
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "issuer": f"{base}/v2.0",
            },
        )

    def _token(self, request: Request) -> Reply:
        form = request.form()
        if any(form.get(name) != value for name, value in CLIENT.items()):
            reason = "AADSTS7000215: Invalid client secret provided."
            return Reply(401, {"error": "invalid_client", "error_description": reason})
        if form.get("grant_type") == "refresh_token":
            if form.get("refresh_token") != REFRESH_TOKEN:
                reason = "AADSTS70008: The refresh token has expired."
                return Reply(400, {"error": "invalid_grant", "error_description": reason})
            kind = "person"
        else:
            kind = "application"
        token = f"eyJ{len(self.tokens)}"
        self.tokens[token] = kind
        return Reply(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _draft(self, request: Request) -> Reply:
        document = request.json()
        problem = _problem(document)
        if problem:
            return self._error(400, *problem)
        item = Item(f"AAMk{len(self.items) + 1:04d}=", document)
        self.items[item.id] = item
        return Reply(201, {**document, "id": item.id, "isDraft": True})

    def _send(self, name: str) -> Reply:
        item = self.items.get(name)
        if item is None:
            return self._error(404)
        if not item.is_draft:
            return self._error(400, "ErrorInvalidOperation", "The item is not a draft.")
        if not item.recipients:
            return self._error(400, "ErrorInvalidRecipients", "At least one recipient is needed.")
        self.items[name] = replace(item, is_draft=False)
        return Reply(202)

    def _list(self, request: Request) -> Reply:
        match = _FILTER.fullmatch(request.query.get("$filter", ""))
        if match is None:
            return self._error(400, "BadRequest", "Invalid filter clause.")
        wanted = {"id": match[1], "value": match[2].replace("''", "'")}
        found = [
            {
                "id": item.id,
                "isDraft": item.is_draft,
                "internetMessageId": item.document.get("internetMessageId"),
            }
            for item in self.items.values()
            if wanted in item.document.get("singleValueExtendedProperties", [])
        ]
        return Reply(200, {"value": found})

    def _error(self, status: int, code: str = "", message: str = "") -> Reply:
        body = self.error_body(status)
        if code:
            body["error"] |= {"code": code, "message": message}
        return Reply(status, body)


def _problem(document: Any) -> tuple[str, str] | None:
    """Return what Graph would refuse in a new message."""
    if not isinstance(document, dict):
        return "BadRequest", "Unable to read JSON request payload."
    unknown = set(document) - _KNOWN
    if unknown:
        return "RequestBodyRead", f"The property '{min(unknown)}' does not exist on type 'message'."
    headers = document.get("internetMessageHeaders", [])
    if any(not each["name"].lower().startswith("x-") for each in headers):
        return (
            "InvalidInternetMessageHeader",
            "The internet message header name should start with 'x-'.",
        )
    properties = document.get("singleValueExtendedProperties", [])
    if any(not _PROPERTY.fullmatch(each["id"]) for each in properties):
        return "ErrorInvalidProperty", "The extended property is invalid."
    for kind in ("to", "cc", "bcc"):
        for each in document.get(f"{kind}Recipients", []):
            if "@" not in each.get("emailAddress", {}).get("address", ""):
                return "ErrorInvalidRecipients", "The recipient is invalid."
    return None
