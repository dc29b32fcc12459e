"""The catalog that the drafter is judged on, and a way to draft with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from prefect_luthier.ai_builder.cases import Case
from prefect_luthier.ai_builder.drafting import Draft, DraftRequest
from prefect_luthier.ai_builder.graph_scores import Overlap, graph_of
from prefect_luthier.ai_builder.offline.drafter import draft_offline
from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.catalog import Catalog, read_catalog
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.flows.actions.installed import installed_catalog

CORPUS = Path(__file__).parent.parent / "corpus"


@pytest.fixture(scope="session")
def foreign_catalog() -> Catalog:
    """Almost four hundred entries of many trades, with near-duplicates."""
    return read_catalog(CORPUS / "catalog.json")


@pytest.fixture(scope="session")
def vector_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the vectors of the catalog are kept during the tests."""
    return tmp_path_factory.mktemp("vectors")


@pytest.fixture(scope="session")
def foreign_index(foreign_catalog: Catalog, vector_cache: Path) -> Index:
    """The foreign catalog, prepared for matching."""
    return Index(foreign_catalog, vector_cache)


@pytest.fixture(scope="session")
def draft_foreign(foreign_catalog: Catalog, vector_cache: Path) -> Callable[..., Draft]:
    """Draft with the foreign catalog."""

    def draft(request: str, base: str | None = None) -> Draft:
        source = Source.from_text(base, "base") if base else None
        return draft_offline(DraftRequest(request, source), foreign_catalog, vector_cache)

    return draft


@pytest.fixture(scope="session")
def draft_builtin() -> Callable[..., Draft]:
    """Draft with the installed actions."""

    def draft(request: str, base: str | None = None) -> Draft:
        source = Source.from_text(base, "base") if base else None
        return draft_offline(DraftRequest(request, source), installed_catalog())

    return draft


_LEAST = 0.12
_PIECES = re.compile(r"[,.;\n]|\bthen\b|\band\b", re.IGNORECASE)


def _word_step_f1(cases: Sequence[Case], catalog: Catalog) -> float:
    """Return the F1 of the steps that words alone find.

    Args:
        cases: Requests for new workflows.
        catalog: What they may use.
    """
    slugs = [entry.slug for entry in catalog]
    texts = [f"{re.sub('[^A-Za-z0-9]+', ' ', e.slug)} {e.description}" for e in catalog]
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    entries = vectorizer.fit_transform(texts)
    found = Overlap()
    for case in cases:
        if case.kind != "create" or case.expected is None:
            continue
        pieces = [piece for piece in _PIECES.split(case.request) if piece.strip()]
        nearness = (vectorizer.transform(pieces) @ entries.T).toarray()
        drafted = Counter(slugs[row.argmax()] for row in nearness if row.max() >= _LEAST)
        found += Overlap.of(drafted, graph_of(case.expected).steps)
    return found.f1 or 0.0


@pytest.fixture(scope="session")
def word_step_f1() -> Callable[[Sequence[Case], Catalog], float]:
    """A plain baseline: each piece of a request means the entry of nearest words."""
    return _word_step_f1
