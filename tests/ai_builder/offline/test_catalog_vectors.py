"""The vectors of a catalog's entries, and keeping them on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from prefect_luthier.ai_builder.offline.catalog_vectors import entry_text, entry_vectors
from prefect_luthier.ai_builder.offline.sentence_vectors import sentence_encoder
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
def test_an_entry_is_nearest_to_what_it_does(clause: str, slug: str) -> None:
    """Of several entries the one that does what is meant is nearest, whatever the words."""
    nearness = entry_vectors(ENTRIES) @ sentence_encoder().encode([clause])[0]
    assert ENTRIES[int(nearness.argmax())].slug == slug


def test_an_entry_is_read_as_the_words_of_its_slug_and_its_description() -> None:
    """Words that run together in a slug are told apart."""
    assert (
        entry_text(_entry("image.resizeToFit", "Scales it.")) == "image resize To Fit: Scales it."
    )


def test_vectors_are_read_again_from_disk(tmp_path: Path) -> None:
    """What is kept is what is answered: a kept file is read and not computed anew."""
    first = entry_vectors(ENTRIES, tmp_path / "new" / "folder")
    (path,) = (tmp_path / "new" / "folder").iterdir()
    np.save(path, first[::-1].copy())
    assert np.array_equal(entry_vectors(ENTRIES, tmp_path / "new" / "folder"), first[::-1])


def test_another_catalog_has_other_vectors(tmp_path: Path) -> None:
    """A changed description is encoded, not looked up under the old one."""
    entry_vectors(ENTRIES, tmp_path)
    changed = (*ENTRIES[:2], _entry("roof_inspect", "Counts the pigeons"))
    assert entry_vectors(changed, tmp_path) == pytest.approx(entry_vectors(changed), abs=1e-5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no array"),
        lambda path: path.write_bytes(path.read_bytes()[:-200]),
        lambda path: np.save(path, np.zeros((2, 384), dtype=np.float32)),
        lambda path: np.save(path, np.array([{}], dtype=object)),
    ],
    ids=["empty", "garbage", "cut short", "too few rows", "pickled objects"],
)
def test_a_broken_file_is_replaced(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """A file that cannot be trusted is not used."""
    right = entry_vectors(ENTRIES, tmp_path)
    (path,) = tmp_path.iterdir()
    spoil(path)
    assert entry_vectors(ENTRIES, tmp_path) == pytest.approx(right, abs=1e-5)
    assert np.load(path).shape == right.shape


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where nothing can be kept, the vectors are right all the same."""
    (tmp_path / "file").write_text("in the way")
    assert entry_vectors(ENTRIES, tmp_path / "file" / "folder").shape == (3, 384)


def test_an_empty_catalog(tmp_path: Path) -> None:
    """Without entries there are no vectors, and no file."""
    assert entry_vectors((), tmp_path / "cache").shape == (0, 384)
    assert not (tmp_path / "cache").exists()
