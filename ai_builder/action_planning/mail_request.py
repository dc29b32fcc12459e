"""Reading a mail out of a request in plain words, when nothing has to be guessed.

Every word of the request must be accounted for: recipients, subject, body, the mail service, and
the little words between them. What is left over is quoted back to the person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

ADDRESS = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
MAX_REQUEST_CHARACTERS = 20_000

_ANY_CASE = re.IGNORECASE
_VIA = r"\b(?:(?:from|with|by|via|through|using|over|in)\s+)?(?:my\s+)?"
_SERVICES = {
    "gmail.send": re.compile(rf"{_VIA}(?:gmail|google\s+mail)\b", _ANY_CASE),
    "outlook.send": re.compile(
        rf"{_VIA}(?:outlook|office\s*365|microsoft\s*365|hotmail)\b", _ANY_CASE
    ),
    "smtp.send": re.compile(rf"{_VIA}smtp\b", _ANY_CASE),
}
_QUOTED = (
    r"\"(?P<{0}1>[^\"]*)\"|“(?P<{0}2>[^”]*)”"
    r"|'(?P<{0}3>(?:[^']|(?<=\w)'(?=\w))*)'|«(?P<{0}4>[^»]*)»"
)
_WITH_THE = r"(?:\b(?:with|and|under)\s+)?(?:\b(?:the|a|as)\s+)?"
_SUBJECT = re.compile(
    rf"{_WITH_THE}\b(?:subject(?:\s+line)?|title|titled|headed)\b\s*(?:is|of|line)?\s*[:=]?\s*"
    rf"(?:{_QUOTED.format('subject')})",
    _ANY_CASE,
)
_SUBJECT_LINE = re.compile(
    r"^[ \t]*subject\s*[:=]\s*(?P<subject>[^\n]+?)[ \t]*$", _ANY_CASE | re.MULTILINE
)
_BODY = re.compile(
    rf"(?:{_WITH_THE}\b(?:body|text|message|content)\b\s*(?:is|of)?\s*[:=]?"
    r"|\b(?:saying|that\s+says|which\s+says|reading|that\s+reads|and\s+say|to\s+say)\b\s*:?)\s*"
    rf"(?:{_QUOTED.format('body')})",
    _ANY_CASE,
)
_BODY_REST = re.compile(
    r"(?:^[ \t]*(?:body|text|message)\s*[:=]"
    r"|\b(?:saying|that\s+says|which\s+says|that\s+reads)\b(?:\s+that\b)?\s*:?)"
    r"\s*(?P<body>\S.*)\Z",
    _ANY_CASE | re.DOTALL | re.MULTILINE,
)
_ROLE = re.compile(r"\b(?P<role>bcc|cc|copy\s+to|to)\b[:\s]*$", _ANY_CASE)
_BETWEEN = re.compile(r"^[\s,;&]*(?:and\s*)?$", _ANY_CASE)
_SENDING = re.compile(r"\b(?:send|mail|email|e-mail|write|reply)\b", _ANY_CASE)
_SMALL_WORDS = frozenset(
    """
    please can could would you kindly send write mail email e-mail an a the one message note to cc
    bcc copy with and him her them for me us address of it out off now
    """.split()  # noqa: SIM905 - a list of words reads better than a list of literals
)
_WORD = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")


@dataclass
class MailRequest:
    """What a request says about one mail; what it does not say is empty.

    Args:
        asks_for_mail: Whether it asks to send something at all.
        to: Recipients, in the order in which they were named.
        cc: Recipients of a copy.
        bcc: Recipients of a hidden copy.
        subject: The subject, word for word.
        body: The text, word for word.
        services: Actions whose mail service is named.
        left_over: Words that were not understood.
    """

    asks_for_mail: bool = False
    to: list[str] = field(default_factory=list)
    cc: list[str] = field(default_factory=list)
    bcc: list[str] = field(default_factory=list)
    subject: str = ""
    body: str = ""
    services: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)


class _Text:
    """A request from which what was read is taken out."""

    def __init__(self, text: str) -> None:
        self.rest = text

    def take(self, pattern: re.Pattern[str], group: str) -> str:
        """Return the first match's group and blank the match; empty when there is none."""
        found = pattern.search(self.rest)
        if found is None:
            return ""
        self.rest = self.rest[: found.start()] + "\n" + self.rest[found.end() :]
        return next(
            (
                value.strip()
                for name, value in found.groupdict().items()
                if name.startswith(group) and value is not None
            ),
            "",
        )

    def replace(self, pattern: re.Pattern[str], by: Callable[[re.Match[str]], str]) -> None:
        """Blank or rewrite every match."""
        self.rest = pattern.sub(by, self.rest)


def read_mail_request(request: str) -> MailRequest:
    """Return what a request says; nothing in it is inferred."""
    text = _Text(request[:MAX_REQUEST_CHARACTERS])
    mail = MailRequest()
    mail.subject = text.take(_SUBJECT, "subject")
    mail.body = text.take(_BODY, "body")
    mail.subject = mail.subject or text.take(_SUBJECT_LINE, "subject")
    mail.body = mail.body or text.take(_BODY_REST, "body")
    mail.asks_for_mail = bool(_SENDING.search(text.rest))
    _take_addresses(text, mail)
    for action, pattern in _SERVICES.items():
        if pattern.search(text.rest):
            mail.services.append(action)
            text.replace(pattern, lambda _match: " ")
    mail.left_over = [word for word in _WORD.findall(text.rest) if word.lower() not in _SMALL_WORDS]
    return mail


def _take_addresses(text: _Text, mail: MailRequest) -> None:
    """Sort the addresses by the word before them; those in a row share it."""
    role, end = "to", 0
    for found in ADDRESS.finditer(text.rest):
        before = text.rest[end : found.start()]
        named = _ROLE.search(before)
        if named:
            word = named["role"].lower()
            role = word if word in {"cc", "bcc"} else "cc" if word.startswith("copy") else "to"
        elif not (end and _BETWEEN.match(before)):
            role = "to"
        recipients: list[str] = getattr(mail, role)
        if found[0] not in recipients:
            recipients.append(found[0])
        end = found.end()
    text.replace(ADDRESS, lambda _match: " ")
