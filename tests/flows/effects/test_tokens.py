"""Access tokens come from the providers' own libraries; a refusal says why, and no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fault_server import Fault

from prefect_luthier.blocks.mail_credentials import GmailCredentials
from prefect_luthier.flows.effects.adapter import NotSent
from prefect_luthier.flows.effects.tokens import forget_token, gmail_token, outlook_token


def test_a_token_is_kept_until_it_is_refused(gmail: Any, gmail_credentials: Any) -> None:
    """One token serves many messages; a refused one is asked for anew."""
    first = gmail_token(gmail_credentials)
    assert gmail_token(gmail_credentials) == first
    assert gmail.calls == ["token"]
    forget_token(gmail_credentials)
    assert gmail_token(gmail_credentials) != first


def test_a_service_account_signs_for_itself(gmail: Any) -> None:
    """A key file gives a token for the sender that it may act for."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {
        "type": "service_account",
        "client_email": "robot@project.iam.gserviceaccount.com",
        "private_key": key.decode(),
        "private_key_id": "1",
        "token_uri": "https://elsewhere.example/token",
    }
    credentials = GmailCredentials(
        sender="ann@example.com",
        service_account=json.dumps(info),
        base_url=gmail.url,
        token_url=f"{gmail.url}/token",
    )
    assert gmail_token(credentials).startswith("ya29.")


def test_a_person_signs_in_to_outlook(graph: Any, outlook_credentials: Any) -> None:
    """With a refresh token the mail is the person's own."""
    person = outlook_credentials.model_copy(update={"refresh_token": _secret("refresh-1")})
    token = outlook_token(person)
    assert graph.tokens[token] == "person"
    assert graph.tokens[outlook_token(outlook_credentials)] == "application"


@pytest.mark.parametrize("wrong", ["client_secret", "refresh_token"])
def test_google_refuses_an_account(gmail_credentials: Any, wrong: str) -> None:
    """The reason is Google's, and no secret is in it."""
    credentials = gmail_credentials.model_copy(update={wrong: _secret("wrong-sesame")})
    with pytest.raises(NotSent, match="no access token") as caught:
        gmail_token(credentials)
    assert not caught.value.retryable
    assert "sesame" not in str(caught.value)


def test_microsoft_refuses_an_account(outlook_credentials: Any) -> None:
    """The reason is Microsoft's, and no secret is in it."""
    credentials = outlook_credentials.model_copy(update={"client_secret": _secret("wrong-sesame")})
    with pytest.raises(NotSent, match="AADSTS7000215") as caught:
        outlook_token(credentials)
    assert not caught.value.retryable
    assert "sesame" not in str(caught.value)


def test_a_token_server_that_is_away_is_tried_again(graph: Any, outlook_credentials: Any) -> None:
    """No answer from the token server says nothing about the account."""
    graph.faults.append(Fault("discovery", "reset-before"))
    with pytest.raises(NotSent) as caught:
        outlook_token(outlook_credentials)
    assert caught.value.retryable


def _secret(value: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(value)
