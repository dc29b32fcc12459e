"""Accepting actions: each is checked and permitted, then all are stored, or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.plan import (
    KEY_INPUT,
    MAX_ACTIONS,
    PlannedAction,
)
from prefect_luthier.ai_builder.action_planning.planning import provider_of
from prefect_luthier.ai_builder.action_planning.recipients import recipients_of
from prefect_luthier.blocks.blob_store import open_blob_store
from prefect_luthier.canonical import digest, jsonable
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.store.action_plans import Asker
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.decisions import Question, record_decisions
from prefect_luthier.deployments.store.jobs import body_under
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow, ActionPlanRow
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.installed import find_action, installed_catalog
from prefect_luthier.flows.actions.mail_inputs import MailInputs
from prefect_luthier.flows.effects.mail.message import read_message
from prefect_luthier.policy import Decision, Policy, PolicyRequest, Stage
from prefect_luthier.policy_rules import load_policy
from prefect_luthier.settings import Settings

# Stands for the account's own address, which is only known where it is sent.
_ANY_SENDER = "sender@example.com"


@dataclass(frozen=True)
class Verdict:
    """Whether one action may be done.

    Args:
        action: The action.
        body_hash: Digest of what it does; another body under the same key is a conflict.
        request: What the permission gate is asked about it.
        decision: The answer, or what is wrong with the action itself.
    """

    action: PlannedAction
    body_hash: str
    request: PolicyRequest
    decision: Decision


@dataclass(frozen=True)
class Accepted:
    """What became of a plan that was handed in.

    Args:
        jobs: One for each action; none when any action was refused.
        verdicts: For each action, whether it may be done, and why not.
    """

    jobs: tuple[ActionJobRow, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def denied(self) -> list[dict[str, Any]]:
        """The refused actions, each with its reason."""
        return [
            {"client_request_id": each.action.client_request_id, "action": each.action.action}
            | each.decision.to_json()
            for each in self.verdicts
            if not each.decision.allowed
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``luthier ai execute --json``."""
        return {"job_ids": [str(job.id) for job in self.jobs], "denied": self.denied}


def accept(
    actions: Sequence[PlannedAction],
    asker: Asker,
    settings: Settings,
    plan_id: UUID | None = None,
) -> Accepted:
    """Check, permit and store actions in one transaction; what is returned is durable.

    One refused action refuses the whole plan: half of it may be worse than nothing.

    Raises:
        LuthierError: There is nothing to do (``empty-plan``).
        ServiceUnreachable: The store does not answer.
    """
    if not actions:
        raise LuthierError("empty-plan", "the plan has no actions.", "Ask for something else.")
    correlation_id = uuid4()
    policy = load_policy(settings)
    with Session(open_store(settings), expire_on_commit=False) as session:
        if plan_id is not None and session.get(ActionPlanRow, plan_id) is None:
            plan_id = None  # it was made with another store
        verdicts = judge_in(session, actions, asker, settings, policy)
        record_verdicts(session, policy, verdicts, "enqueue", correlation_id)
        jobs: tuple[ActionJobRow, ...] = ()
        if all(each.decision.allowed for each in verdicts):
            jobs = tuple(_job(each, asker, correlation_id, plan_id) for each in verdicts)
            session.add_all(jobs)
        session.commit()
    return Accepted(jobs, verdicts)


def judge(
    actions: Sequence[PlannedAction], asker: Asker, settings: Settings
) -> tuple[Verdict, ...]:
    """Return what `accept` would decide now; nothing is stored or accepted by this.

    Raises:
        ServiceUnreachable: The store does not answer.
    """
    with Session(open_store(settings)) as session:
        return judge_in(session, actions, asker, settings, load_policy(settings))


def judge_in(
    session: Session,
    actions: Sequence[PlannedAction],
    asker: Asker,
    settings: Settings,
    policy: Policy,
) -> tuple[Verdict, ...]:
    """Return for each action of a plan whether it may be done as it stands."""
    gate = _Gate(session, policy, asker, settings, actions)
    return tuple(map(gate.judge, actions))


def record_verdicts(
    session: Session,
    policy: Policy,
    verdicts: Sequence[Verdict],
    stage: Stage,
    correlation_id: UUID,
) -> None:
    """Store what was decided about each action of a plan."""
    asked = [
        (
            Question(each.request, stage, correlation_id, each.action.client_request_id),
            each.decision,
        )
        for each in verdicts
    ]
    record_decisions(session, policy.digest, asked)


class _Gate:
    """Decides on the actions of one plan."""

    def __init__(
        self,
        session: Session,
        policy: Policy,
        asker: Asker,
        settings: Settings,
        actions: Sequence[PlannedAction],
    ) -> None:
        self._session = session
        self._policy = policy
        self._asker = asker
        self._catalog: Catalog = installed_catalog()
        self._blobs = open_blob_store(settings)
        self._count = len(actions)
        checked = actions if self._count <= MAX_ACTIONS else ()
        bodies = {(action.client_request_id, body_hash_of(action)) for action in checked}
        self._bodies = Counter(key for key, _ in bodies)

    def judge(self, action: PlannedAction) -> Verdict:
        """Return whether an action may be done; the first reason against it decides."""
        asker = self._asker
        request = PolicyRequest(
            action.action, asker.actor, asker.workspace, asker.tenant, recipients_of(action.params)
        )
        if self._count > MAX_ACTIONS:
            told = f"the plan has {self._count} actions, more than {MAX_ACTIONS}: none is done."
            return Verdict(action, "", request, Decision(False, "too-many-actions", told))
        body_hash = body_hash_of(action)
        decision = self._objection(action, body_hash) or self._policy.decide(request)
        return Verdict(action, body_hash, request, decision)

    def _objection(self, action: PlannedAction, body_hash: str) -> Decision | None:
        """Return what is wrong with an action whatever the policy says, None if nothing is."""
        entry = self._catalog.find(action.action)
        if entry is None or entry.kind != "action" or find_action_of(action.action) is None:
            return Decision(False, "unknown-action", f"there is no action {action.action!r}.")
        if action.provider != provider_of(action.action):
            told = f"{action.action} is an action of {provider_of(action.action)!r}"
            return Decision(False, "wrong-provider", f"{told}, not of {action.provider!r}.")
        try:
            self._check_inputs(action)
        except LuthierError as error:
            return Decision(False, error.code, str(error))
        if self._is_conflict(action, body_hash):
            return Decision(
                False,
                "request-conflict",
                f"the client_request_id {action.client_request_id!r} stands for something else.",
            )
        return None

    def _check_inputs(self, action: PlannedAction) -> None:
        found = find_action_of(action.action)
        assert found is not None
        try:
            inputs = found.inputs.model_validate(action.params)
        except ValidationError as error:
            raise LuthierError("bad-input", _first_finding(error)) from None
        if isinstance(inputs, MailInputs):
            read_message(inputs, _ANY_SENDER, self._blobs.get)

    def _is_conflict(self, action: PlannedAction, body_hash: str) -> bool:
        if self._bodies[action.client_request_id] > 1:
            return True
        before = body_under(self._session, self._asker.tenant, action.client_request_id)
        return before is not None and before != body_hash


def body_hash_of(action: PlannedAction) -> str:
    """Return the digest of what an action does, however its inputs are written.

    One address is a list of one, and an input that is left out has its default: so the same wish
    has the same digest, which is also the one under which its effect is recorded.
    """
    params: Any = action.params
    found = find_action_of(action.action)
    if found is not None:
        try:
            inputs = found.inputs.model_validate(params)
        except ValidationError:
            pass  # it is refused for that
        else:
            params = inputs.model_dump(mode="json", exclude={KEY_INPUT})
    return digest({"action": action.action, "params": params})


def find_action_of(slug: str) -> Any:
    """Return the newest installed action with this slug, None where there is none."""
    entry = installed_catalog().find(slug)
    return find_action(f"{entry.slug}@{entry.version}") if entry is not None else None


def _first_finding(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, found['loc'])) or 'params'}: {found['msg']}."


def _job(
    verdict: Verdict, asker: Asker, correlation_id: UUID, plan_id: UUID | None
) -> ActionJobRow:
    action = verdict.action
    params: Mapping[str, Any] = jsonable(action.params)
    return ActionJobRow(
        tenant=asker.tenant,
        workspace=asker.workspace,
        actor=asker.actor,
        correlation_id=correlation_id,
        provider=action.provider,
        action=action.action,
        params=dict(params),
        client_request_id=action.client_request_id,
        body_hash=verdict.body_hash,
        plan_id=plan_id,
    )
