"""The blocks that say how mail is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from prefect_luthier.blocks.mail_credentials import (
    GmailCredentials,
    OutlookCredentials,
    SmtpCredentials,
)

GMAIL = {"sender": "a@example.com", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
OUTLOOK = {"sender": "a@x.com", "tenant_id": "t", "client_id": "c", "client_secret": "sesame"}
SMTP = {"sender": "a@example.com", "host": "mail.example.com"}


@pytest.mark.parametrize(
    ("block", "values", "reason"),
    [
        pytest.param(GmailCredentials, {"sender": "a@x.com"}, "either", id="no-way-in"),
        pytest.param(GmailCredentials, GMAIL | {"service_account": "{}"}, "either", id="two-ways"),
        pytest.param(GmailCredentials, GMAIL | {"client_id": None}, "client_id", id="no-client"),
        pytest.param(
            GmailCredentials, GMAIL | {"base_url": "http://evil.com"}, "not encrypted", id="plain"
        ),
        pytest.param(
            OutlookCredentials, OUTLOOK | {"authority_url": "ftp://x"}, "https", id="no-http"
        ),
        pytest.param(
            SmtpCredentials,
            SMTP | {"security": "none", "username": "u", "password": "p"},
            "encrypted",
            id="password-in-clear",
        ),
        pytest.param(SmtpCredentials, SMTP | {"username": "u"}, "neither", id="half-a-login"),
    ],
)
def test_credentials_that_cannot_work(block: type, values: dict[str, Any], reason: str) -> None:
    """A mistake in credentials is named when they are written, not when mail is sent."""
    with pytest.raises(ValidationError, match=reason):
        block(**values)


@pytest.mark.parametrize(
    "block",
    [GmailCredentials(**GMAIL), OutlookCredentials(**OUTLOOK), SmtpCredentials(**SMTP)],
    ids=["gmail", "outlook", "smtp"],
)
def test_secrets_are_not_shown(block: Any) -> None:
    """Neither the text nor the JSON of a block shows a secret."""
    for shown in (repr(block), str(block.model_dump(mode="json"))):
        assert "sesame" not in shown
        assert "'r'" not in shown


def test_a_fake_on_this_machine_may_be_plain_http() -> None:
    """Loopback needs no TLS, so that a provider can be played by a test."""
    assert GmailCredentials(**GMAIL, base_url="http://127.0.0.1:1/").base_url.endswith(":1")
