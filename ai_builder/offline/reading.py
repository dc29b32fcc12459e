"""Choose an action for each clause of a request."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prefect_luthier.ai_builder.offline.clauses import Clause, Link, split_clauses
from prefect_luthier.ai_builder.offline.literals import Literal, Masked, is_mark
from prefect_luthier.ai_builder.offline.retrieval import Index, Match, query_terms
from prefect_luthier.catalog import CatalogEntry

# Below this no entry does what a clause asks; found on the development half of the corpus.
ACCEPT = 0.34


@dataclass(frozen=True)
class Action:
    """One thing to do, and what does it.

    Args:
        clause: Where the request asks for it.
        entry: The catalog entry that does it, None for a command.
        command: A shell command that the request gave literally.
        literals: The values in the clause, in order.
    """

    clause: Clause
    entry: CatalogEntry | None
    command: str | None
    literals: tuple[Literal, ...]


@dataclass(frozen=True)
class Reading:
    """What a request asks for.

    Args:
        actions: In the order of execution.
        unknown: Clauses that nothing in the catalog can do.
    """

    actions: tuple[Action, ...]
    unknown: tuple[str, ...]


def read_actions(text: str, masked: Masked, index: Index) -> Reading:
    """Read the clauses of a request and choose an entry for each.

    Args:
        text: The masked request without its schedule.
        masked: The whole request, for its literals.
        index: The catalog.
    """
    actions: list[Action] = []
    unknown: list[str] = []
    for clause in split_clauses(text):
        action = _action(clause, masked, index)
        if action is not None:
            actions.append(action)
        elif query_terms(plain(clause.text)):
            unknown.append(masked.unmask(clause.text))
    return Reading(tuple(actions), tuple(unknown))


def _action(clause: Clause, masked: Masked, index: Index) -> Action | None:
    literals = tuple(masked.within(clause.text))
    commands = [literal.text for literal in literals if literal.kind == "command"]
    if commands:
        return Action(clause, None, commands[0], literals)
    best = best_match(clause, literals, index)
    return Action(clause, best.entry, None, literals) if best else None


def best_match(clause: Clause, literals: tuple[Literal, ...], index: Index) -> Match | None:
    """Return the entry that fits a clause best, or None when none fits."""
    text = plain(clause.text)
    hints = {"url": " url", "email": " email", "path": " file"}
    if len(query_terms(text)) <= 1:
        text += "".join(sorted({hints.get(literal.kind, "") for literal in literals}))
    matches = index.rank(text)
    return matches[0] if matches and matches[0].score >= ACCEPT else None


def plain(text: str) -> str:
    """Return a masked text without its marks."""
    return "".join(" " if is_mark(char) else char for char in text)


def relink(clause: Clause, link: Link) -> Clause:
    """Return the clause with another link."""
    return replace(clause, link=link)
