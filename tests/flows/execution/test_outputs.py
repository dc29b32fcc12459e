"""Reading the outputs that a command wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.outputs import MAX_OUTPUT_BYTES, parse_outputs, read_outputs

DECLARED = {"n": "integer", "x": "number", "ok": "boolean", "s": "string", "l": "list", "j": "json"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n=3", {"n": 3}),
        ("x=2.5\n\n", {"x": 2.5}),
        ("ok=true", {"ok": True}),
        ("s=a=b  ", {"s": "a=b  "}),
        ('l=[1, "a"]', {"l": [1, "a"]}),
        ('j={"a": null}', {"j": {"a": None}}),
        ('{"n": 1, "s": "two\\nlines"}', {"n": 1, "s": "two\nlines"}),
        ("n=1\r\nn=2\r\n", {"n": 2}),
        ('{"x": 3}', {"x": 3}),
        ("", {}),
    ],
    ids=["integer", "number", "boolean", "text", "list", "json", "object", "last", "int", "none"],
)
def test_values_have_their_declared_types(text, expected):
    """Lines `name=value` and JSON objects give typed values; of two the last one counts."""
    assert parse_outputs(text, DECLARED) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("n=3.5", "wrong-output-type"),
        ("n=", "wrong-output-type"),
        ("ok=yes", "wrong-output-type"),
        ('l={"a": 1}', "wrong-output-type"),
        ('{"n": "3"}', "wrong-output-type"),
        ('{"n": true}', "wrong-output-type"),
        ('{"s": 1}', "wrong-output-type"),
        ("typo=3", "unknown-output"),
        ('{"typo": 3}', "unknown-output"),
        ("no separator", "bad-output"),
        ('{"n": ', "bad-output"),
        ("j=" + "[" * 100_000, "wrong-output-type"),
    ],
)
def test_wrong_lines_are_errors(text, code):
    """Nothing is guessed, dropped or converted."""
    with pytest.raises(LuthierError) as caught:
        parse_outputs(text, DECLARED)
    assert caught.value.code == code


def test_missing_output_is_an_error_with_the_command_to_write_it(tmp_path: Path):
    """A command that does not write a declared output fails its step."""
    with pytest.raises(LuthierError, match="did not write `n`") as caught:
        read_outputs(tmp_path / "none", {"n": "integer"})
    assert "LUTHIER_OUTPUT" in caught.value.advice


def test_too_large_a_file_is_an_error(tmp_path: Path):
    """The file is not read into memory whatever its size."""
    path = tmp_path / "output"
    with path.open("wb") as file:
        file.truncate(MAX_OUTPUT_BYTES + 1)
    with pytest.raises(LuthierError, match=r"holds \d+ bytes"):
        read_outputs(path, {})
