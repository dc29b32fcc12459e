"""A Gmail that remembers: the parts of its REST API that sending and searching need.

After https://developers.google.com/workspace/gmail/api/reference/rest: users.messages.send (raw
and upload), users.messages.list (`q` with rfc822msgid:, in:sent, after:), users.messages.get
(format metadata), and Google's token endpoint for refresh tokens and service accounts.
"""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import default
from email.utils import getaddresses
from typing import Any

from fault_server import FaultServer, Reply, Request

SEND = "https://www.googleapis.com/auth/gmail.send"
READ = "https://www.googleapis.com/auth/gmail.readonly"

CLIENT = {"client_id": "client-1", "client_secret": "secret-1", "refresh_token": "refresh-1"}
_STATUS = {
    400: ("INVALID_ARGUMENT", "invalidArgument", "Invalid argument."),
    401: ("UNAUTHENTICATED", "authError", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "insufficientPermissions", "Insufficient Permission"),
    404: ("NOT_FOUND", "notFound", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "rateLimitExceeded", "Too many concurrent requests for user"),
    500: ("INTERNAL", "backendError", "Internal error encountered."),
    503: ("UNAVAILABLE", "backendError", "The service is currently unavailable."),
}


@dataclass(frozen=True)
class Stored:
    """A message in the mailbox."""

    id: str
    thread_id: str
    labels: tuple[str, ...]
    mail: Message
    recipients: tuple[str, ...]
    at: float


class GmailServer(FaultServer):
    """The server; `messages` is the mailbox, in order of arrival.

    Args:
        keeps_message_id: Whether the sender's own Message-ID stays, as it does today.
        scopes: What tokens are good for.
    """

    def __init__(
        self, *, keeps_message_id: bool = True, scopes: tuple[str, ...] = (SEND, READ)
    ) -> None:
        self.messages: list[Stored] = []
        self.tokens: set[str] = set()
        self.scopes = scopes
        self.keeps_message_id = keeps_message_id
        self.hidden_for_s = 0.0
        super().__init__()

    def operation(self, request: Request) -> str:
        """Name the method as Google's reference does, shortened."""
        if request.path == "/token":
            return "token"
        if request.path.endswith("/messages/send"):
            return "send"
        if request.path.endswith("/messages"):
            return "list"
        return "get" if "/messages/" in request.path else "unknown"

    def error_body(self, status: int) -> Any:
        """Return Google's form of an error."""
        name, reason, message = _STATUS.get(status, _STATUS[400])
        details = [{"message": message, "domain": "global", "reason": reason}]
        return {"error": {"code": status, "message": message, "errors": details, "status": name}}

    def handle_call(self, operation: str, request: Request) -> Reply:
        """Do one method."""
        if operation == "token":
            return self._token(request)
        authorization = request.headers.get("authorization", "")
        if authorization.removeprefix("Bearer ") not in self.tokens:
            return self._error(401)
        if operation == "send" and request.method == "POST":
            return self._send(request) if SEND in self.scopes else self._error(403)
        if operation in {"list", "get"} and READ not in self.scopes:
            return self._error(403)
        if operation == "list" and request.method == "GET":
            return self._list(request)
        if operation == "get" and request.method == "GET":
            return self._get(request)
        return self._error(404)

    def _token(self, request: Request) -> Reply:
        form = request.form()
        if form.get("grant_type") == "refresh_token":
            wrong = {name for name, value in CLIENT.items() if form.get(name) != value}
            if wrong & {"client_id", "client_secret"}:
                return Reply(401, {"error": "invalid_client", "error_description": "Unauthorized"})
            if wrong:
                return Reply(400, {"error": "invalid_grant", "error_description": "Bad Request"})
        elif form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or (
            form.get("assertion", "").count(".") != 2
        ):
            return Reply(400, {"error": "unsupported_grant_type", "error_description": "Invalid"})
        token = f"ya29.{len(self.tokens)}"
        self.tokens.add(token)
        return Reply(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _send(self, request: Request) -> Reply:
        raw = self._raw(request)
        if raw is None:
            return self._error(400)
        mail = message_from_bytes(raw, policy=default)
        fields = [value for name in ("To", "Cc", "Bcc") for value in mail.get_all(name, [])]
        recipients = tuple(address for _, address in getaddresses(map(str, fields)) if address)
        if not recipients:
            body = self.error_body(400)
            body["error"]["message"] = "Recipient address required"
            return Reply(400, body)
        del mail["Bcc"]
        name = f"{len(self.messages) + 1:016x}"
        if not self.keeps_message_id or "Message-ID" not in mail:
            del mail["Message-ID"]
            mail["Message-ID"] = f"<CA+{name}@mail.gmail.com>"
        stored = Stored(name, name, ("SENT",), mail, recipients, time.time())
        self.messages.append(stored)
        return Reply(200, {"id": name, "threadId": name, "labelIds": ["SENT"]})

    def _raw(self, request: Request) -> bytes | None:
        if request.path.startswith("/upload/"):
            return request.body
        body = request.json()
        if not isinstance(body, dict) or not isinstance(body.get("raw"), str):
            return None
        try:
            return base64.b64decode(body["raw"], altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None

    def _list(self, request: Request) -> Reply:
        terms = request.query.get("q", "").split()
        found = [message for message in self._visible() if all(_fits(message, t) for t in terms)]
        found.reverse()  # newest first, as Gmail lists
        start = int(request.query.get("pageToken") or 0)
        end = start + int(request.query.get("maxResults") or 100)
        answer: dict[str, Any] = {"resultSizeEstimate": len(found)}
        if found[start:end]:
            answer["messages"] = [{"id": m.id, "threadId": m.thread_id} for m in found[start:end]]
        if found[end:]:
            answer["nextPageToken"] = str(end)
        return Reply(200, answer)

    def _visible(self) -> list[Stored]:
        return [each for each in self.messages if each.at + self.hidden_for_s <= time.time()]

    def _get(self, request: Request) -> Reply:
        name = request.path.rpartition("/")[2]
        found = next((each for each in self.messages if each.id == name), None)
        if found is None:
            return self._error(404)
        wanted = request.query.get("metadataHeaders", "").lower()
        headers = [
            {"name": key, "value": str(value)}
            for key, value in found.mail.items()
            if not wanted or key.lower() == wanted
        ]
        return Reply(
            200,
            {
                "id": found.id,
                "threadId": found.thread_id,
                "labelIds": list(found.labels),
                "payload": {"headers": headers},
            },
        )

    def _error(self, status: int) -> Reply:
        return Reply(status, self.error_body(status))


def _fits(message: Stored, term: str) -> bool:
    key, _, value = term.partition(":")
    if key == "rfc822msgid":
        return str(message.mail["Message-ID"]).strip("<>") == value
    if key == "in":
        return value.upper() in message.labels
    if key == "after":
        return message.at >= float(value)
    return False
