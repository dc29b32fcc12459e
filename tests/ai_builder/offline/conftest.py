"""The catalog that the drafter is judged on, and a way to draft with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest
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
