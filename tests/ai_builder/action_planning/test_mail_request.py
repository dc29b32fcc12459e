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
