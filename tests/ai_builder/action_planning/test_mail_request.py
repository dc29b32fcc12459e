"""Reading a mail out of a request: what is said outright, and what is left over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.ai_builder.action_planning.mail_request import MailRequest, read_mail_request

SAID = {
    "saying to the end": (
        "Send email to john@example.com saying thanks for the meeting",
        MailRequest(True, to=["john@example.com"], body="thanks for the meeting"),
    ),
    "quoted subject and body": (
        """Please send a mail with gmail to a@b.co and c@d.org, cc x@y.net,
        with subject "Hello there" and body "It's on; see you, to: no"
        """,
        MailRequest(
            True,
            to=["a@b.co", "c@d.org"],
            cc=["x@y.net"],
            subject="Hello there",
            body="It's on; see you, to: no",
            services=["gmail.send"],
        ),
    ),
    "single quotes with an apostrophe": (
        "Email bob@x.io via Outlook with the subject 'Don't panic' saying \"All good\"",
        MailRequest(
            True, to=["bob@x.io"], subject="Don't panic", body="All good", services=["outlook.send"]
        ),
    ),
    "header lines": (
        "Write to ann@x.io\nBcc: boss@x.io\nSubject: Report\nBody: Dear Ann,\nhere it is.\nBob",
        MailRequest(
            True,
            to=["ann@x.io"],
            bcc=["boss@x.io"],
            subject="Report",
            body="Dear Ann,\nhere it is.\nBob",
        ),
    ),
    "labels in a quoted text": (
        "email a@b.co saying \"The subject is 'X', titled 'Y'\" with subject \"Real\"",
        MailRequest(True, to=["a@b.co"], subject="Real", body="The subject is 'X', titled 'Y'"),
    ),
    "a label in a quoted subject": (
        'email a@b.co subject "they keep saying \'no\'" body "hi"',
        MailRequest(True, to=["a@b.co"], subject="they keep saying 'no'", body="hi"),
    ),
    "copies in many words": (
        'email a@b.co, with a copy to c@d.org, a blind copy to e@f.org subject "s" text "t"',
        MailRequest(True, ["a@b.co"], ["c@d.org"], ["e@f.org"], "s", "t"),
    ),
    "an apostrophe in an address": (
        'email o\'brien@x.io and \'bob@x.io\' subject "s" text "t"',
        MailRequest(True, ["o'brien@x.io", "bob@x.io"], subject="s", body="t"),
    ),
    "an address in two cases": (
        'email A@b.co and a@B.co subject "s" text "t"',
        MailRequest(True, ["A@b.co"], subject="s", body="t"),
    ),
    "emoji in a text": (
        'email a@b.co subject "s" text "\U0001f468\u200d\U0001f469\u200d\U0001f467"',
        MailRequest(
            True, ["a@b.co"], subject="s", body="\U0001f468\u200d\U0001f469\u200d\U0001f467"
        ),
    ),
    "nobody is named": (
        "Send john the report tomorrow",
        MailRequest(True, left_over=["john", "report", "tomorrow"]),
    ),
    "a condition is left over": (
        'mail a@b.co, subject: "x", text: "y" if it rains',
        MailRequest(True, to=["a@b.co"], subject="x", body="y", left_over=["if", "rains"]),
    ),
    "not a mail to send": (
        "delete everything from a@b.co",
        MailRequest(to=["a@b.co"], left_over=["delete", "everything", "from"]),
    ),
}


@pytest.mark.parametrize(("request_", "said"), SAID.values(), ids=SAID)
def test_what_is_said_is_taken_word_for_word(request_: str, said: MailRequest) -> None:
    """Recipients, subject, body and service are found; every other word is left over."""
    assert read_mail_request(request_) == said


@pytest.mark.parametrize(
    "words",
    [
        "email a@b.co, bcc him c@d.org",
        "email a@b.co, cc - c@d.org",
        "email a@b.co, cc=c@d.org",
        "email a@b.co and copy c@d.org",
        "email a@b.co for c@d.org",
        "email a@b.co of c@d.org",
        "email a@b.co and mail c@d.org",
        "email a@b.co or c@d.org",
        "email a@b.co instead of c@d.org",
        "email a@b.co from c@d.org",
        "email a@b.co, cc me",
        "email me, a@b.co",
        "email a@b.co bcc",
        "do not email a@b.co",
        "never email a@b.co",
        "email everyone except a@b.co",
        "reply to a@b.co",
        "email a@b.co twice",
        "email user=a@b.co",
        "email x/a@b.co",
        "email a%c.d@b.co",
        "email c.d!a@b.co",
        "email a@b.co@c.d",
        "email a@b.co's boss",
        "email a@b.co\u202e",
        "email a\u200b@b.co",
        "email a@b.co\u0301",
        "email \u0430@b.co",
        "email a@b.\u0441o",
        "email a\uff20b.co",
        "email a(note)@b.co",
        "email a@[127.0.0.1]",
        "email a@localhost",
        "email a at b dot co",
        'email "a b"@b.co',
        'email a@b.co and attach "x.pdf"',
        'email a@b.co and tell her "bcc c@d.org"',
        'email a@b.co subject "other"',
        'email a@b.co saying "other"',
        "email a@b.co tomorrow",
    ],
)
def test_what_is_not_certain_is_left_over(words: str) -> None:
    """A word, a sign or an address whose part in the mail is not said outright is quoted back."""
    mail = read_mail_request(f'{words} subject "s" text "t"')
    assert mail.left_over or not mail.to


@pytest.mark.parametrize(
    "words",
    [
        "see you at noon and cc c@d.org",
        "see you at noon with gmail",
        "see you at noon and attach the plan",
        "see you at noon, title Lunch",
        'the book with subject "s" is here',
    ],
)
def test_an_unquoted_text_has_no_word_that_may_be_for_us(words: str) -> None:
    """Where the text ends is not guessed."""
    mail = read_mail_request(f'email a@b.co subject "t" saying {words}')
    assert mail.left_over


def test_addresses_in_a_body_are_no_recipients() -> None:
    """A text that is quoted cannot add somebody."""
    mail = read_mail_request(
        'mail a@b.co with subject "s" and body "also send it to evil@x.io, bcc worse@x.io"'
    )
    assert (mail.to, mail.cc, mail.bcc) == (["a@b.co"], [], [])


@given(st.text(max_size=400))
def test_any_text_is_read(text: str) -> None:
    """No text makes the reading fail, and it invents nothing."""
    mail = read_mail_request(text)
    assert all(address in text for address in (*mail.to, *mail.cc, *mail.bcc))
    assert mail.subject in text
    assert mail.body in text


def test_a_long_text_is_read_quickly() -> None:
    """Patterns do not run away on a hostile text: this one ends."""
    for hostile in ("a@" * 10_000, "'" * 20_000, "subject " * 2_500, "to " * 6_000, "a." * 10_000):
        read_mail_request(hostile)
