"""Candidates for a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

from prefect_luthier.diagnostics import MAX_CANDIDATES

_SIMILAR_SCORE = 60
_SURE_SCORE = 80
_SURE_LEAD = 8


def closest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Return the most similar candidates, best first, at most five."""
    return tuple(candidate for candidate, _ in _scored(name, candidates))


def surely_meant(name: str, candidates: Iterable[str]) -> str | None:
    """Return the one candidate that ``name`` is a slip of, or None when it is not clear."""
    scored = _scored(name, candidates)
    if not scored or scored[0][1] < _SURE_SCORE:
        return None
    if len(scored) > 1 and scored[0][1] - scored[1][1] < _SURE_LEAD:
        return None
    return scored[0][0]


def did_you_mean(candidates: tuple[str, ...]) -> str:
    """Return `` Did you mean "x"?`` for a message, or nothing."""
    return f' Did you mean "{candidates[0]}"?' if candidates else ""


def _scored(name: str, candidates: Iterable[str]) -> list[tuple[str, float]]:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - 40 ms that a valid definition need not pay

    known = [candidate for candidate in candidates if candidate != name]
    found = process.extract(
        name[:200], known, scorer=fuzz.ratio, limit=MAX_CANDIDATES, score_cutoff=_SIMILAR_SCORE
    )
    return [(candidate, score) for candidate, score, _ in found]
