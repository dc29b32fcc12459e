"""A message as a plan describes it, checked, and its RFC 5322 form."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.mail.addresses import Mailbox, read_mailbox
from prefect_luthier.flows.effects.mail.look_alikes import (
    JOINERS,
    encoded_word_in,
    invisible_in,
)

MARKER_HEADER = "X-Luthier-Request"
MAX_RECIPIENTS = 100
MAX_SUBJECT = 500
MAX_TEXT = 1_000_000
MAX_ATTACHMENTS_BYTES = 18 * 1024 * 1024  # base64 makes 25 MB of it, which Gmail takes

_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_NUL_IN_BODY = "\0"

ReadBlob = Callable[[str], bytes]


@dataclass(frozen=True)
class AttachedFile:
    """A file of the content store that goes with a message."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Message:
    """A checked message.

    Args:
        sender: Whom it comes from.
        to: Who it is addressed to; likewise ``cc`` and ``bcc``.
        in_reply_to: Message-ID that it answers, empty for none.
        references: Message-IDs of the thread, oldest first.
    """

    sender: Mailbox
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    bcc: tuple[Mailbox, ...]
    subject: str
    text: str
    html: str
    reply_to: Mailbox | None = None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[AttachedFile, ...] = ()

    @property
    def recipients(self) -> tuple[Mailbox, ...]:
        """Everybody it reaches, each once."""
        found = {box.key: box for box in (*self.to, *self.cc, *self.bcc)}
        return tuple(found.values())


def checked_header(name: str, value: str, limit: int = MAX_SUBJECT) -> str:
    """Return a text that may stand in a header.

    Raises:
        LuthierError: It would begin another header, hides something, or is too long.
    """
    hidden = invisible_in(value, JOINERS)
    if hidden:
        raise LuthierError(
            "header-injection",
            f"{name} {value[:80]!r} has the character {hidden}, which does not belong in a header.",
            "Remove line breaks and invisible characters.",
        )
    if encoded_word_in(value):
        raise LuthierError(
            "header-injection",
            f"{name} {value[:80]!r} has {encoded_word_in(value)!r}, which begins an encoded text "
            "that would be shown as something else.",
            "Write the text itself.",
        )
    if len(value) > limit:
        raise LuthierError("header-too-long", f"{name} is longer than {limit} characters.")
    return value


def read_message(inputs: Any, sender: str, read_blob: ReadBlob) -> Message:
    """Return the message that an action's inputs describe.

    Args:
        inputs: The inputs; see ``flows/actions/mail_inputs.py``.
        sender: Address of the account.
        read_blob: Gives a content of the store by its SHA-256.

    Raises:
        LuthierError: A part of it may not be sent as it is.
    """
    message = Message(
        sender=read_mailbox(sender),
        to=tuple(map(read_mailbox, inputs.to)),
        cc=tuple(map(read_mailbox, inputs.cc)),
        bcc=tuple(map(read_mailbox, inputs.bcc)),
        subject=checked_header("the subject", inputs.subject),
        text=_body("text", inputs.text),
        html=_body("html", inputs.html),
        reply_to=read_mailbox(inputs.reply_to) if inputs.reply_to else None,
        in_reply_to=_message_id(inputs.in_reply_to) if inputs.in_reply_to else "",
        references=tuple(map(_message_id, inputs.references)),
        files=_files(inputs.attachments, read_blob),
    )
    if not message.recipients:
        raise LuthierError("no-recipient", "the message has no recipient.", "Give `to`.")
    if len(message.recipients) > MAX_RECIPIENTS:
        raise LuthierError(
            "too-many-recipients",
            f"the message has {len(message.recipients)} recipients, more than {MAX_RECIPIENTS}.",
            "Split it.",
        )
    if not (message.text or message.html):
        raise LuthierError("no-body", "the message is empty.", "Give `text`, `html` or both.")
    return message


def _body(name: str, value: str) -> str:
    if _NUL_IN_BODY in value:
        raise LuthierError("bad-body", f"the {name} has a NUL character.", "Remove it.")
    if len(value) > MAX_TEXT:
        raise LuthierError(
            "body-too-long", f"the {name} is longer than {MAX_TEXT} characters.", "Attach it."
        )
    return value.encode("utf-8", "replace").decode()


def _message_id(value: str) -> str:
    text = checked_header("a message id", value.strip())
    text = text if text.startswith("<") else f"<{text}>"
    if not _MESSAGE_ID.fullmatch(text):
        raise LuthierError(
            "bad-message-id", f"{value!r} is no Message-ID.", "It looks like <id@example.com>."
        )
    return text


def _files(attachments: Any, read_blob: ReadBlob) -> tuple[AttachedFile, ...]:
    found = []
    size = 0
    for each in attachments:
        content = read_blob(each.sha256)
        size += len(content)
        if size > MAX_ATTACHMENTS_BYTES:
            raise LuthierError(
                "attachments-too-large",
                f"the attachments are larger than {MAX_ATTACHMENTS_BYTES} bytes.",
                "Send a link instead.",
            )
        found.append(AttachedFile(_filename(each.filename), _type_of(each), content))
    return tuple(found)


def _filename(name: str) -> str:
    checked_header("a file name", name, 200)
    if not name.strip(" .") or any(character in name for character in '/\\"'):
        raise LuthierError(
            "bad-file-name", f"{name!r} is no plain file name.", "Leave out folders and quotes."
        )
    return name


def _type_of(attachment: Any) -> str:
    guessed = mimetypes.guess_type(attachment.filename)[0] or "application/octet-stream"
    kind = (attachment.content_type or guessed).lower()
    if not _CONTENT_TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        raise LuthierError("bad-content-type", f"{kind!r} is no type of an attached file.")
    return kind


@dataclass(frozen=True)
class Marks:
    """What makes one message findable, and the same each time it is written.

    Args:
        message_id: Its Message-ID, with angle brackets.
        request: Value of the header by which it can be found as well.
        date: When it was first about to be sent.
    """

    message_id: str
    request: str
    date: datetime


def rfc822(message: Message, marks: Marks, *, with_bcc: bool = False) -> bytes:
    """Return the message as it is sent.

    Args:
        message: A checked message.
        marks: How it can be found.
        with_bcc: Name the blind copies in a header, which the provider must take out again.
    """
    mail = _headed(message, marks)
    if with_bcc and message.bcc:
        mail["Bcc"] = [_header_address(box) for box in message.bcc]
    if message.text:
        mail.set_content(message.text)
        if message.html:
            mail.add_alternative(message.html, subtype="html")
    else:
        mail.set_content(message.html, subtype="html")
    for file in message.files:
        main, _, sub = file.content_type.partition("/")
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.filename)
    raw = mail.as_bytes()
    _check_headers(raw, mail)
    return raw


def _check_headers(raw: bytes, mail: EmailMessage) -> None:
    """Make sure that the written message has the headers it was given, and no other.

    The library decodes and encodes them on the way; what comes out is what providers obey.

    Raises:
        LuthierError: Another header has come in.
    """
    head = raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1].strip()]
    if sorted(names) != sorted(mail.keys()):
        raise LuthierError(
            "header-injection",
            f"the message would have the headers {', '.join(names)}; nothing is sent.",
            "Remove what is encoded in its subject or names.",
        )


def _headed(message: Message, marks: Marks) -> EmailMessage:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = _header_address(message.sender)
    if message.to:
        mail["To"] = [_header_address(box) for box in message.to]
    if message.cc:
        mail["Cc"] = [_header_address(box) for box in message.cc]
    if message.reply_to:
        mail["Reply-To"] = _header_address(message.reply_to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(marks.date)
    mail["Message-ID"] = marks.message_id
    if message.in_reply_to:
        mail["In-Reply-To"] = message.in_reply_to
    references = thread(message)
    if references:
        mail["References"] = " ".join(references)
    mail[MARKER_HEADER] = marks.request
    return mail


def thread(message: Message) -> tuple[str, ...]:
    """Return the Message-IDs of the thread; the answered one is its last (RFC 5322, 3.6.4)."""
    answered = (message.in_reply_to,) if message.in_reply_to else ()
    return tuple(dict.fromkeys((*message.references, *answered)))


def _header_address(box: Mailbox) -> Address:
    return Address(display_name=box.name, addr_spec=box.address)
