"""Catalogs prepared for matching, made once for all who ask."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.catalog import Catalog
from prefect_luthier.settings import Settings

_INDEXES: OrderedDict[tuple[str, Path | None], Index] = OrderedDict()
_INDEXES_KEPT = 8
_indexing = threading.Lock()


def vectors_dir(settings: Settings) -> Path:
    """Return where what was learnt about catalogs is kept between processes."""
    return settings.data_dir / "cache" / "vectors"


def catalog_index(catalog: Catalog, cache_dir: Path | None = None) -> Index:
    """Return the catalog prepared for matching; the last few are kept.

    Args:
        catalog: The entries.
        cache_dir: Where the vectors of entries are kept between processes, if anywhere.
    """
    key = (catalog.digest, cache_dir)
    with _indexing:
        index = _INDEXES.pop(key, None) or Index(catalog, cache_dir)
        _INDEXES[key] = index
        while len(_INDEXES) > _INDEXES_KEPT:
            _INDEXES.popitem(last=False)
        return index
