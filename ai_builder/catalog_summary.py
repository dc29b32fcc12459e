"""The catalog in a few lines for each entry, cut to what a request may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prefect_luthier.ai_builder.offline.indexes import catalog_index
from prefect_luthier.ai_builder.tokens import estimate_tokens
from prefect_luthier.catalog import Capabilities, Catalog, CatalogEntry

CATALOG_BUDGET_TOKENS = 8000
MAX_ENTRIES = 150
MAX_DESCRIPTION_CHARACTERS = 240
MAX_FIELDS = 25


@dataclass(frozen=True)
class CatalogSummary:
    """What a prompt offers.

    Args:
        text: One paragraph for each entry.
        references: The offered entries, ``slug@major``, in the order of ``text``.
        left_out: How many entries of the catalog are not in it.
    """

    text: str
    references: tuple[str, ...]
    left_out: int


def summarise(
    catalog: Catalog,
    request: str,
    *,
    always: Iterable[str] = (),
    budget_tokens: int = CATALOG_BUDGET_TOKENS,
    cache_dir: Path | None = None,
) -> CatalogSummary:
    """Return the entries that matter for a request, the most relevant within the budget.

    A catalog that fits is given whole and in its own order. Of a larger one those entries are
    taken first that ``always`` names, then those that the request's words fit best.

    Args:
        catalog: All entries.
        request: The operator's words, with those of earlier turns.
        always: References that must be there: those the base uses, and candidates of findings.
        budget_tokens: Most tokens of the text.
        cache_dir: Where what was learnt about a large catalog is kept, if anywhere.
    """
    newest = list({entry.reference: entry for entry in reversed(list(catalog))}.values())[::-1]
    wanted = [entry for name in always if (entry := catalog.find(name)) is not None]
    lines = {entry.reference: entry_line(entry) for entry in newest}
    if len(newest) <= MAX_ENTRIES and _cost(lines.values()) <= budget_tokens:
        chosen = newest
    else:
        matches = catalog_index(catalog, cache_dir).rank(request, limit=MAX_ENTRIES)
        ranked = _unique([*wanted, *(match.entry for match in matches), *newest])
        chosen = list(_within(ranked, lines, budget_tokens))
    references = tuple(entry.reference for entry in chosen)
    return CatalogSummary(
        "\n".join(lines[name] for name in references), references, len(newest) - len(chosen)
    )


def entry_line(entry: CatalogEntry) -> str:
    """Return an entry as a paragraph: reference, purpose, inputs, outputs, what it needs."""
    line = f"- {entry.reference} ({entry.kind}): {_short(entry.description)}"
    for title, schema in (("inputs", entry.input_schema), ("outputs", entry.output_schema)):
        fields = list(_fields(schema, mark_required=title == "inputs"))
        if fields:
            line += f"\n  {title}: {', '.join(fields)}"
    needs = _needs(entry)
    return f"{line}\n  needs: {needs}" if needs else line


def _unique(entries: Iterable[CatalogEntry]) -> list[CatalogEntry]:
    found: dict[str, CatalogEntry] = {}
    for entry in entries:
        found.setdefault(entry.reference, entry)
    return list(found.values())


def _within(
    ranked: Iterable[CatalogEntry], lines: Mapping[str, str], budget_tokens: int
) -> Iterator[CatalogEntry]:
    spent = 0
    for number, entry in enumerate(ranked):
        spent += estimate_tokens(lines[entry.reference])
        if number >= MAX_ENTRIES or spent > budget_tokens:
            return
        yield entry


def _cost(lines: Iterable[str]) -> int:
    return sum(map(estimate_tokens, lines))


def _fields(schema: Mapping[str, Any] | None, *, mark_required: bool) -> Iterator[str]:
    properties = (schema or {}).get("properties")
    if not isinstance(properties, Mapping):
        return
    required = (schema or {}).get("required")
    names = required if isinstance(required, list) else []
    ordered = sorted(properties, key=lambda name: name not in names)
    for name in ordered[:MAX_FIELDS]:
        field = properties[name]
        text = f"{name}: {_type(field)}"
        if isinstance(field, Mapping) and "default" in field and field["default"] is not None:
            text += f" = {_short(str(field['default']), 40)}"
        yield text + (" (required)" if mark_required and name in names else "")


def _type(field: Any) -> str:
    if not isinstance(field, Mapping):
        return "any"
    if field.get("format") == "password" or field.get("writeOnly") is True:
        return "secret"
    if isinstance(field.get("enum"), list):
        return _short(" | ".join(str(value) for value in field["enum"]), 120)
    kind = field.get("type")
    if isinstance(kind, list):
        return " | ".join(map(str, kind))
    if isinstance(field.get("anyOf"), list):
        return _short(" | ".join(_type(each) for each in field["anyOf"]), 120)
    return str(kind or "any")


def _needs(entry: CatalogEntry) -> str:
    wanted = entry.capabilities
    if not isinstance(wanted, Capabilities):
        return _short(", ".join(wanted))
    parts = [
        *(f"network {host}" for host in wanted.network),
        *(f"secret {name}" for name in wanted.secrets),
        *(f"command {name}" for name in wanted.commands),
        *([f"files {wanted.files}"] if wanted.files != "none" else []),
        *(["a language model"] if wanted.model else []),
    ]
    return _short(", ".join(parts))


def _short(text: str, limit: int = MAX_DESCRIPTION_CHARACTERS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
