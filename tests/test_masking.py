"""Masking: no spelling of a secret survives, in text, JSON, bytes or streams."""

from __future__ import annotations

import base64
import json
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.masking import MASK, Masker

SECRET = 'pä$$ "w\\rd/1&2'


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param(lambda s: s, id="as it is"),
        pytest.param(json.dumps, id="json"),
        pytest.param(lambda s: json.dumps(s, ensure_ascii=False), id="json, unicode"),
        pytest.param(shlex.quote, id="shell"),
        pytest.param(lambda s: quote(s, safe=""), id="url"),
        pytest.param(quote, id="url path"),
        pytest.param(quote_plus, id="url form"),
        pytest.param(lambda s: base64.b64encode(s.encode()).decode(), id="base64"),
        pytest.param(repr, id="python"),
    ],
)
def test_spellings_that_programs_make_of_a_secret_are_masked(spelling):
    """What quoting, JSON, URLs and basic authentication make of a secret goes, too."""
    text = f"before {spelling(SECRET)} after"
    masked = Masker([SECRET]).text(text)
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert MASK in masked
    assert "rd" not in masked


def test_lines_of_a_secret_of_several_lines_are_masked_one_by_one():
    """A private key printed line by line does not leak; its armour may be shown."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
    masker = Masker([key])
    assert masker.text("line: MIIEvQIBADANBgkq") == "line: ***"
    assert masker.text("-----BEGIN KEY-----") == "-----BEGIN KEY-----"


def test_values_are_masked_in_keys_numbers_and_depth():
    """A JSON value is masked wherever the secret stands in it."""
    masker = Masker(["12345"])
    value = {"a12345": [{"b": "x12345y"}, 12345, 1, None, True]}
    assert masker.value(value) == {"a***": [{"b": "x***y"}, MASK, 1, None, True]}


def test_empty_secrets_are_ignored():
    """An empty secret would mask between all characters."""
    masker = Masker(["", "  \n"])
    assert not masker
    assert masker.text("abc") == "abc"


@given(
    st.lists(st.text("abc", min_size=2, max_size=6), min_size=1, max_size=3),
    st.text("abc", max_size=60),
    st.lists(st.integers(1, 9), min_size=1),
)
def test_a_stream_is_masked_like_the_whole_however_it_is_cut(secrets, text, sizes):
    """A secret that lies across pieces is masked, and nothing is lost or held back for ever."""
    masker = Masker(secrets)
    stream = masker.stream()
    data, pieces, number = text.encode(), [], 0
    while data:
        size = sizes[number % len(sizes)]
        pieces.append(stream.feed(data[:size]))
        data, number = data[size:], number + 1
    pieces.append(stream.flush())
    out = b"".join(pieces).decode()
    for secret in secrets:
        assert secret not in out
    assert (out == text) == all(secret not in text for secret in secrets)


def test_a_stream_holds_back_no_more_than_it_must():
    """Output without the start of a secret is passed on at once."""
    stream = Masker(["secret"]).stream()
    assert stream.feed(b"hello ") == b"hello "
    assert stream.feed(b"se") == b""
    assert stream.feed(b"lf") == b"self"
