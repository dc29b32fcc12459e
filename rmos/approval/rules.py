"""What a person may decide about a design: the rules beside the edges of its lifecycle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from prefect_luthier.errors import LuthierError
from prefect_luthier.lifecycle import IllegalTransition
from prefect_luthier.rmos.approval.lifecycle import LIFECYCLE

Decision = Literal["approve", "reject", "request_revision", "override", "revoke", "archive"]
DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)
"""The events that are a person's word; the others come from the work itself."""

_LOWER_RISKS = frozenset({"GREEN", "YELLOW"})


@dataclass(frozen=True)
class ApprovalPolicy:
    """The figures of the rules.

    Args:
        min_score: Score that a YELLOW design needs to be approved.
        min_reason: Fewest characters of the reason of an override.
    """

    min_score: float = 70.0
    min_reason: int = 10


@dataclass(frozen=True)
class Standing:
    """What the rules need to know of a design.

    Args:
        state: Its state.
        risk: Its verdict's risk; anything but GREEN and YELLOW counts as RED.
        score: Its verdict's score, if there is one.
        submitted_by: Who submitted the design as it is now.
        last_event: The event that led to its state.
    """

    state: str
    risk: str | None
    score: float | None
    submitted_by: str
    last_event: str | None = None

    @property
    def is_red(self) -> bool:
        """Whether the design is RED, or nobody knows what it is."""
        return self.risk not in _LOWER_RISKS


class NotAllowed(LuthierError):
    """A rule forbids the decision."""


def check_decision(
    decision: Decision,
    standing: Standing,
    *,
    actor: str,
    note: str,
    policy: ApprovalPolicy | None = None,
) -> str:
    """Return the state that a decision leads to.

    Raises:
        IllegalTransition: The state has no edge for it.
        NotAllowed: A rule forbids it.
    """
    target = LIFECYCLE.target(standing.state, decision)
    rule = _RULES.get(decision)
    if rule is not None:
        rule(standing, actor, note, policy or ApprovalPolicy())
    return target


def possible_decisions(standing: Standing) -> list[Decision]:
    """Return the decisions that somebody can make now, with a reason where one is needed."""
    return [decision for decision in DECISIONS if obstacle(decision, standing) is None]


def obstacle(decision: Decision, standing: Standing) -> LuthierError | None:
    """Return why nobody can make a decision now, whatever reason is given; None if somebody can."""
    policy = ApprovalPolicy()
    somebody_else, reason = f"not {standing.submitted_by}", "x" * policy.min_reason
    try:
        check_decision(decision, standing, actor=somebody_else, note=reason, policy=policy)
    except (IllegalTransition, NotAllowed) as error:
        return error
    return None


def _check_approval(standing: Standing, _actor: str, _note: str, policy: ApprovalPolicy) -> None:
    if standing.is_red:
        raise NotAllowed(
            "red-needs-override",
            f"a design with the risk {standing.risk or 'UNKNOWN'} cannot be approved.",
            "Request a revision; or a second person may override it, with a reason.",
        )
    score = standing.score
    if standing.risk != "GREEN" and (score is None or not score >= policy.min_score):
        shown = "none" if score is None else f"{score:.1f}"
        raise NotAllowed(
            "score-too-low",
            f"the score is {shown}; a design that is not GREEN needs {policy.min_score:g}.",
            "Request a revision, or override it with a reason.",
        )


def _check_override(standing: Standing, actor: str, note: str, policy: ApprovalPolicy) -> None:
    if standing.state == "rejected" and standing.last_event != "auto_reject":
        raise NotAllowed(
            "rejected-by-a-person",
            "a person rejected this design; an override only stands against the figures.",
            "Request a revision, and submit the design again.",
        )
    reason = " ".join(note.split())
    if len(reason) < policy.min_reason:
        raise NotAllowed(
            "reason-too-short",
            f"an override needs a reason of at least {policy.min_reason} characters; "
            f"{reason!r} has {len(reason)}.",
            "Say why the design can be made although the figures are against it.",
        )
    if standing.is_red and _same_person(actor, standing.submitted_by):
        raise NotAllowed(
            "needs-second-person",
            f"{actor!r} submitted this RED design; somebody else has to override it.",
            "Ask a second person to look at it.",
        )


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


_RULES: Mapping[str, Callable[[Standing, str, str, ApprovalPolicy], None]] = {
    "approve": _check_approval,
    "override": _check_override,
}
