"""Reading a mail out of a request in plain words, when nothing has to be guessed.

Every word of the request must be accounted for: recipients, subject, body, the mail service, and
the little words between them. What is left over is quoted back to the person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from prefect_luthier.ai_builder.action_planning.quotes import (
    QUOTATION,
    QuotedText,
    was_cut,
    without_cuts,
)

# Not in the midst of something longer: of o/brien@example.com, nobody means brien@example.com.
ADDRESS = re.compile(
    r"(?<![\w.+\-!#$%&*/=?^`{|}~@])(?<!\w['\u2019])"
    r"(?>[A-Za-z0-9](?:[A-Za-z0-9._+'-]{0,62}[A-Za-z0-9_+-])?"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+)"
    r"(?![\w@%!\u0300-\u036f-])"
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
_WITH_THE = r"(?:\b(?:with|and|under)\s+)?(?:\b(?:the|a|as)\s+)?"
_SUBJECT = re.compile(
    rf"{_WITH_THE}\b(?:subject(?:\s+line)?|title|titled|headed)\b\s*(?:is|of|line)?\s*[:=]?\s*"
    rf"{QUOTATION}",
    _ANY_CASE,
)
_SUBJECT_LINE = re.compile(r"^[ \t]*subject\s*[:=]\s*([^\n]+?)[ \t]*$", _ANY_CASE | re.MULTILINE)
_BODY = re.compile(
    rf"(?:{_WITH_THE}\b(?:body|text|message|content)\b\s*(?:is|of)?\s*[:=]?"
    r"|\b(?:saying|that\s+says|which\s+says|reading|that\s+reads|and\s+say|to\s+say)\b\s*:?)\s*"
    rf"{QUOTATION}",
    _ANY_CASE,
)
_BODY_LINES = re.compile(
    r"^[ \t]*(?:body|text|message)\s*[:=]\s*(\S.*)\Z", _ANY_CASE | re.DOTALL | re.MULTILINE
)
_BODY_REST = re.compile(
    r"\b(?:saying|that\s+says|which\s+says|that\s+reads)\b(?:\s+that\b)?\s*:?\s*(\S.*)\Z",
    _ANY_CASE | re.DOTALL,
)
# Words in an unquoted text that may as well be meant for us.
_NO_TEXT = re.compile(
    rf"{ADDRESS.pattern}|\b(?:b?cc|subject|titled?|attach\w*|gmail|outlook|smtp)\b", _ANY_CASE
)
_ROLE = re.compile(
    r"\b(?P<role>(?:with\s+)?(?:a\s+)?(?P<blind>blind\s+)?copy\s+to|(?:bcc|cc)(?:\s+to)?|to)\b"
    r"[:\s]*<?$",
    _ANY_CASE,
)
_BETWEEN = re.compile(r"^[\s,;&<>]*(?:and\s*)?<?$", _ANY_CASE)
_SENDING = re.compile(r"\b(?:send|mail|email|e-mail|write|reply)\b", _ANY_CASE)
_SMALL_WORDS = frozenset(
    """
    please can could would you kindly send write mail email e-mail an a the one message note to
    with and him her them for address of it out off now
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


def read_mail_request(request: str) -> MailRequest:
    """Return what a request says; nothing in it is inferred."""
    text = QuotedText(request[:MAX_REQUEST_CHARACTERS])
    mail = MailRequest()
    mail.subject = _take_quotation(text, _SUBJECT)
    mail.body = _take_quotation(text, _BODY)
    mail.subject = mail.subject or _take_subject_line(text)
    mail.body = mail.body or _take_unquoted_body(text, mail)
    mail.asks_for_mail = bool(_SENDING.search(text.rest))
    text.open(ADDRESS)
    _take_addresses(text, mail)
    for action, pattern in _SERVICES.items():
        if pattern.search(text.rest):
            mail.services.append(action)
            text.rest = pattern.sub(" ", text.rest)
    words = [word for word in _WORD.findall(text.words) if word.lower() not in _SMALL_WORDS]
    mail.left_over = [*words, *mail.left_over, *text.hidden]
    return mail


def _take_quotation(text: QuotedText, pattern: re.Pattern[str]) -> str:
    found = pattern.search(text.rest)
    if found is None:
        return ""
    text.cut(found)
    return text.quoted(found[1])


def _take_subject_line(text: QuotedText) -> str:
    found = _SUBJECT_LINE.search(text.rest)
    if found is None:
        return ""
    text.cut(found)
    return text.written(found[1]).strip()


def _take_unquoted_body(text: QuotedText, mail: MailRequest) -> str:
    """Take the text that goes on to the end; what in it may be meant for us is left over."""
    found = _BODY_LINES.search(text.rest)
    if found is None:
        found = _BODY_REST.search(text.rest)
        if found is None:
            return ""
        mail.left_over += [each[0] for each in _NO_TEXT.finditer(found[1])]
    if was_cut(found[1]):  # something was said in the midst of it
        return ""
    text.cut(found)
    return text.written(without_cuts(found[1])).strip()


def _take_addresses(text: QuotedText, mail: MailRequest) -> None:
    """Sort the addresses by the word before them; those in a row share it."""
    role, kept, end = "", [], 0
    for found in ADDRESS.finditer(text.rest):
        before = text.rest[end : found.start()]
        named = _ROLE.search(before)
        if named:
            word = named["role"].lower()
            copied = "copy" in word or word.startswith("cc")
            role = "bcc" if named["blind"] or word.startswith("bcc") else "cc" if copied else "to"
            before = before[: named.start()]
        elif role and not _BETWEEN.match(before):
            mail.left_over.append(found[0])  # it is not said what this one is for
        role = role or "to"
        recipients: list[str] = getattr(mail, role)
        if found[0].lower() not in map(str.lower, recipients):
            recipients.append(found[0])
        kept.append(before)
        end = found.end()
    text.rest = " ".join((*kept, text.rest[end:]))
