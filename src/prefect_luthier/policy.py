"""The permission gate: who may do which action, where, to whom. Denies unless a rule allows.

Only the structured request and the server's policy decide; no prompt, mail or step output is
ever read here. The rules are Cedar's: deny by default, and a forbid overrides every permit.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from prefect_luthier.canonical import digest

Stage = Literal["plan", "enqueue", "effect"]

BUCKETS = 10_000
TIMEOUT_S = 2.0

NO_RULE = "no-rule-allows"
ENGINE_ERROR = "engine-error"


@dataclass(frozen=True)
class PolicyRequest:
    """One question to the gate.

    Args:
        action: Slug of the action, e.g. ``gmail.send``.
        actor: Who acts.
        workspace: Where.
        tenant: For whom.
        recipients: Everybody it would reach, in lower case; each of them must be allowed.
    """

    action: str
    actor: str
    workspace: str = "default"
    tenant: str = "default"
    recipients: tuple[str, ...] = ()

    @property
    def bucket(self) -> int:
        """Where a percentage cuts: the same number, 0 to 9999, for the same people each time."""
        key = f"{self.tenant}\0{self.workspace}\0{self.actor}"
        return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:8]) % BUCKETS


@dataclass(frozen=True)
class Decision:
    """The gate's answer.

    Args:
        allowed: Whether it may be done.
        rule: Name of the rule that decided.
        reason: Why, for people.
    """

    allowed: bool
    rule: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Return the decision as JSON values."""
        return {"allowed": self.allowed, "rule": self.rule, "reason": self.reason}


@dataclass(frozen=True)
class Answer:
    """What the engine says to one request.

    Args:
        allowed: Whether a permit and no forbid applied.
        rules: Names of the rules that decided.
        errors: What went wrong; any error makes the answer a denial.
    """

    allowed: bool
    rules: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


Engine = Callable[[str, Sequence[Mapping[str, Any]]], Sequence[Answer]]
"""Takes the policies as Cedar text and requests; gives one answer for each request."""


@dataclass(frozen=True)
class Policy:
    """What the server permits.

    Args:
        cedar: The policies as Cedar text.
        reasons: What to tell people when a rule forbids, by its name.
        broken: Why there is no usable policy; everything is denied then.
        engine: Evaluates Cedar.
        timeout_s: How long the engine may take; a later answer is a denial. Cedar itself always
            ends, so it runs in the caller's thread: handing it over would take longer.
    """

    cedar: str
    reasons: Mapping[str, str] = field(default_factory=dict)
    broken: str = ""
    engine: Engine = field(default_factory=lambda: evaluate_cedar, repr=False)
    timeout_s: float = TIMEOUT_S

    @cached_property
    def digest(self) -> str:
        """Names this policy in the record of a decision."""
        return digest({"cedar": self.cedar, "broken": self.broken})

    def decide(self, request: PolicyRequest) -> Decision:
        """Return whether the request is permitted. Whatever goes wrong is a denial."""
        if self.broken:
            return Decision(False, ENGINE_ERROR, f"the policy cannot be used: {self.broken}")
        recipients = request.recipients or ("",)
        started = time.monotonic()
        try:
            answers = self.engine(self.cedar, [_cedar_request(request, who) for who in recipients])
        except Exception as error:  # noqa: BLE001 - fail closed, whatever a foreign engine raises
            reason = f"the permission check failed: {type(error).__name__}: {error}."
            return Decision(False, ENGINE_ERROR, reason)
        if time.monotonic() - started > self.timeout_s:
            reason = f"the permission check gave no answer within {self.timeout_s:g} s."
            return Decision(False, ENGINE_ERROR, reason)
        if len(answers) != len(recipients):
            return Decision(False, ENGINE_ERROR, "the permission check gave too few answers.")
        denied = [
            (who, each) for who, each in zip(recipients, answers, strict=True) if not _allows(each)
        ]
        if denied:
            return self._denial(request, *denied[0])
        return Decision(True, answers[0].rules[0], f"rule `{answers[0].rules[0]}` allows it.")

    def _denial(self, request: PolicyRequest, recipient: str, answer: Answer) -> Decision:
        what = f"{request.action} to {recipient}" if recipient else request.action
        who = f"{request.actor!r} in workspace {request.workspace!r}"
        if answer.errors:
            reason = f"the permission check failed: {'; '.join(answer.errors)}."
            return Decision(False, ENGINE_ERROR, reason)
        if not answer.rules:
            return Decision(False, NO_RULE, f"no rule allows {what} for {who}.")
        rule = answer.rules[0]
        why = self.reasons.get(rule, f"rule `{rule}` forbids it")
        return Decision(False, rule, f"{what} is denied for {who}: {why}.")


def _allows(answer: Answer) -> bool:
    return answer.allowed and bool(answer.rules) and not answer.errors


def _cedar_request(request: PolicyRequest, recipient: str) -> dict[str, Any]:
    """Return Cedar's form of a question about one recipient."""
    return {
        "principal": {"type": "Actor", "id": request.actor},
        "action": {"type": "Action", "id": request.action},
        "resource": {"type": "Workspace", "id": request.workspace},
        "context": {
            "tenant": request.tenant,
            "actor": request.actor,
            "workspace": request.workspace,
            "recipient": recipient,
            "bucket": request.bucket,
        },
    }


def evaluate_cedar(cedar: str, requests: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Evaluate requests with the Cedar engine.

    Raises:
        ValueError: The policies cannot be parsed.
    """
    import cedarpy  # noqa: PLC0415 - 0.1 s, only where something is to be permitted

    if cedar not in _parsed:
        _parsed.clear()
        _parsed[cedar] = cedarpy.PolicySet.from_str(cedar)
    results = cedarpy.is_authorized_batch([dict(each) for each in requests], _parsed[cedar], [])
    return [_answer(result) for result in results]


_parsed: dict[str, Any] = {}


def _answer(result: Any) -> Answer:
    names = result.diagnostics.id_annotations_by_reason
    rules = sorted(names.get(reason) or reason for reason in result.diagnostics.reasons)
    errors = list(result.diagnostics.errors)
    if result.decision.value == "NoDecision":
        return Answer(False, (), tuple(errors or rules or ["no decision"]))
    return Answer(bool(result.allowed), tuple(rules), tuple(errors))
