"""Candidates for a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from prefect_luthier.diagnostics import MAX_CANDIDATES

_SIMILAR_SCORE = 60
_MOST_SLIPS = 3
_SHORTEST_SURE = 3
_LONGEST_NAME = 200


def closest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Return the most similar candidates, best first, at most five."""
    return tuple(candidate for candidate, _ in _scored(name, candidates))


def surely_meant(name: str, candidates: Iterable[str]) -> str | None:
    """Return the one candidate that ``name`` is a slip of, or None when it is not clear.

    A slip is a letter or two more, less, other or swapped; another candidate that is as near
    makes it unclear, and so does a name too short to tell.
    """
    if not _SHORTEST_SURE <= len(name) <= _LONGEST_NAME:
        return None
    from rapidfuzz import process  # noqa: PLC0415 - as in `_scored`
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    known = {candidate: candidate.lower() for candidate in candidates if candidate != name}
    allowed = min(_MOST_SLIPS, max(1, len(name) // 4))
    found = process.extract(
        name.lower(), known, scorer=OSA.distance, score_cutoff=allowed + 1, limit=2
    )
    if not found or found[0][1] > allowed:
        return None
    is_unclear = len(found) > 1 and found[1][1] == found[0][1]
    return None if is_unclear else str(found[0][2])


def did_you_mean(candidates: tuple[str, ...]) -> str:
    """Return `` Did you mean "x"?`` for a message, or nothing."""
    return f' Did you mean "{candidates[0]}"?' if candidates else ""


def _scored(name: str, candidates: Iterable[str]) -> list[tuple[str, float]]:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - 40 ms that a valid definition need not pay

    known = [candidate for candidate in candidates if candidate != name]
    found = process.extract(
        name[:_LONGEST_NAME],
        known,
        scorer=fuzz.ratio,
        limit=MAX_CANDIDATES,
        score_cutoff=_SIMILAR_SCORE,
    )
    return [(candidate, score) for candidate, score, _ in found]
