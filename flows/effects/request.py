"""An effect that is asked for, and the ways it can end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect_luthier.deployments.store.effects import EffectKey, EffectState
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects.mail.message import Marks
from prefect_luthier.policy import Decision, PolicyRequest


class ActionDenied(LuthierError):
    """The permission gate said no."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(
            "action-denied",
            f"permission denied by {decision.rule}: {decision.reason}",
            "An operator can allow it in ALLOW_ACTIONS_DEFAULT or in the policy file.",
        )
        self.decision = decision


class EffectFailed(LuthierError):
    """It did not happen, for certain."""


class OutcomeUnknown(LuthierError):
    """It may have happened; a person must find out."""


@dataclass(frozen=True)
class EffectRequest:
    """An effect to perform once.

    Args:
        action: Slug of the action.
        client_request_id: The key; with the same key and body it happens once.
        body_hash: Digest of what is to be done.
        sender_domain: Domain of the account, for the Message-ID.
        recipients: Everybody it reaches, in lower case.
        tenant: For whom; likewise ``workspace`` and ``actor``.
        correlation_id: What it belongs to.
    """

    action: str
    client_request_id: str
    body_hash: str
    sender_domain: str
    recipients: tuple[str, ...]
    tenant: str
    workspace: str
    actor: str
    correlation_id: UUID

    @property
    def key(self) -> EffectKey:
        """What the store knows it by."""
        source = f"{self.tenant}\0{self.client_request_id}".encode()
        name = hashlib.sha256(source).hexdigest()[:40]
        marker = f"<luthier.{name}@{self.sender_domain}>"
        return EffectKey(self.tenant, self.client_request_id, self.body_hash, self.action, marker)

    @property
    def question(self) -> PolicyRequest:
        """What the permission gate is asked."""
        return PolicyRequest(self.action, self.actor, self.workspace, self.tenant, self.recipients)


def marks_of(seen: EffectState) -> Marks:
    """Return by what the message of an effect is found again, the same at every attempt."""
    local = seen.key.marker[1:].partition("@")[0]
    return Marks(seen.key.marker, local, seen.created_at)


def check_same_body(seen: EffectState, request: EffectRequest) -> None:
    """Refuse a key that stands for something else already.

    Raises:
        LuthierError: It does (``request-conflict``).
    """
    if (seen.key.body_hash, seen.key.action) != (request.body_hash, request.action):
        raise LuthierError(
            "request-conflict",
            f"the client_request_id {request.client_request_id!r} was used for something else.",
            "Use a new client_request_id for other content.",
        )


def sent_outcome(
    seen: EffectState, request: EffectRequest, provider: str, reference: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every caller is told of an effect that happened."""
    return {
        "status": "sent",
        "provider": provider,
        "message_id": seen.key.marker,
        "recipients": list(request.recipients),
        "provider_reference": dict(reference),
    }


def failed_outcome(error: LuthierError, *, retryable: bool) -> dict[str, Any]:
    """Return what is kept of an effect that did not happen."""
    return {"status": "failed", "error": error.to_json(), "retryable": retryable}


def replay(seen: EffectState, at: datetime, ttl: timedelta) -> dict[str, Any]:
    """Return the first outcome to a duplicate; after the time to live only that it happened.

    Raises:
        EffectFailed: It did not happen.
        OutcomeUnknown: Nobody knows.
    """
    outcome = dict(seen.outcome or {})
    if seen.state == "unknown":
        raise unknown_error(seen, "its outcome could not be found out")
    if seen.state == "failed":
        error = outcome["error"]
        raise EffectFailed(error["code"], error["message"], error["advice"])
    assert seen.settled_at is not None
    answer = outcome | {"sent_at": seen.settled_at.isoformat(), "expired": False}
    if at - seen.settled_at > ttl:
        answer |= {"recipients": [], "provider_reference": {}, "expired": True}
    return answer


def unknown_error(seen: EffectState, why: str) -> OutcomeUnknown:
    """Return the error that hands an effect to a person."""
    return OutcomeUnknown(
        "outcome-unknown",
        f"nobody knows whether {seen.key.action} {seen.key.client_request_id!r} happened: {why}. "
        "It is not sent again.",
        f"Look for the Message-ID {seen.key.marker}, then run `luthier ai resolve "
        f"{seen.key.client_request_id} --sent` or `--not-sent`.",
    )
