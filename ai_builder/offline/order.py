"""The order of steps: which step needs which, from order words and branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from prefect_luthier.ai_builder.offline.choice import Action
from prefect_luthier.ai_builder.offline.clauses import Link
from prefect_luthier.ai_builder.offline.conditions import read_condition


@dataclass
class _Front:
    """The steps that the next one waits for, while the order is worked out."""

    open: list[int] = field(default_factory=list)
    before: list[int] = field(default_factory=list)


def needs_of(actions: Sequence[Action]) -> list[list[int]]:
    """Return for each action the positions of the actions that it needs.

    Args:
        actions: In the order of execution.
    """
    needs: list[list[int]] = []
    front = _Front()
    for position, action in enumerate(actions):
        if handles_failure(action):
            follows = position > 0 and _same_branch(actions[position - 1], action)
            needs.append([position - 1] if follows else list(front.open))
            continue
        if position and action.clause.link is Link.BESIDE:
            needs.append(list(front.before))
            front.open.append(position)
        elif position and (first := _sibling(actions, position)) is not None:
            needs.append(list(needs[first]))
            front.open.append(position)
        else:
            needs.append(list(front.open))
            front.before, front.open = front.open, [position]
    return needs


def _sibling(actions: Sequence[Action], position: int) -> int | None:
    """Return where the branch before starts, when an action is the first of another branch."""
    action, before = actions[position], actions[position - 1]
    if action.clause.otherwise:
        other = not before.clause.otherwise
    elif is_complement(before, action):
        other = True
    else:
        other = (
            action.clause.condition is not None
            and before.clause.condition is not None
            and not _same_condition(action, before)
            and _is_state(action)
            and _is_state(before)
        )
    if not other:
        return None
    first = position - 1
    while first and _same_condition(actions[first - 1], before):
        first -= 1
    return first


_MOST_STATE_WORDS = 4


def _is_state(action: Action) -> bool:
    """Return whether a condition only names a state: `if lost`, `when it is valid`."""
    words = (action.clause.condition or "").split()
    return 0 < len(words) <= _MOST_STATE_WORDS and not handles_failure(action)


def _same_condition(first: Action, second: Action) -> bool:
    return (
        first.clause.condition == second.clause.condition
        and first.clause.otherwise == second.clause.otherwise
    )


def _same_branch(first: Action, second: Action) -> bool:
    return (
        first.clause.condition == second.clause.condition
        and first.clause.sentence == second.clause.sentence
        and second.clause.link is not Link.BESIDE
    )


def handles_failure(action: Action) -> bool:
    """Return whether an action is done when something has failed."""
    clause = action.clause
    return clause.condition is not None and (
        read_condition(clause.condition, negated=clause.negated).kind == "failed"
    )


def is_complement(first: Action, second: Action) -> bool:
    """Return whether two actions are for opposite results, so that neither waits for the other."""
    kinds = [
        read_condition(a.clause.condition, negated=a.clause.negated).kind
        for a in (first, second)
        if a.clause.condition
    ]
    return sorted(kinds) == ["empty", "present"]
