"""Messages are checked before anything is sent, and written as RFC 5322 says."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.mail_inputs import MailInputs
from prefect_luthier.flows.effects.mail import message
from prefect_luthier.flows.effects.mail.addresses import read_mailbox
from prefect_luthier.flows.effects.mail.message import (
    MARKER_HEADER,
    MAX_ATTACHMENTS_BYTES,
    MAX_RECIPIENTS,
    Marks,
    read_message,
    rfc822,
)

MARKS = Marks("<luthier.1@example.com>", "luthier.1", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
PLAIN = {"to": "bob@example.com", "subject": "Hi", "text": "Hello."}


def read(**inputs: Any) -> Any:
    """Return the message of these inputs."""
    given = MailInputs.model_validate(PLAIN | inputs)
    return read_message(given, "ann@example.com", lambda name: name.encode())


def written(**inputs: Any) -> Any:
    """Return the message as its reader sees it."""
    return message_from_bytes(rfc822(read(**inputs), MARKS), policy=default)


def refusal(**inputs: Any) -> LuthierError | None:
    """Return why a message is not written."""
    try:
        written(**inputs)
    except LuthierError as error:
        return error
    return None


def test_every_header_has_its_place() -> None:
    """Names, copies, threads and marks arrive; blind copies are in no header."""
    mail = written(
        to=["Bob <bob@example.com>", "eva@example.com"],
        cc="carl@example.com",
        bcc="dora@example.com",
        subject="Grüße 🎸",
        reply_to="office@example.com",
        in_reply_to="<2@example.com>",
        references=["<1@example.com>"],
    )
    assert mail["To"] == "Bob <bob@example.com>, eva@example.com"
    assert (mail["Cc"], mail["Reply-To"]) == ("carl@example.com", "office@example.com")
    assert "dora" not in mail.as_string()
    assert mail["Subject"] == "Grüße 🎸"
    assert mail["Message-ID"] == "<luthier.1@example.com>"
    assert mail[MARKER_HEADER] == "luthier.1"
    assert mail["Date"].datetime == MARKS.date
    assert mail["In-Reply-To"] == "<2@example.com>"
    assert mail["References"] == "<1@example.com> <2@example.com>"


def test_the_message_is_the_same_each_time() -> None:
    """Two attempts write the same headers; only the MIME boundary may differ."""
    assert rfc822(read(), MARKS) == rfc822(read(), MARKS)


@pytest.mark.parametrize(
    ("inputs", "kinds"),
    [
        pytest.param({}, ["text/plain"], id="text"),
        pytest.param({"text": "", "html": "<p>Hi</p>"}, ["text/html"], id="html"),
        pytest.param({"html": "<p>Hi</p>"}, ["text/plain", "text/html"], id="both"),
    ],
)
def test_bodies(inputs: dict[str, Any], kinds: list[str]) -> None:
    """A message has its plain text, its HTML, or both to choose from."""
    parts = [part for part in written(**inputs).walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts] == kinds


def test_an_attachment_keeps_its_bytes_and_name() -> None:
    """The content comes from the store; its type is guessed by the name."""
    mail = written(attachments=[{"sha256": "a" * 64, "filename": "Bericht größer.pdf"}])
    (part,) = mail.iter_attachments()
    assert part.get_content() == b"a" * 64
    assert part.get_content_type() == "application/pdf"
    assert part.get_filename() == "Bericht größer.pdf"


def test_a_long_line_survives() -> None:
    """A body line longer than SMTP allows is encoded, not broken."""
    text = "x" * 5000 + " ü"
    raw = rfc822(read(text=text), MARKS)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert message_from_bytes(raw, policy=default).get_content().strip() == text


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        pytest.param({"subject": "a\nb"}, "header-injection", id="line-break"),
        pytest.param({"subject": "a\u2028b"}, "header-injection", id="line-separator"),
        pytest.param({"subject": "a\ufeffb"}, "header-injection", id="zero-width"),
        pytest.param(
            {"subject": "=?utf-8?q?a=0D=0ABcc=3A_eve=40elsewhere=2Eexample?="},
            "header-injection",
            id="encoded-line-break",
        ),
        pytest.param(
            {"to": "=?utf-8?q?a=0D=0ABcc=3A_eve=40elsewhere=2Eexample?= <bob@example.com>"},
            "bad-address",
            id="encoded-line-break-in-a-name",
        ),
        pytest.param(
            {"to": "=?UTF-8?B?Ym9zc0BleGFtcGxlLmNvbQ==?= <bob@example.com>"},
            "bad-address",
            id="encoded-address-as-a-name",
        ),
        pytest.param(
            {"to": "boss\N{FULLWIDTH COMMERCIAL AT}example.com <bob@example.com>"},
            "bad-address",
            id="wide-address-as-a-name",
        ),
        pytest.param(
            {"to": "bob%elsewhere.example@example.com"}, "bad-address", id="percent-route"
        ),
        pytest.param({"to": "elsewhere.example!bob@example.com"}, "bad-address", id="bang-route"),
        pytest.param({"subject": "x" * 501}, "header-too-long", id="long-subject"),
        pytest.param({"text": "a\0"}, "bad-body", id="nul"),
        pytest.param({"text": "x" * 1_000_001}, "body-too-long", id="long-body"),
        pytest.param({"in_reply_to": "no id"}, "bad-message-id", id="message-id"),
        pytest.param(
            {"attachments": [{"sha256": "a" * 64, "filename": "../x"}]}, "bad-file-name", id="path"
        ),
        pytest.param(
            {"attachments": [{"sha256": "a" * 64, "filename": "x\u202efdp.exe"}]},
            "header-injection",
            id="reordered-file-name",
        ),
        pytest.param(
            {
                "attachments": [
                    {"sha256": "a" * 64, "filename": "x", "content_type": "message/rfc822"}
                ]
            },
            "bad-content-type",
            id="message-as-attachment",
        ),
        pytest.param(
            {
                "to": [f"u{n}@example.com" for n in range(60)],
                "cc": [f"v{n}@x.com" for n in range(60)],
            },
            "too-many-recipients",
            id="too-many",
        ),
    ],
)
def test_what_is_refused(inputs: dict[str, Any], code: str) -> None:
    """Each mistake has its own code."""
    with pytest.raises(LuthierError) as caught:
        read(**inputs)
    assert caught.value.code == code


def test_a_written_message_is_compared_with_what_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """A header that comes in while the message is written ends it, whatever let it through.

    Some releases of Python let this one through; others write it without the line break.
    """
    monkeypatch.setattr(message, "encoded_word_in", lambda _: None)
    subject = "=?utf-8?q?a=0D=0ABcc=3A_eve=40elsewhere=2Eexample?="
    error = refusal(subject=subject)
    if error is None:
        assert "Bcc" not in written(subject=subject)
    else:
        assert error.code == "header-injection"
        assert "Bcc" in error.message


def test_attachments_have_a_limit() -> None:
    """Files that no provider would take are refused before anything is sent."""
    inputs = MailInputs.model_validate(
        PLAIN | {"attachments": [{"sha256": "a" * 64, "filename": "x"}]}
    )
    with pytest.raises(LuthierError, match="larger than"):
        read_message(inputs, "ann@example.com", lambda _: b"x" * (MAX_ATTACHMENTS_BYTES + 1))


def test_a_recipient_counts_once() -> None:
    """An address in two fields, in any case, is one recipient."""
    found = read(to=["bob@example.com"], cc=["BOB@Example.com"])
    assert [box.key for box in found.recipients] == ["bob@example.com"]
    assert MAX_RECIPIENTS >= 100


@pytest.mark.parametrize(
    "text",
    [
        "bob@example.com",
        "Bob <bob@example.com>",
        '"Smith, Bob" <bob.smith+tag@mail.example.co.uk>',
        "Zoë Müller <zoe@xn--mnchen-3ya.de>",
    ],
)
def test_plain_addresses_are_read(text: str) -> None:
    """Ordinary addresses, names and encoded domains pass."""
    assert "@" in read_mailbox(text).address


@given(
    st.text(
        st.sampled_from("ab@.<>,;: \t\r\n\0\"'()[]\\\u202e\u200bа-_%"),  # noqa: RUF001 - one is Cyrillic
        max_size=30,
    )
)
def test_nothing_but_one_address_is_read(text: str) -> None:
    """Whatever is read is one address that goes into a header as it is."""
    try:
        box = read_mailbox(text)
    except LuthierError:
        return
    assert box.address.isascii()
    assert box.address.count("@") == 1
    assert not set(box.address) & set(' \t\r\n\0<>,;:"()[]\\')


_PIECES = st.sampled_from(
    ["=?utf-8?q?", "=?UTF-8*en?B?", "?=", "=0D=0A", "DQo=", "Bcc:_", "=40", " "]
)
_HOSTILE = st.text(max_size=60) | st.lists(_PIECES | st.text(max_size=3), max_size=8).map("".join)


@given(_HOSTILE, _HOSTILE)
def test_no_text_begins_another_header(subject: str, name: str) -> None:
    """Any subject and any name either are refused, or arrive in their own header only."""
    try:
        mail = written(subject=subject, to=f"{name} <bob@example.com>")
    except LuthierError:
        return
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        MARKER_HEADER,
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }
    assert [each.addr_spec for each in mail["To"].addresses] == ["bob@example.com"]
