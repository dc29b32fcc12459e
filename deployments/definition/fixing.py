"""Apply the sure repairs of a definition until none is left."""

from __future__ import annotations

from dataclasses import dataclass, replace

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import Report, validate
from prefect_luthier.diagnostics import Fix, apply_fixes

MAX_ROUNDS = 25


@dataclass(frozen=True)
class Fixed:
    """A definition after its repairs.

    Args:
        report: The last validation; its source holds the repaired text.
        titles: What was repaired, in order.
    """

    report: Report
    titles: tuple[str, ...]


def fixed(source: Source, catalog: Catalog, environment: Environment | None = None) -> Fixed:
    """Repair what has exactly one repair; everything else keeps its bytes, comments included.

    Args:
        source: The definition as text.
        catalog: What its steps may use.
        environment: The machine that will run it.
    """
    report = validate(source, catalog, environment)
    titles: list[str] = []
    seen = {source.text}
    if source.bad_byte_at is not None:
        return Fixed(report, ())  # writing it back would lose the bytes that are no UTF-8
    for _ in range(MAX_ROUNDS):
        notes = [(f"{d.code}: {d.fix.title}", d.fix) for d in report.diagnostics if d.fix]
        step = _repaired(report, notes, seen, catalog, environment)
        if step is None:
            break
        report, made = step
        seen.add(report.source.text)
        titles += made
    return Fixed(report, tuple(dict.fromkeys(titles)))


def _repaired(
    report: Report,
    notes: list[tuple[str, Fix]],
    seen: set[str],
    catalog: Catalog,
    environment: Environment | None,
) -> tuple[Report, list[str]] | None:
    """Return the report after all repairs at once or, where they do not go together, after one."""
    batches = [notes, *([note] for note in notes)] if len(notes) > 1 else [notes]
    for batch in batches:
        text = apply_fixes(report.source.text, (fix for _, fix in batch))
        if text in seen:
            continue
        following = validate(replace(report.source, text=text), catalog, environment)
        if not _is_worse(report, following):
            return following, [title for title, _ in batch]
    return None


def _is_worse(before: Report, after: Report) -> bool:
    """Return whether a repair broke the syntax, which no repair is meant to do."""
    return _broken(after) > _broken(before)


def _broken(report: Report) -> int:
    codes = {"toml-syntax", "json-syntax", "duplicate-key"}
    return sum(diagnostic.code in codes for diagnostic in report.diagnostics)
