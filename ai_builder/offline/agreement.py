"""What rules an entry out, however near its words: it does the opposite, or to another thing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prefect_luthier.ai_builder.offline.words import stem, vocabulary, words

# How much of its score an entry keeps that does the opposite of what is asked, or does it
# through something else than the one that is named.
_OPPOSED, _ELSEWHERE = 0.35, 0.5
_SHORTEST_UNDONE = 4


@dataclass(frozen=True)
class Stance:
    """Which side a text takes where two exclude each other.

    Args:
        sides: Sides of the vocabulary, such as `create` or `delete`.
        verbs: Stems of the verbs among its words.
        names: Products, channels and formats that it names, each with its kind.
    """

    sides: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[tuple[str, str]]


def stance(deciding: Iterable[str], text: str) -> Stance:
    """Return the stance of a text.

    Args:
        deciding: The words that say what is done.
        text: The whole text, for what it names.
    """
    known = vocabulary()
    deciding = list(deciding)
    sides = frozenset().union(*(known.polarity.get(stem(word), frozenset()) for word in deciding))
    verbs = frozenset(stem(word) for word in deciding if word in known.verb_words)
    names = frozenset(known.named[word] for word in words(text) if word in known.named)
    return Stance(sides, verbs, names)


def agreement(asked: Stance, offered: Stance) -> float:
    """Return the share of its score that an entry keeps; 1 where nothing rules it out.

    Args:
        asked: The stance of a clause.
        offered: The stance of an entry.
    """
    share = 1.0
    if _opposed(asked, offered):
        share *= _OPPOSED
    kinds = {kind for kind, _ in asked.names} & {kind for kind, _ in offered.names}
    if kinds and not asked.names & offered.names:
        share *= _ELSEWHERE
    return share


def _opposed(asked: Stance, offered: Stance) -> bool:
    if _undone(asked.verbs) & offered.verbs or _undone(offered.verbs) & asked.verbs:
        return True
    pairs = vocabulary().opposites
    opposite = {second for first, second in pairs if first in asked.sides} - asked.sides
    return bool(offered.sides & opposite) and not offered.sides & asked.sides


def _undone(verbs: Iterable[str]) -> set[str]:
    """Return what verbs with `un-` undo: `unlock` undoes `lock`."""
    undone = {verb.removeprefix("un") for verb in verbs if verb.startswith("un")}
    return {verb for verb in undone if len(verb) >= _SHORTEST_UNDONE}
