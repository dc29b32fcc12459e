"""Access tokens of the providers, by their own libraries, kept until they expire."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from prefect_luthier.blocks.mail_credentials import GmailCredentials, OutlookCredentials
from prefect_luthier.canonical import digest
from prefect_luthier.flows.effects.adapter import NotSent

GMAIL_SCOPES = (
    "https://www.googleapis.com/auth/gmail.send",
    "https://www.googleapis.com/auth/gmail.readonly",
)
_MARGIN_S = 120.0

_kept: dict[str, tuple[str, float]] = {}


def gmail_token(credentials: GmailCredentials) -> str:
    """Return an access token for Gmail.

    Raises:
        NotSent: Google does not give one.
    """
    return _token(credentials, lambda: _ask_google(credentials))


def outlook_token(credentials: OutlookCredentials) -> str:
    """Return an access token for Microsoft Graph.

    Raises:
        NotSent: Microsoft does not give one.
    """
    return _token(credentials, lambda: _ask_microsoft(credentials))


def forget_token(credentials: GmailCredentials | OutlookCredentials) -> None:
    """Drop a token that the provider refused."""
    _kept.pop(_key(credentials), None)


def _token(
    credentials: GmailCredentials | OutlookCredentials, ask: Callable[[], tuple[str, float]]
) -> str:
    key = _key(credentials)
    token, until = _kept.get(key, ("", 0.0))
    if time.monotonic() > until - _MARGIN_S:
        token, lifetime_s = ask()
        _kept[key] = (token, time.monotonic() + lifetime_s)
    return token


def _key(credentials: GmailCredentials | OutlookCredentials) -> str:
    values = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else value
        for name, value in credentials
    }
    return digest({name: str(value) for name, value in values.items()})


def _ask_google(credentials: GmailCredentials) -> tuple[str, float]:
    from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415 - slow

    try:
        with _client(credentials.token_url, credentials.timeout_s) as client:
            account = _google_account(credentials)
            account.refresh(_GoogleRequest(client))
    except TransportError as error:
        raise _no_token("Google", str(error), retryable=True) from error
    except (GoogleAuthError, ValueError) as error:
        raise _no_token("Google", str(error), retryable=False) from error
    return str(account.token), 3600.0


def _google_account(credentials: GmailCredentials) -> Any:
    from google.oauth2 import credentials as oauth  # noqa: PLC0415
    from google.oauth2 import service_account  # noqa: PLC0415

    if credentials.service_account is not None:
        info = json.loads(credentials.service_account.get_secret_value())
        return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
            info | {"token_uri": credentials.token_url},
            scopes=GMAIL_SCOPES,
            subject=credentials.sender,
        )
    assert credentials.refresh_token is not None
    assert credentials.client_secret is not None
    return oauth.Credentials(  # type: ignore[no-untyped-call]
        token=None,
        refresh_token=credentials.refresh_token.get_secret_value(),
        token_uri=credentials.token_url,
        client_id=credentials.client_id,
        client_secret=credentials.client_secret.get_secret_value(),
        scopes=GMAIL_SCOPES,
    )


class _GoogleAnswer:
    """An answer in the form that google-auth reads."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.data = response.content


class _GoogleRequest:
    """Makes google-auth's requests with httpx."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the client has its own
        **_options: Any,
    ) -> _GoogleAnswer:
        from google.auth.exceptions import TransportError  # noqa: PLC0415

        try:
            return _GoogleAnswer(
                self._client.request(method, url, content=body, headers=dict(headers or {}))
            )
        except httpx.HTTPError as error:
            reason = f"{type(error).__name__}: {error}"
            raise TransportError(reason) from error  # type: ignore[no-untyped-call]


def _ask_microsoft(credentials: OutlookCredentials) -> tuple[str, float]:
    import msal  # noqa: PLC0415 - slow
    from msal.exceptions import MsalError  # noqa: PLC0415

    host = urlsplit(credentials.authority_url)
    encrypted = host._replace(scheme="https").geturl()
    try:
        with _client(credentials.authority_url, credentials.timeout_s) as client:
            application = msal.ConfidentialClientApplication(
                credentials.client_id,
                authority=f"{encrypted}/{credentials.tenant_id}",
                client_credential=credentials.client_secret.get_secret_value(),
                http_client=_MicrosoftHttp(client, encrypted, credentials.authority_url),
                instance_discovery=False,
            )
            scope = f"{_origin(credentials.base_url)}/.default"
            if credentials.refresh_token is None:
                answer = application.acquire_token_for_client([scope])
            else:
                answer = application.acquire_token_by_refresh_token(
                    credentials.refresh_token.get_secret_value(), [scope]
                )
    except (httpx.HTTPError, MsalError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise _no_token("Microsoft", reason, retryable=True) from error
    except ValueError as error:
        raise _no_token("Microsoft", str(error), retryable=False) from error
    if not answer or "access_token" not in answer:
        answer = answer or {}
        reason = answer.get("error_description") or answer.get("error") or "no reason given"
        raise _no_token("Microsoft", str(reason), retryable=False)
    return str(answer["access_token"]), float(answer.get("expires_in", 0))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _MicrosoftHttp:
    """Makes msal's requests with httpx.

    msal knows only https:// authorities; one on this machine may be plain.
    """

    def __init__(self, client: httpx.Client, encrypted: str, given: str) -> None:
        self._client = client
        self._encrypted = encrypted
        self._given = given

    def post(
        self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_options: Any
    ) -> httpx.Response:
        return self._client.post(self._at(url), params=params, data=data, headers=headers)

    def get(self, url: str, params: Any = None, headers: Any = None, **_options: Any) -> Any:
        return self._client.get(self._at(url), params=params, headers=headers)

    def close(self) -> None:
        """Leave the client to its owner."""

    def _at(self, url: str) -> str:
        if url.startswith(self._encrypted):
            return self._given + url.removeprefix(self._encrypted)
        return url


@cache
def tls() -> ssl.SSLContext:
    """Return the settings for encrypted connections; reading the certificates takes long."""
    return httpx.create_ssl_context()


def _client(url: str, timeout_s: float) -> httpx.Client:
    return httpx.Client(timeout=timeout_s, trust_env=not is_local(url), verify=tls())


def is_local(url: str) -> bool:
    """Return whether an address is on this machine, where no proxy stands between."""
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def _no_token(provider: str, reason: str, *, retryable: bool) -> NotSent:
    return NotSent(
        "no-access-token",
        f"{provider} gives no access token: {reason[:500]}",
        "" if retryable else "Renew the account's credentials block.",
        retryable=retryable,
    )
