"""Read what a request asks for: its clauses, and an action for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prefect_luthier.ai_builder.offline.choice import ACCEPT, Action, choose, ranked_texts
from prefect_luthier.ai_builder.offline.clause_words import IDLE, is_order, is_vague, plain
from prefect_luthier.ai_builder.offline.clauses import PARALLEL, Link, split_clauses
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.meanings import learn
from prefect_luthier.ai_builder.offline.openings import states_passive
from prefect_luthier.ai_builder.offline.quantities import take_care
from prefect_luthier.ai_builder.offline.retrieval import Index

ACCEPT_STATED = 0.6
# How much less a clause in far words must fit, where the request has clauses that do fit; and how
# many of those a clause needs beside it to be left out.
_EASE = 0.3
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
    if not strict.unknown:
        return strict
    # Among things that can be done, a clause in far words more likely means one of them too.
    lenient = _read(text, masked, about, ease=_EASE)
    if 1 - math.prod(1 - action.fit for action in lenient.actions) < ACCEPT:
        return strict
    if len(lenient.unknown) * _FEW <= len(lenient.actions):
        return replace(lenient, unknown=(), left_out=lenient.unknown)
    return lenient


def _read(text: str, masked: Masked, index: Index, ease: float = 1.0) -> Reading:
    """Read the clauses; ``ease`` lowers what an entry must reach to be accepted."""
    actions: list[Action] = []
    unknown: list[str] = []
    vague: list[str] = []
    clauses = split_clauses(text)
    learn(each for clause in clauses for each in ranked_texts(clause))
    for read in clauses:
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


# Of two clauses that mean one entry, the one that fits it worse means its next best entry where
# that fits nearly as well, and is no step of its own where it fits much worse.
_NEXT_BEST, _REPEATED = 0.9, 0.75


def _without_repeats(actions: Sequence[Action]) -> list[Action]:
    """Give the weaker of two clauses that mean one entry another, unless their values differ."""
    kept: list[Action] = []
    used = {action.entry.slug for action in actions if action.entry is not None}
    for action in actions:
        better = max((a.score for a in actions if _same_entry(action, a)), default=0.0)
        second = action.second
        if action.literals or better <= action.score or action.clause.event:
            kept.append(action)
        elif (
            second is not None
            and second.entry.slug not in used
            and second.score >= _NEXT_BEST * action.score
        ):
            kept.append(replace(action, entry=second.entry, score=second.score))
        elif action.score >= _REPEATED * better:
            kept.append(action)
    return kept


def _same_entry(first: Action, second: Action) -> bool:
    return (
        first is not second
        and first.entry is not None
        and second.entry is not None
        and first.entry.slug == second.entry.slug
    )
