"""Canonical JSON and the digests made from it."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return the one UTF-8 JSON text for ``value``: sorted keys, no spaces, no NaN.

    Raises:
        ValueError: A float is NaN or infinite, which JSON cannot carry.
        TypeError: A value has no JSON form.
    """
    text = json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def digest(value: Any) -> str:
    """Return ``sha256:<hex>`` of the canonical JSON of ``value``."""
    return digest_bytes(canonical_json(value))


def digest_bytes(data: bytes) -> str:
    """Return ``sha256:<hex>`` of ``data``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def jsonable(value: Any) -> Any:
    """Return ``value`` in a form that JSON and PostgreSQL can store.

    Non-finite floats become text; NUL characters become U+FFFD; lone surrogates are escaped.
    """
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {storable_text(str(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


def storable_text(text: str) -> str:
    """Return ``text`` without the characters that PostgreSQL cannot hold."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode("utf-8", "backslashreplace").decode()
