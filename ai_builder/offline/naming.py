"""Names for steps, parameters and workflows, made from words of the request."""

from __future__ import annotations

import re
from collections.abc import Container

from prefect_luthier.ai_builder.offline.words import vocabulary

_RESERVED = {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while", "item", "index", "run", "params", "steps"}  # fmt: skip  # noqa: E501 - a pattern reads best in one piece


def identifier(text: str, taken: Container[str] = (), *, fallback: str = "step") -> str:
    """Return a free identifier made from a text.

    Args:
        text: A slug or a few words.
        taken: Identifiers in use.
        fallback: What to use when nothing remains of the text.
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:48].strip("_")
    if not name or not name[0].isalpha():
        name = f"{fallback}_{name}".strip("_")
    if name in _RESERVED:
        name = f"{name}_{fallback}"
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def title(text: str) -> str:
    """Return a short title for a request: its first words, capitalised."""
    kept = re.sub(r"\s+", " ", text).strip(" .,!?")
    if len(kept) > 60:  # noqa: PLR2004 - a title fits on a line
        kept = kept[:60].rsplit(" ", 1)[0]
    words = kept.split()
    while len(words) > 1 and words[-1].lower().strip(",;") in vocabulary().stop | {"last", "new"}:
        words.pop()
    kept = " ".join(words).rstrip(",;:")
    return kept[:1].upper() + kept[1:]


def workflow_id(texts: list[str]) -> str:
    """Return an id such as ``git-log-file-write`` made from what the steps do."""
    parts: list[str] = []
    for text in texts[:3]:
        parts += [w for w in re.findall(r"[a-z0-9]+", text.lower()) if w not in vocabulary().stop]
    name = "-".join(dict.fromkeys(parts))[:60].strip("-")
    return name if name and name[0].isalpha() else f"workflow-{name}".strip("-")
