"""What every action that sends mail takes and gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from prefect_luthier.flows.actions.contract import ActionInputs, ActionOutputs

DEFAULT_ACCOUNT = "default"


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Addresses = Annotated[
    list[str],
    BeforeValidator(_listed, json_schema_input_type=str | list[str]),
    Field(max_length=100),
]


class Attachment(BaseModel):
    """A file of the content store."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Its name in the content store.")
    filename: str = Field(min_length=1, max_length=200, description="The name people see.")
    content_type: str = Field(default="", description="Media type; default: by the file name.")


class MailInputs(ActionInputs):
    """The message."""

    to: Addresses = Field(description="Whom it is for: `ann@example.com`, or a list.")
    cc: Addresses = Field(default=[], description="Who gets a copy.")
    bcc: Addresses = Field(default=[], description="Who gets a copy unseen by the others.")
    subject: str = Field(description="Its subject, one line.")
    text: str = Field(default="", description="The body as plain text.")
    html: str = Field(default="", description="The body as HTML.")
    attachments: list[Attachment] = Field(
        default=[], max_length=50, description="Files of the content store."
    )
    reply_to: str = Field(default="", description="Where answers go, if not to the sender.")
    in_reply_to: str = Field(default="", description="Message-ID that it answers.")
    references: list[str] = Field(
        default=[], max_length=100, description="Message-IDs of the thread, oldest first."
    )
    account: str = Field(
        default=DEFAULT_ACCOUNT,
        pattern="^[a-z0-9-]+$",
        description="Name of the credentials block.",
    )
    client_request_id: str = Field(
        default="",
        max_length=200,
        description="Key under which it is sent once; default: the run and its step.",
    )


class MailOutputs(ActionOutputs):
    """What became of the message."""

    status: str = Field(description="`sent`.")
    provider: str = Field(description="Who took it.")
    message_id: str = Field(description="Its Message-ID, for answers and threads.")
    recipients: list[str] = Field(description="Everybody it went to.")
    provider_reference: dict[str, str] = Field(description="The provider's own names for it.")
    sent_at: str = Field(description="When it was known to be sent.")
    expired: bool = Field(
        description="Whether it was sent so long ago that only this is told of it."
    )
