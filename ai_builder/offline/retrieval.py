"""Find the catalog entries that a clause may mean."""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from copy import copy
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein

from prefect_luthier.ai_builder.offline.agreement import Stance, agreement, stance
from prefect_luthier.ai_builder.offline.catalog_vectors import entry_vectors
from prefect_luthier.ai_builder.offline.meanings import meaning
from prefect_luthier.ai_builder.offline.word_vectors import is_word, nearness, vectors
from prefect_luthier.ai_builder.offline.words import restated, stem, vocabulary, words
from prefect_luthier.catalog import Catalog, CatalogEntry

Floats = NDArray[np.float32]

# How much a word counts by where it stands in an entry.
_SLUG, _DESCRIPTION, _INPUT = 1.0, 0.9, 0.5
# How far words stand for one another, by how we know it.
_SAME_GROUP, _NEAR, _TYPO = 0.8, 0.75, 0.8
# Words late in a clause are mostly about circumstances, not about what to do.
_LATE_AFTER, _LATE_WEIGHT = 4, 0.6
_WEAK_WEIGHT = 0.3
_VERB_WEIGHT = 1.3
_ASKED_SHARE = 0.6
_CONTEXT_BONUS = 0.08
_SUBJECT_BONUS = 0.2
_SERVICE_FACTOR = 0.8
# The verb is among the first words of a clause; what an entry does, among those of its own.
_VERB_WITHIN, _ACTION_WITHIN = 3, 4
# What speaks for an entry, and what must be outweighed.
EVIDENCE_PATH = Path(__file__).with_name("evidence.toml")
# How far an entry is taken to do what a verb says that says little, such as `get` or `make`.
_ANY_VERB = 0.55
# The words' part in a score; the rest is the nearness of meanings, whole from this cosine on.
_WORDS_SHARE = 0.3
_SAME_MEANING = 0.85


@dataclass(frozen=True)
class Term:
    """A word of a text: its stem, and the form in which it stands there."""

    stem: str
    word: str


@cache
def _evidence() -> dict[str, float]:
    """Return the weights of the signs of fit, which `fit_evidence.py` among the tests finds."""
    return tomllib.loads(EVIDENCE_PATH.read_text("utf-8"))


@dataclass(frozen=True)
class Match:
    """One entry and how well it fits, from 0 to 1.

    Args:
        entry: The entry.
        score: Overall fit.
        asked: Share of the clause's words that the entry covers.
        meaning: Cosine of the clause's vector and the entry's.
        verb: How far the entry does what the clause's verb says, from 0 to 1.
        lead: How much better it fits than the best other entry; negative when it is not the best.
    """

    entry: CatalogEntry
    score: float
    asked: float
    meaning: float = 0.0
    verb: float = 1.0
    lead: float = 0.0

    @property
    def fit(self) -> float:
        """How surely it is meant, from 0 to 1.

        A logistic regression over clauses whose entry is known, each once with its entry in the
        catalog and once without it.
        """
        weights = _evidence()
        signs = {"meaning": self.meaning, "asked": self.asked, "verb": self.verb, "lead": self.lead}
        weighed = sum(weights[sign] * value for sign, value in signs.items())
        return 1 / (1 + math.exp(weights["doubt"] - weighed))


@dataclass(frozen=True)
class _Document:
    """An entry's words: the weight of each stem, the stems of its slug, its stance, its action."""

    entry: CatalogEntry
    weights: dict[str, float]
    slug: tuple[str, ...]
    stance: Stance
    action: tuple[str, ...]


class Index:
    """A catalog, prepared for matching.

    Args:
        catalog: The entries; of each slug the newest version is offered.
        cache_dir: Where the vectors of entries are kept between processes, if anywhere.
    """

    def __init__(self, catalog: Catalog, cache_dir: Path | None = None) -> None:
        newest: dict[str, CatalogEntry] = {}
        for entry in catalog:
            newest.setdefault(entry.slug, entry)
        forms: dict[str, str] = {}
        self._documents = [_document(entry, forms) for entry in newest.values()]
        self._terms = sorted(forms)
        self._columns = {term: column for column, term in enumerate(self._terms)}
        self._vectors = vectors([forms[term] for term in self._terms])
        self._weights = np.zeros((len(self._documents), len(self._terms)), dtype=np.float32)
        for row, document in enumerate(self._documents):
            for term, weight in document.weights.items():
                self._weights[row, self._columns[term]] = weight
        self._rarity = self._rarities()
        self._slug_weights = self._slug_matrix()
        # A service does nothing by itself; an action that fits about as well is meant.
        self._runnable = np.array(
            [_SERVICE_FACTOR if d.entry.kind == "service" else 1.0 for d in self._documents],
            dtype=np.float32,
        )
        self._meanings: Floats = entry_vectors(list(newest.values()), cache_dir)
        self._subject: Floats = np.zeros(len(self._documents), dtype=np.float32)

    def about(self, text: str) -> Index:
        """Return the same catalog for a request: what fits its subject is preferred.

        Args:
            text: The whole request.
        """
        found = copy(self)
        nearness = self._meanings @ meaning(text)
        found._subject = _SUBJECT_BONUS * (nearness - nearness.max(initial=0.0))  # noqa: SLF001 - a copy of itself
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """The words that the catalog itself uses."""
        return frozenset(
            word
            for document in self._documents
            for word in words(f"{document.entry.slug} {document.entry.description}")
        )

    def _rarities(self) -> Floats:
        total = max(1, len(self._documents))
        found_in = Counter(term for document in self._documents for term in document.weights)
        return np.array(
            [math.log(1 + (total + 1) / (found_in[term] + 0.5)) for term in self._terms],
            dtype=np.float32,
        )

    def _slug_matrix(self) -> Floats:
        """Return the share of each word in its slug, (entries, terms)."""
        matrix = np.zeros_like(self._weights)
        for row, document in enumerate(self._documents):
            for term in document.slug:
                column = self._columns[term]
                weak = _WEAK_WEIGHT if term in vocabulary().weak else 1.0
                matrix[row, column] = self._rarity[column] * weak
        sums = matrix.sum(axis=1, keepdims=True)
        np.divide(matrix, sums, out=matrix, where=sums > 0)
        return matrix

    def rank(self, text: str, context: str = "", limit: int = 8) -> list[Match]:
        """Return the best entries for the words of a clause, best first.

        Args:
            text: Words without literals.
            context: Words around the clause, which decide between entries that fit alike.
            limit: Most matches to return.
        """
        query = query_terms(restated(text))
        if not query or not self._documents:
            return []
        similarity = self._similarities(query)
        weights = self._query_weights(query, similarity)
        best = np.stack([(row[None, :] * self._weights).max(axis=1) for row in similarity])
        asked = weights @ best / weights.sum()
        offered = self._slug_weights @ similarity.max(axis=0)
        scores = _ASKED_SHARE * asked + (1 - _ASKED_SHARE) * offered
        meant = self._meanings @ meaning(text)
        scores = _WORDS_SHARE * scores + (1 - _WORDS_SHARE) * np.clip(meant / _SAME_MEANING, 0, 1)
        agreement = self._agreement(text, query)
        scores, asked = (
            (scores + self._context_bonus(context, query)) * agreement,
            asked * agreement,
        )
        scores = scores * self._runnable + self._subject
        order = np.argsort(-scores, kind="stable")[: max(limit, 2)]
        best_two = [float(scores[i]) for i in order[:2]]
        return [
            Match(
                self._documents[i].entry,
                float(scores[i]),
                float(asked[i]),
                max(0.0, float(meant[i] * agreement[i])),
                self._verb_fit(query, similarity, self._documents[i]),
                float(scores[i]) - (best_two[-1] if place == 0 else best_two[0]),
            )
            for place, i in enumerate(order[:limit])
        ]

    def _verb_fit(self, query: list[Term], similarity: Floats, document: _Document) -> float:
        """Return how far an entry's slug and first words stand for the verb of a clause."""
        known = vocabulary()
        verb = next(
            (
                row
                for row, term in enumerate(query[:_VERB_WITHIN])
                if term.word in known.verb_words and term.stem not in known.light
            ),
            None,
        )
        if verb is None:
            return _ANY_VERB
        columns = [self._columns[term] for term in document.action]
        return float(similarity[verb, columns].max()) if columns else 0.0

    def _context_bonus(self, context: str, query: list[Term]) -> Floats | float:
        asked = {term.stem for term in query}
        terms = [term for term in query_terms(context) if term.stem not in asked]
        if not terms:
            return 0.0
        similarity = self._similarities(terms)
        best = np.stack([(row[None, :] * self._weights).max(axis=1) for row in similarity])
        return np.asarray(_CONTEXT_BONUS * best.max(axis=0), dtype=np.float32)

    def _query_weights(self, query: list[Term], similarity: Floats) -> Floats:
        """Return how much each word of a clause says: as much as the rarest word it stands for."""
        unknown = math.log(1 + (len(self._documents) + 1) / 1.5)
        weights = []
        for position, (term, row) in enumerate(zip(query, similarity, strict=True)):
            column = self._columns.get(term.stem)
            if column is not None:
                weight = float(self._rarity[column])
            else:
                nearest = int(row.argmax()) if len(row) else 0
                known = float(self._rarity[nearest]) if len(row) and row[nearest] > 0 else unknown
                weight = 0.5 * (known + unknown) if is_word(term.word) else 0.6 * unknown
            weight *= _WEAK_WEIGHT if term.stem in vocabulary().weak else 1.0
            weight *= _VERB_WEIGHT if position == 0 else 1.0
            weights.append(weight * (_LATE_WEIGHT if position >= _LATE_AFTER else 1.0))
        return np.array(weights, dtype=np.float32)

    def _similarities(self, query: list[Term]) -> Floats:
        """Return how far each word of a clause stands for each word of the catalog."""
        near = _NEAR * nearness(vectors([term.word for term in query]), self._vectors)
        for row, term in zip(near, query, strict=True):
            for other, value in _relations(term.stem, tuple(self._terms)).items():
                column = self._columns[other]
                row[column] = max(row[column], value)
            if term.stem not in self._columns and not is_word(term.word):
                for other in self._terms:
                    if _is_typo(term.stem, other):
                        row[self._columns[other]] = max(row[self._columns[other]], _TYPO)
        return np.asarray(near, dtype=np.float32)

    def _agreement(self, text: str, query: list[Term]) -> Floats:
        """Return a factor below 1 for the entries that something in a clause rules out."""
        asked = stance([term.word for term in query], text)
        factors = [agreement(asked, document.stance) for document in self._documents]
        return np.array(factors, dtype=np.float32)


@lru_cache(maxsize=20_000)
def _relations(term: str, others: tuple[str, ...]) -> dict[str, float]:
    known = vocabulary()
    verbs, nouns = known.verbs.get(term, frozenset()), known.nouns.get(term, frozenset())
    found = {}
    for other in others:
        if other == term:
            found[other] = 1.0
        elif verbs & known.verbs.get(other, frozenset()) or nouns & known.nouns.get(
            other, frozenset()
        ):
            found[other] = _SAME_GROUP
    return found


_SHORTEST_TYPO, _LONG_WORD = 4, 8


def _is_typo(term: str, other: str) -> bool:
    if min(len(term), len(other)) < _SHORTEST_TYPO or term[0] != other[0]:
        return False
    allowed = 1 if len(term) < _LONG_WORD else 2
    return int(DamerauLevenshtein.distance(term, other, score_cutoff=allowed)) <= allowed


def query_terms(text: str) -> list[Term]:
    """Return the words that say something, each stem once."""
    text = text.lower()
    for pattern, replacement in vocabulary().phrases:
        text = pattern.sub(replacement, text)
    stop = vocabulary().stop
    found: dict[str, Term] = {}
    for word in words(text):
        if word not in stop and not word.isdigit():
            found.setdefault(stem(word), Term(stem(word), word.removesuffix("'s")))
    return list(found.values())


def _document(entry: CatalogEntry, forms: dict[str, str]) -> _Document:
    """Return an entry's words; ``forms`` gets a form of each stem."""
    weights: dict[str, float] = {}
    slug = query_terms(re.sub(r"[^A-Za-z0-9]+", " ", _split_camel(entry.slug)))
    description = query_terms(entry.description)
    inputs = (entry.input_schema or {}).get("properties")
    names = query_terms(" ".join(map(str, inputs)) if isinstance(inputs, dict) else "")
    for terms, weight in ((names, _INPUT), (description, _DESCRIPTION), (slug, _SLUG)):
        for term in terms:
            weights[term.stem] = max(weights.get(term.stem, 0.0), weight)
            forms.setdefault(term.stem, term.word)
    deciding = [term.word for term in (*slug, *description[:1])]
    action = dict.fromkeys(term.stem for term in (*slug, *description[:_ACTION_WITHIN]))
    return _Document(
        entry,
        weights,
        tuple(dict.fromkeys(t.stem for t in slug)),
        stance(deciding, f"{_split_camel(entry.slug)} {entry.description}"),
        tuple(action),
    )


def _split_camel(slug: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", slug)
