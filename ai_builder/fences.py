"""Untrusted text in a prompt, between lines that it cannot imitate."""

from __future__ import annotations

import hashlib

from prefect_luthier.canonical import storable_text


def fenced(name: str, text: str) -> str:
    """Return a text between lines that say what it is and that it cannot contain.

    The mark is made from the text itself, so no text can hold its own end.
    """
    text = storable_text(text)
    mark = hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()[:12]
    return f"<<<{name} {mark}>>>\n{text}\n<<<end {mark}>>>"
