"""Find the catalog entries that a clause may mean."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein

from prefect_luthier.ai_builder.offline.words import stem, vocabulary, words
from prefect_luthier.catalog import Catalog, CatalogEntry

# How much a word counts by where it stands in an entry.
_FIELD_WEIGHTS = {"slug": 1.0, "description": 0.8, "inputs": 0.55}
_SAME_GROUP = 0.8
_TYPO = 0.75
_OPPOSITE_PENALTY = 0.45


@dataclass(frozen=True)
class Match:
    """One entry and how well it fits, from 0 to 1."""

    entry: CatalogEntry
    score: float


@dataclass(frozen=True)
class _Document:
    entry: CatalogEntry
    weights: dict[str, float]
    slug: tuple[str, ...]
    verbs: frozenset[str]


class Index:
    """A catalog, prepared for matching.

    Args:
        catalog: The entries; of each slug the newest version is offered.
    """

    def __init__(self, catalog: Catalog) -> None:
        newest = {entry.slug: entry for entry in reversed(list(catalog))}
        self._documents = [_document(entry) for entry in reversed(newest.values())]
        terms = sorted({term for document in self._documents for term in document.weights})
        self._columns = {term: column for column, term in enumerate(terms)}
        self._terms = terms
        self._weights = np.zeros((len(self._documents), len(terms)))
        for row, document in enumerate(self._documents):
            for term, weight in document.weights.items():
                self._weights[row, self._columns[term]] = weight
        found_in = Counter(term for document in self._documents for term in document.weights)
        total = max(1, len(self._documents))
        self._rarity = {
            term: math.log(1 + (total + 1) / (count + 0.5)) for term, count in found_in.items()
        }
        self._unknown_rarity = math.log(1 + (total + 1) / 1.5)

    def rank(self, text: str, limit: int = 8) -> list[Match]:
        """Return the best entries for the words of a clause, best first.

        Args:
            text: Words without literals.
            limit: Most matches to return.
        """
        query = query_terms(text)
        if not query or not self._documents:
            return []
        similarity = np.array([self._similarities(term) for term in query])
        weights = np.array([self._weight(term, position) for position, term in enumerate(query)])
        best = np.max(similarity[:, None, :] * self._weights[None, :, :], axis=2)
        asked = weights @ best / weights.sum()
        offered = np.array([self._slug_cover(document, similarity) for document in self._documents])
        scores = 0.65 * asked + 0.35 * offered
        order = np.argsort(-scores, kind="stable")[:limit]
        return [Match(self._documents[i].entry, float(scores[i])) for i in order]

    def _weight(self, term: str, position: int) -> float:
        weight = self._rarity.get(term, self._unknown_rarity)
        if term in vocabulary().weak:
            weight *= 0.35
        return weight

    def _slug_cover(self, document: _Document, similarity: np.ndarray) -> float:
        columns = [self._columns[term] for term in document.slug]
        if not columns:
            return 0.0
        weights = np.array([self._rarity[self._terms[column]] for column in columns])
        return float(similarity[:, columns].max(axis=0) @ weights / weights.sum())

    def _similarities(self, term: str) -> np.ndarray:
        known = vocabulary()
        row = np.zeros(len(self._terms))
        groups = known.verbs.get(term, frozenset()) | known.nouns.get(term, frozenset())
        for column, other in enumerate(self._terms):
            if other == term:
                row[column] = 1.0
            elif groups & (
                known.verbs.get(other, frozenset()) | known.nouns.get(other, frozenset())
            ):
                row[column] = _SAME_GROUP
            elif _is_typo(term, other):
                row[column] = _TYPO
        return row


def _is_typo(term: str, other: str) -> bool:
    if min(len(term), len(other)) < 5 or abs(len(term) - len(other)) > 2:
        return False
    allowed = 1 if len(term) < 8 else 2
    return DamerauLevenshtein.distance(term, other, score_cutoff=allowed) <= allowed


def query_terms(text: str) -> list[str]:
    """Return the distinct stems of the words that say something."""
    for pattern, replacement in vocabulary().phrases:
        text = pattern.sub(replacement, text)
    stems = [
        stem(word) for word in words(text) if word not in vocabulary().stop and not word.isdigit()
    ]
    return list(dict.fromkeys(stems))


def _document(entry: CatalogEntry) -> _Document:
    weights: dict[str, float] = {}
    slug = query_terms(re.sub(r"[^A-Za-z0-9]+", " ", entry.slug))
    inputs = (entry.input_schema or {}).get("properties", {})
    fields: tuple[tuple[str, Sequence[str]], ...] = (
        ("inputs", query_terms(" ".join(inputs) if isinstance(inputs, dict) else "")),
        ("description", query_terms(entry.description)),
        ("slug", slug),
    )
    for name, terms in fields:
        for term in terms:
            weights[term] = max(weights.get(term, 0.0), _FIELD_WEIGHTS[name])
    verbs = frozenset().union(*(vocabulary().verbs.get(term, frozenset()) for term in slug))
    return _Document(entry, weights, tuple(slug), verbs)
