"""What the drafter's data is fitted to: orders, and the entries that carry them out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prefect_luthier.ai_builder.offline.clause_words import plain
from prefect_luthier.ai_builder.offline.clauses import split_clauses
from prefect_luthier.ai_builder.offline.literals import mask
from prefect_luthier.ai_builder.offline.schedules import find_schedule
from prefect_luthier.ai_builder.offline.spelling import mended
from prefect_luthier.ai_builder.offline.words import words
from prefect_luthier.catalog import Catalog, CatalogEntry, read_catalog

CORPUS = Path(__file__).parent.parent / "corpus"
# The corpora that the encoder is fitted to; what weighs its vectors is fitted to another one.
_FITTED = ("", "second", "third")


@dataclass(frozen=True)
class Order:
    """One thing that is asked for.

    Args:
        text: The words of the clause, without literals.
        entry: Position of what carries it out, or None when no entry of the catalog does.
        request: The whole request without its schedule, of which the clause is a part.
    """

    text: str
    entry: int | None
    request: str


@dataclass(frozen=True)
class Lesson:
    """A catalog, and orders for it."""

    name: str
    entries: tuple[CatalogEntry, ...]
    orders: tuple[Order, ...]


def written_lessons() -> Iterator[Lesson]:
    """Yield the lists of orders that were written for this only: `slug|description|order|…`."""
    for path in sorted(CORPUS.glob("orders*.txt")):
        entries: list[CatalogEntry] = []
        orders: list[Order] = []
        for line in filter(str.strip, path.read_text("utf-8").splitlines()):
            slug, description, *wordings = line.split("|")
            wordings = [wording for wording in wordings if wording.strip()]
            orders += [Order(wording, len(entries), wording) for wording in wordings]
            entries.append(CatalogEntry(slug=slug, kind="action", description=description))
        yield Lesson(path.stem, tuple(entries), tuple(orders))


def corpus_lessons() -> Iterator[Lesson]:
    """Yield the clauses of the halves for tuning, as far as each surely means one entry."""
    for folder in _FITTED:
        yield from case_lessons(CORPUS / folder / "dev.jsonl")


def case_lessons(cases: Path) -> Iterator[Lesson]:
    """Yield the clauses of a file of cases; cases may name a catalog beside it."""
    by_catalog: dict[str, list[dict[str, Any]]] = {}
    for line in cases.read_text("utf-8").splitlines():
        case = json.loads(line)
        if not case.get("base"):
            by_catalog.setdefault(case.get("catalog") or "catalog", []).append(case)
    for name, each in by_catalog.items():
        catalog = read_catalog(cases.parent / f"{name}.json")
        newest = {entry.slug: entry for entry in reversed(list(catalog))}
        orders = [order for case in each for order in _orders(case, catalog, list(newest))]
        yield Lesson(f"{cases.parent.name}/{name}", tuple(newest.values()), tuple(orders))


def _orders(case: dict[str, Any], catalog: Catalog, slugs: list[str]) -> list[Order]:
    """Return the clauses of a case, where there are as many of them as steps."""
    names = frozenset(
        word for entry in catalog for word in words(f"{entry.slug} {entry.description}")
    )
    masked = mask(case["request"])
    masked = replace(masked, text=mended(masked.text, names))
    rest = find_schedule(masked.text).rest
    texts = [plain(clause.text) for clause in split_clauses(rest) if clause.directive]
    expected = case["expected"]
    if expected.get("refusal"):
        unknown = "unknown" in str(expected.get("why", "")) and len(texts) == 1
        return [Order(text, None, plain(rest)) for text in texts] if unknown else []
    steps = expected.get("steps", {})
    if len(texts) != len(steps) or case.get("category") == "reversed":
        return []
    return [
        Order(text, slugs.index(step["uses"].split("@")[0]), plain(rest))
        for text, step in zip(texts, steps.values(), strict=True)
    ]
