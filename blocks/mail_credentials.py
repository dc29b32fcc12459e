"""How to reach the providers that send mail."""

from __future__ import annotations

from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

_REPOSITORY = "https://raw.githubusercontent.com/prefect-luthier/prefect-luthier/main"
_LOGO = HttpUrl(f"{_REPOSITORY}/docs/images/luthier.png")
_GUIDE = HttpUrl(
    "https://github.com/prefect-luthier/prefect-luthier/blob/main/docs/how-to/send-mail.md"
)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def _checked_url(url: str) -> str:
    """Return an address without its last slash; secrets go over TLS, or stay on this machine."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no https:// address of a server")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ValueError(f"{url!r} is not encrypted; use https://")
    return url.rstrip("/")


class GmailCredentials(Block):
    """A Google account that sends mail through the Gmail API.

    Give a refresh token with its client, or a service account that may act for the sender. The
    scopes `gmail.send` and `gmail.readonly` are needed: the second to look whether a message
    went out when the answer was lost.

    Example:
        Load configured credentials:
        ```python
        from prefect_luthier.blocks.mail_credentials import GmailCredentials

        credentials = GmailCredentials.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "Gmail Credentials"
    _block_type_slug = "gmail-credentials"
    _logo_url: ClassVar[Any] = _LOGO
    _documentation_url: ClassVar[Any] = _GUIDE

    sender: str = Field(min_length=3, description="Address that the mail comes from.")
    client_id: str | None = Field(default=None, description="OAuth client, with a refresh token.")
    client_secret: SecretStr | None = Field(default=None, description="The client's secret.")
    refresh_token: SecretStr | None = Field(default=None, description="The sender's token.")
    service_account: SecretStr | None = Field(
        default=None, description="Key file of a service account, its JSON text."
    )
    base_url: str = Field(
        default="https://gmail.googleapis.com", description="Address of the Gmail API."
    )
    token_url: str = Field(
        default="https://oauth2.googleapis.com/token", description="Where tokens are given."
    )
    timeout_s: float = Field(default=30.0, gt=0, description="Seconds that one call may take.")

    _urls = field_validator("base_url", "token_url")(_checked_url)

    @model_validator(mode="after")
    def _one_way_in(self) -> GmailCredentials:
        if (self.refresh_token is None) == (self.service_account is None):
            raise ValueError("give either a refresh token or a service account")
        if self.refresh_token and not (self.client_id and self.client_secret):
            raise ValueError("a refresh token needs its client_id and client_secret")
        return self


class OutlookCredentials(Block):
    """A Microsoft 365 mailbox that sends mail through Microsoft Graph.

    With a refresh token the mail is the signed-in person's; without one the application itself
    sends for the mailbox. `Mail.ReadWrite` and `Mail.Send` are needed.

    Example:
        Load configured credentials:
        ```python
        from prefect_luthier.blocks.mail_credentials import OutlookCredentials

        credentials = OutlookCredentials.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "Outlook Credentials"
    _block_type_slug = "outlook-credentials"
    _logo_url: ClassVar[Any] = _LOGO
    _documentation_url: ClassVar[Any] = _GUIDE

    sender: str = Field(min_length=3, description="Address of the mailbox.")
    tenant_id: str = Field(min_length=1, description="Directory (tenant) of the application.")
    client_id: str = Field(min_length=1, description="Application (client) id.")
    client_secret: SecretStr = Field(description="The application's secret.")
    refresh_token: SecretStr | None = Field(
        default=None, description="Token of a person; without it the application acts itself."
    )
    base_url: str = Field(
        default="https://graph.microsoft.com/v1.0", description="Address of Microsoft Graph."
    )
    authority_url: str = Field(
        default="https://login.microsoftonline.com", description="Where tokens are given."
    )
    timeout_s: float = Field(default=30.0, gt=0, description="Seconds that one call may take.")

    _urls = field_validator("base_url", "authority_url")(_checked_url)


class SmtpCredentials(Block):
    """A mail server that takes mail over SMTP.

    Example:
        Load configured credentials:
        ```python
        from prefect_luthier.blocks.mail_credentials import SmtpCredentials

        credentials = SmtpCredentials.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "SMTP Credentials"
    _block_type_slug = "smtp-credentials"
    _logo_url: ClassVar[Any] = _LOGO
    _documentation_url: ClassVar[Any] = _GUIDE

    sender: str = Field(min_length=3, description="Address that the mail comes from.")
    host: str = Field(min_length=1, description="Name of the mail server.")
    port: int = Field(default=587, gt=0, lt=65536, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="How the connection is encrypted."
    )
    username: str | None = Field(default=None, description="Name to sign in with.")
    password: SecretStr | None = Field(default=None, description="Password to sign in with.")
    timeout_s: float = Field(default=30.0, gt=0, description="Seconds that one step may take.")

    @model_validator(mode="after")
    def _encrypted(self) -> SmtpCredentials:
        if self.security == "none" and self.password and self.host not in _LOOPBACK:
            raise ValueError("a password is only sent over an encrypted connection")
        if (self.username is None) != (self.password is None):
            raise ValueError("give both a user name and a password, or neither")
        return self


MailCredentials = GmailCredentials | OutlookCredentials | SmtpCredentials
