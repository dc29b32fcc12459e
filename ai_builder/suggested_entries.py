"""Entries that a step may have meant when it names one that does not exist."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from prefect_luthier.ai_builder.offline.indexes import catalog_index
from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.catalog import Catalog, split_reference
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import MAX_CANDIDATES, Diagnostic
from prefect_luthier.pointers import lookup

UNKNOWN = "unknown-action"


def with_suggestions(
    source: Source,
    diagnostics: tuple[Diagnostic, ...],
    catalog: Catalog,
    cache_dir: Path | None = None,
) -> tuple[Diagnostic, ...]:
    """Return the findings, unknown references with candidates by meaning besides those by name.

    The validator compares names: `git.history` is near to nothing. The words of the reference
    and of its step are nearer to `git.log`.
    """
    if not any(each.code == UNKNOWN for each in diagnostics):
        return diagnostics
    index = catalog_index(catalog, cache_dir)
    data = tomllib.loads(source.text)
    return tuple(
        replace(each, candidates=_candidates(each, data, index)) if each.code == UNKNOWN else each
        for each in diagnostics
    )


def suggested_references(diagnostics: Iterable[Diagnostic], catalog: Catalog) -> Iterator[str]:
    """Yield the entries among the candidates of findings, ``slug@major``."""
    for diagnostic in diagnostics:
        for candidate in diagnostic.candidates:
            entry = catalog.find(split_reference(candidate)[0])
            if entry is not None:
                yield entry.reference


def _candidates(diagnostic: Diagnostic, data: object, index: Index) -> tuple[str, ...]:
    path = diagnostic.pointer.strip("/").split("/")
    step = lookup(data, path[:-1])
    words = [step.get(key) for key in ("uses", "name", "description")] if step else []
    text = " ".join(word for word in [*words, *path] if isinstance(word, str))
    near = [match.entry.reference for match in index.rank(text, limit=MAX_CANDIDATES)]
    return tuple(dict.fromkeys([*diagnostic.candidates, *near]))[:MAX_CANDIDATES]
