"""Every code that the validator can give is explained in the reference."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
CALLS = {"add", "warn", "_add", "_report", "_unknown", "Diagnostic"}


def codes() -> set[str]:
    """Return the codes that stand in the source."""
    found = set()
    for path in (ROOT / "deployments" / "definition").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(
                getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", "")
            )
            if isinstance(node, ast.Call) and name in CALLS and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant) and re.fullmatch(
                    r"[a-z]+(-[a-z0-9]+)+|cycle", str(first.value)
                ):
                    found.add(str(first.value))
    return found


def test_every_code_is_in_the_reference():
    """A reader who meets a code finds it."""
    assert len(codes()) > 50
    text = (ROOT / "docs" / "reference" / "diagnostics.md").read_text()
    missing = sorted(code for code in codes() if f"`{code}`" not in text)
    assert missing == []
