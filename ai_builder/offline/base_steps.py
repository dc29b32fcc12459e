"""The steps of a base definition, and which of them the words of a request mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.ai_builder.offline.words import stem, words
from prefect_luthier.catalog import Catalog, CatalogEntry, split_reference


@dataclass(frozen=True)
class Meant:
    """A step that words may mean, and how surely, from 0 to 1."""

    id: str
    score: float


class BaseSteps:
    """The steps of a base, prepared for matching.

    Args:
        form: The base's JSON form.
        catalog: Where the steps' entries are found.
    """

    def __init__(self, form: Mapping[str, Any], catalog: Catalog) -> None:
        steps = form.get("steps")
        self.tables: dict[str, Mapping[str, Any]] = (
            {str(name): step for name, step in steps.items() if isinstance(step, Mapping)}
            if isinstance(steps, Mapping)
            else {}
        )
        templates = form.get("actions")
        self._templates = templates if isinstance(templates, Mapping) else {}
        self._catalog = catalog
        self._index = Index(
            Catalog(
                CatalogEntry(slug=name[:200], kind="action", description=self._words(name, step))
                for name, step in self.tables.items()
            )
        )

    def _words(self, name: str, step: Mapping[str, Any]) -> str:
        entry = self.entry(name)
        parts = [
            str(step.get("name") or ""),
            str(step.get("description") or ""),
            str(step.get("run") or "")[:200],
            entry.slug if entry else str(step.get("uses") or ""),
            entry.description if entry else "",
        ]
        return re.sub(r"[^\w ]+", " ", " ".join(parts))

    def entry(self, name: str) -> CatalogEntry | None:
        """Return what a step uses, templates resolved."""
        uses = self.tables.get(name, {}).get("uses")
        template = self._templates.get(uses) if isinstance(uses, str) else None
        if isinstance(template, Mapping):
            uses = template.get("uses")
        return self._catalog.find(uses) if isinstance(uses, str) else None

    def slug(self, name: str) -> str | None:
        """Return the slug that a step uses."""
        entry = self.entry(name)
        uses = self.tables.get(name, {}).get("uses")
        if entry is not None:
            return entry.slug
        return split_reference(uses)[0] if isinstance(uses, str) else None

    def find(self, text: str) -> Meant | None:
        """Return the step that a text means best, None when it means none."""
        lowered = text.lower()
        said = {stem(word) for word in words(lowered)}
        named = [
            name
            for name in self.tables
            if {stem(word) for word in words(name)} <= said
            or (self.slug(name) or " ").lower() in lowered
        ]
        if len(named) == 1:
            return Meant(named[0], 1.0)
        matches = self._index.rank(text)
        if not matches:
            return None
        return Meant(matches[0].entry.slug, matches[0].score)

    def sinks(self) -> list[str]:
        """Return the steps that no other step needs."""
        needed = {need for step in self.tables.values() for need in step.get("needs", [])}
        return [name for name in self.tables if name not in needed]

    def last(self) -> str | None:
        """Return the last step of the main path: the last that no condition on failure guards."""
        main = [
            name
            for name in self.sinks()
            if "'failed'" not in str(self.tables[name].get("when", ""))
        ]
        names = main or list(self.tables)
        return names[-1] if names else None

    def dependents(self, name: str) -> list[str]:
        """Return the steps that need a step directly."""
        return [other for other, step in self.tables.items() if name in step.get("needs", [])]
