"""Nearness of catalog entries to clauses by meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefect_luthier.ai_builder.offline.meaning import Meanings, entry_text
from prefect_luthier.catalog import CatalogEntry


def _entry(slug: str, description: str) -> CatalogEntry:
    return CatalogEntry(slug=slug, version="1.0.0", kind="action", description=description)


ENTRIES = (
    _entry("aquarium.feed", "Drops flakes into a fish tank"),
    _entry("piano-tune", "Brings the strings of a piano to pitch"),
    _entry("roof_inspect", "Looks for damaged tiles"),
)


@pytest.mark.parametrize(
    ("clause", "slug"),
    [
        pytest.param("give the guppies their breakfast", "aquarium.feed", id="no word in common"),
        pytest.param("the grand sounds horribly off key", "piano-tune", id="a complaint"),
        pytest.param("see whether the storm broke any shingles", "roof_inspect", id="a purpose"),
    ],
)
def test_an_entry_is_found_by_meaning(tmp_path: Path, clause: str, slug: str) -> None:
    """Of several entries the one that does what is meant is nearest, whatever the words."""
    nearness = Meanings(ENTRIES, tmp_path).nearness(clause)
    assert ENTRIES[int(nearness.argmax())].slug == slug
    assert ((nearness >= 0) & (nearness <= 1)).all()


def test_what_no_entry_does_is_far_from_all(tmp_path: Path) -> None:
    """The entry's own words are near it; what nothing does is much farther from everything."""
    meanings = Meanings(ENTRIES, tmp_path)
    assert meanings.nearness("tune the piano")[1] > 0.8
    assert meanings.nearness("negotiate the lease").max() < 0.4


@pytest.mark.parametrize("clause", ["", "  \n"], ids=["empty", "blank"])
def test_no_words_are_near_nothing(tmp_path: Path, clause: str) -> None:
    """A clause without words is near no entry."""
    assert Meanings(ENTRIES, tmp_path).nearness(clause).tolist() == [0, 0, 0]


def test_an_empty_catalog(tmp_path: Path) -> None:
    """Without entries there are no answers."""
    assert Meanings((), tmp_path).nearness("tune the piano").shape == (0,)


@pytest.mark.parametrize(
    ("slug", "description", "text"),
    [
        ("image.resizeToFit", "Scales it.", "image resize To Fit: Scales it."),
        ("a_b-c2", "", "a b c2"),
    ],
    ids=["words run together", "no description"],
)
def test_the_text_of_an_entry(slug: str, description: str, text: str) -> None:
    """An entry is read as the words of its slug and its description."""
    assert entry_text(_entry(slug, description)) == text
