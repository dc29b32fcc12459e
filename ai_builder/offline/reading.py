"""Read what a request asks for: its clauses, and an action for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prefect_luthier.ai_builder.offline.choice import Action, choose
from prefect_luthier.ai_builder.offline.clause_words import IDLE, is_order, is_vague, plain
from prefect_luthier.ai_builder.offline.clauses import PARALLEL, Link, split_clauses
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.openings import states_passive
from prefect_luthier.ai_builder.offline.quantities import take_care
from prefect_luthier.ai_builder.offline.retrieval import Index

ACCEPT_STATED = 0.6
# How much less a clause in far words must fit, where the request has clauses that do fit; and how
# many of those a clause needs beside it to be left out.
_EASE = 0.15
_FEW = 2


@dataclass(frozen=True)
class Reading:
    """What a request asks for.

    Args:
        actions: In the order of execution.
        unknown: Clauses that nothing in the catalog can do.
        vague: Clauses that name nothing an action could be found by.
        left_out: Clauses that nothing can do, beside enough that can be done.
    """

    actions: tuple[Action, ...]
    unknown: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_actions(text: str, masked: Masked, index: Index) -> Reading:
    """Read the clauses of a request and choose an entry for each.

    Args:
        text: The masked request without its schedule.
        masked: The whole request, for its literals.
        index: The catalog.
    """
    about = index.about(plain(text))
    strict = _read(text, masked, about)
    if not strict.unknown or len(strict.actions) < _FEW * len(strict.unknown):
        return strict
    # Among things that can be done, a clause in far words more likely means one of them too.
    lenient = _read(text, masked, about, ease=_EASE)
    if len(lenient.unknown) * _FEW <= len(lenient.actions):
        return replace(lenient, unknown=(), left_out=lenient.unknown)
    return lenient


def _read(text: str, masked: Masked, index: Index, ease: float = 0.0) -> Reading:
    """Read the clauses; ``ease`` lowers what an entry must reach to be accepted."""
    actions: list[Action] = []
    unknown: list[str] = []
    vague: list[str] = []
    for read in split_clauses(text):
        care, rest = take_care(read.text)
        if care and actions and is_vague(plain(rest)):
            actions[-1] = replace(actions[-1], care=care.over(actions[-1].care))
            continue
        clause = replace(read, text=rest) if care else read
        found = choose(clause, actions, masked, index, ease)
        actions += [replace(action, care=care) for action in found]
        if found or clause.event or not clause.directive or IDLE.fullmatch(clause.text):
            continue
        said = masked.unmask(clause.text).strip(f" {PARALLEL}")
        if is_vague(plain(clause.text)):
            vague.append(said)
        elif is_order(clause.text):
            unknown.append(said)
    asked = [action for action in actions if action.clause.directive or _is_stated(action)]
    told = [action for action in actions if not action.clause.question]
    kept = _without_repeats(_without_echoes(asked or told))
    return Reading(tuple(kept), tuple(unknown), tuple(vague))


def _is_stated(action: Action) -> bool:
    """Return whether a sentence that only tells says what is done: `the dump is encrypted`."""
    clause = action.clause
    return action.score >= ACCEPT_STATED and (
        clause.link is Link.BESIDE or states_passive(clause.text)
    )


def _without_echoes(actions: Sequence[Action]) -> list[Action]:
    """Drop what was only mentioned before it was asked for."""
    return [
        action
        for position, action in enumerate(actions)
        if not (
            (action.clause.event or not action.clause.directive)
            and action.entry is not None
            and any(
                later.entry is not None and later.entry.slug == action.entry.slug
                for later in actions[position + 1 :]
            )
        )
    ]


# A clause that means the same entry as another must fit it nearly as well to be a step of its own.
_REPEATED = 0.75


def _without_repeats(actions: Sequence[Action]) -> list[Action]:
    """Drop the weaker of two clauses that mean one entry, unless they are about other values."""
    return [
        action
        for action in actions
        if action.literals
        or not any(
            other is not action
            and other.entry is not None
            and action.entry is not None
            and other.entry.slug == action.entry.slug
            and action.score < _REPEATED * other.score
            for other in actions
        )
    ]
