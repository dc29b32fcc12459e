"""Splitting text into pieces of words."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.wordpiece import WordPieces

PIECES = WordPieces(
    ("[UNK]", "[CLS]", "[SEP]", "re", "##index", "index", "the", "cafe", "-", "'", "s", "_", "##s")
)


def _pieces(text: str, limit: int = 128) -> list[str]:
    return [PIECES.pieces[number] for number in PIECES.split(text, limit)]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("the index", ["the", "index"], id="whole words"),
        pytest.param("reindexs", ["re", "##index", "##s"], id="longest pieces from the left"),
        pytest.param("re-index", ["re", "-", "index"], id="punctuation stands alone"),
        pytest.param("the's_s", ["the", "'", "s", "_", "s"], id="underscore is punctuation"),
        pytest.param("The CAFÉ", ["the", "cafe"], id="neither case nor accents count"),
        pytest.param("the\n\t index\x00", ["the", "index"], id="control characters are dropped"),
        pytest.param("the 東京 index", ["the", "[UNK]", "index"], id="a word of no known piece"),
        pytest.param("reindexq the", ["[UNK]", "the"], id="a word with an unknown end"),
        pytest.param("s" * 101, ["[UNK]"], id="an endless word"),
    ],
)
def test_split(text: str, pieces: list[str]) -> None:
    """A text is split as the encoder's own tokenizer splits it, between two marks."""
    assert _pieces(text) == ["[CLS]", *pieces, "[SEP]"]


def test_a_long_text_is_cut_before_its_last_mark() -> None:
    """No more pieces than asked for are returned, and the mark of the end is one of them."""
    assert _pieces("the index " * 1000, limit=5) == ["[CLS]", "the", "index", "the", "[SEP]"]
