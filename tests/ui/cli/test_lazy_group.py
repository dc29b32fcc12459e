"""A command that does not exist is one message, with the commands that may have been meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("regsiter",), "`luthier register`"),
        (("rosette", "serach", "--seed", "3"), "`luthier rosette search`"),
        (("ai", "exec"), "`luthier ai execute`"),
    ],
    ids=["top", "rosette", "ai"],
)
def test_a_misspelt_command_gets_candidates(
    command_line: Callable[..., Any], arguments: tuple[str, ...], meant: str
) -> None:
    """It is exit code 2, as one document with ``--json`` too."""
    luthier = command_line()
    stdout, stderr = luthier(*arguments, code=2)
    assert stdout == ""
    assert f"Did you mean {meant}" in stderr
    error = luthier.json(*arguments, code=2)["error"]
    assert error["code"] == "unknown-command"


@pytest.mark.parametrize(
    "arguments",
    [
        ("up", "--port", "99999999"),
        ("run", "w.toml", "--parallel", "0"),
        ("plan",),
        ("list", "--frob"),
        ("rosette", "score", "--spec"),
    ],
    ids=["out-of-range", "below", "missing", "unknown-option", "in-a-group"],
)
def test_wrong_options_are_one_document_too(
    command_line: Callable[..., Any], arguments: tuple[str, ...]
) -> None:
    """A program that called with ``--json`` reads why, and which help page explains it."""
    error = command_line().json(*arguments, code=2)["error"]
    assert error["code"] == "wrong-usage"
    assert error["message"]
    assert f"luthier {arguments[0]}" in error["advice"]


def test_an_unlike_name_gets_no_candidate(command_line: Callable[..., Any]) -> None:
    """Nothing is suggested that does not resemble it."""
    _, stderr = command_line()("qqqqqq", code=2)
    assert "Did you mean" not in stderr
    assert "`luthier --help` lists the commands." in stderr
