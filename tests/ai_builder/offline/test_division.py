"""A clause is divided where its parts fit the catalog better than the whole."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.division import Span, best_division, borders
from prefect_luthier.ai_builder.offline.retrieval import Match
from prefect_luthier.catalog import CatalogEntry

_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")


def _span(slug: str, score: float) -> Span:
    entry = CatalogEntry(slug=slug, kind="action", description=slug)
    return Span(slug, Match(entry, score, score), lent=False)


def test_pieces_stand_between_the_connecting_words() -> None:
    """Empty pieces are left out."""
    text = "lint, and test and build"
    assert [text[start:end] for start, end in borders(text, _AND)] == ["lint", "test", "build"]


def test_parts_that_fit_are_steps_of_their_own() -> None:
    """Two good parts are worth more than one whole that fits a little better than either."""
    spans = {(0, 0): _span("lint", 0.8), (1, 1): _span("test", 0.8), (0, 1): _span("test", 0.85)}
    assert [span.text for span in best_division(spans, 2, 0.5)] == ["lint", "test"]


def test_a_part_that_fits_nothing_stays_with_the_rest() -> None:
    """`terms and conditions` is one thing."""
    spans = {(0, 0): _span("terms", 0.6), (1, 1): _span("go", 0.3), (0, 1): _span("terms", 0.8)}
    assert [span.text for span in best_division(spans, 2, 0.5)] == ["terms"]


def test_no_entry_is_used_by_two_parts() -> None:
    """Two parts that mean one entry are one step."""
    spans = {(0, 0): _span("mail", 0.8), (1, 1): _span("mail", 0.8), (0, 1): _span("mail", 0.7)}
    assert len(best_division(spans, 2, 0.5)) == 1
