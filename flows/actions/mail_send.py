"""`gmail.send`, `outlook.send` and `smtp.send`: one message, sent once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prefect_luthier.canonical import digest
from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import Action, ActionContext
from prefect_luthier.flows.actions.mail_inputs import MailInputs, MailOutputs

if TYPE_CHECKING:
    from prefect_luthier.flows.effects.adapter import Adapter
    from prefect_luthier.flows.effects.mail.message import Marks, Message
    from prefect_luthier.flows.effects.request import EffectRequest
    from prefect_luthier.policy import Decision, PolicyRequest
    from prefect_luthier.settings import Settings


async def send_mail(slug: str, inputs: MailInputs, context: ActionContext) -> MailOutputs:
    """Send a message through the provider of an action, once.

    Raises:
        LuthierError: It is not permitted, cannot be sent, or nobody knows whether it was.
    """
    # What sends is only loaded where something is sent.
    from prefect_luthier.ai_builder.action_planning.recipients import (  # noqa: PLC0415
        without_addresses,
    )
    from prefect_luthier.blocks.blob_store import open_blob_store  # noqa: PLC0415
    from prefect_luthier.flows.effects.mail.message import read_message  # noqa: PLC0415
    from prefect_luthier.flows.effects.perform import perform  # noqa: PLC0415
    from prefect_luthier.flows.effects.rates import admission  # noqa: PLC0415
    from prefect_luthier.flows.effects.runtime import runtime_of  # noqa: PLC0415
    from prefect_luthier.settings import load_settings  # noqa: PLC0415

    def log(line: str) -> None:
        context.log(without_addresses(line))

    settings = load_settings()
    credentials = await _credentials(slug, inputs.account)
    try:
        message = read_message(inputs, credentials.sender, open_blob_store(settings).get)
        request = _request(slug, inputs, message, context, settings)
        runtime = runtime_of(settings, admit=admission(settings), log=log, announce=_announce)
        outcome = await perform(request, _maker(credentials, message), runtime)
    except LuthierError as error:
        # Prefect keeps what a step fails with; the whole words are in the record of the effect.
        raise LuthierError(error.code, without_addresses(error.message), error.advice) from None
    context.log(f"sent to {len(message.recipients)} recipients as {outcome['message_id']}")
    return MailOutputs(**outcome)


def _announce(request: PolicyRequest, decision: Decision) -> None:
    """Tell Prefect's automations what the permission gate decided."""
    from prefect.events import emit_event  # noqa: PLC0415 - loads Prefect

    from prefect_luthier.flows.decision_events import discreet  # noqa: PLC0415

    emit_event(
        event=f"luthier.permission.{'allowed' if decision.allowed else 'denied'}",
        resource={"prefect.resource.id": f"luthier.action.{request.action}"},
        payload=discreet(decision.to_json())
        | {"actor": request.actor, "workspace": request.workspace},
    )


async def _credentials(slug: str, account: str) -> Any:
    from prefect_luthier.blocks import mail_credentials  # noqa: PLC0415 - loads Prefect

    kinds = {
        "gmail.send": mail_credentials.GmailCredentials,
        "outlook.send": mail_credentials.OutlookCredentials,
        "smtp.send": mail_credentials.SmtpCredentials,
    }
    kind: Any = kinds[slug]
    try:
        return await kind.aload(account)
    except ValueError as error:  # there is no such block
        raise LuthierError(
            "unknown-account",
            f"{slug} has no account {account!r}.",
            f"Create a block {kind._block_type_name!r} named {account!r} in Prefect.",  # noqa: SLF001 - Prefect's name
        ) from error


def _request(
    slug: str, inputs: MailInputs, message: Message, context: ActionContext, settings: Settings
) -> EffectRequest:
    from prefect_luthier.flows.effects.principal import acting_principal  # noqa: PLC0415
    from prefect_luthier.flows.effects.request import EffectRequest  # noqa: PLC0415

    who = acting_principal(settings, context.run_id)
    body = inputs.model_dump(mode="json", exclude={"client_request_id"})
    return EffectRequest(
        action=slug,
        client_request_id=inputs.client_request_id or _derived_key(context),
        body_hash=digest({"action": slug, "params": body}),
        sender_domain=message.sender.key.rpartition("@")[2],
        recipients=tuple(box.key for box in message.recipients),
        tenant=who.tenant,
        workspace=who.workspace,
        actor=who.actor,
        correlation_id=who.correlation_id,
    )


def _derived_key(context: ActionContext) -> str:
    """Return the same key at every attempt of a step, and when its run is continued."""
    if not context.run_id:
        return str(uuid4())
    from prefect_luthier.flows.execution.options import options  # noqa: PLC0415

    parent = options.get().parent
    if parent is None:
        return f"{context.run_id}:{context.step}"
    # A step that starts a workflow anew gives the new run another id.
    return f"{parent.run_id}:{parent.step}:{context.step}"


def _maker(credentials: Any, message: Message) -> Callable[[Marks], Adapter]:
    from prefect_luthier.blocks.mail_credentials import (  # noqa: PLC0415
        GmailCredentials,
        OutlookCredentials,
    )
    from prefect_luthier.flows.effects.gmail import GmailAdapter  # noqa: PLC0415
    from prefect_luthier.flows.effects.graph import GraphAdapter  # noqa: PLC0415
    from prefect_luthier.flows.effects.smtp import SmtpAdapter  # noqa: PLC0415

    def make(marks: Marks) -> Adapter:
        if isinstance(credentials, GmailCredentials):
            return GmailAdapter(credentials, message, marks)
        if isinstance(credentials, OutlookCredentials):
            return GraphAdapter(credentials, message, marks)
        return SmtpAdapter(credentials, message, marks)

    return make


def mail_action(slug: str, description: str, hosts: tuple[str, ...]) -> Action:
    """Return the action that sends through one kind of provider."""

    async def run(inputs: MailInputs, context: ActionContext) -> MailOutputs:
        return await send_mail(slug, inputs, context)

    return Action(
        slug=slug,
        version="1.0.0",
        description=description,
        inputs=MailInputs,
        outputs=MailOutputs,
        run=run,
        capabilities=Capabilities(network=hosts),
    )


GMAIL_SEND = mail_action(
    "gmail.send",
    "Send an email (mail) from a Gmail or Google Workspace account to people, with "
    "copies, HTML and attachments; it is sent once.",
    ("gmail.googleapis.com", "oauth2.googleapis.com"),
)
OUTLOOK_SEND = mail_action(
    "outlook.send",
    "Send an email (mail) from an Outlook or Microsoft 365 mailbox to people, with "
    "copies, HTML and attachments; it is sent once.",
    ("graph.microsoft.com", "login.microsoftonline.com"),
)
SMTP_SEND = mail_action(
    "smtp.send",
    "Send an email (mail) through an SMTP mail server to people, with copies, HTML and "
    "attachments; it is sent once.",
    ("*",),
)
