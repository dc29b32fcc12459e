"""Masking: the values of secrets never leave through text, bytes, streams or JSON."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"

# A shorter line of a secret of several lines is no secret by itself.
_TELLING_CHARACTERS = 8


class Masker:
    """Replaces every value it knows, also in the spellings that programs turn it into.

    Args:
        values: The secret values; empty ones are ignored.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._texts: tuple[str, ...] = ()
        self._bytes: tuple[bytes, ...] = ()
        for value in values:
            self.add(value)

    def __bool__(self) -> bool:
        """Whether there is anything to mask."""
        return bool(self._texts)

    def add(self, value: str) -> None:
        """Mask ``value`` from now on."""
        spellings = {*self._texts, *_spellings(value)}
        self._texts = tuple(sorted(spellings, key=len, reverse=True))
        self._bytes = tuple(text.encode(errors="surrogateescape") for text in self._texts)

    def text(self, text: str) -> str:
        """Return ``text`` without the secrets."""
        for secret in self._texts:
            if secret in text:
                text = text.replace(secret, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """Return ``data`` without the secrets."""
        for secret in self._bytes:
            if secret in data:
                data = data.replace(secret, MASK.encode())
        return data

    def value(self, value: Any) -> Any:
        """Return a JSON value without the secrets, in keys too."""
        if not self._texts:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        if isinstance(value, int | float) and self.text(str(value)) != str(value):
            return MASK
        return value

    def stream(self) -> MaskedStream:
        """Return a filter for one stream of bytes."""
        return MaskedStream(self)

    def held_back(self, data: bytes) -> int:
        """Return how many bytes at the end of ``data`` may be the start of a secret."""
        longest = 0
        for secret in self._bytes:
            for size in range(min(len(secret) - 1, len(data)), longest, -1):
                if data.endswith(secret[:size]):
                    longest = size
                    break
        return longest


class MaskedStream:
    """Masks a stream that arrives in pieces; a secret may lie across two of them."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return what is certain by now; the possible start of a secret is held back."""
        if not self._masker:
            return data
        data = self._masker.data(self._rest + data)
        held = self._masker.held_back(data)
        self._rest = data[len(data) - held :]
        return data[: len(data) - held]

    def flush(self) -> bytes:
        """Return what was held back, at the end of the stream."""
        rest, self._rest = self._rest, b""
        return rest


def _spellings(value: str) -> Iterable[str]:
    """Return ``value`` and what quoting, JSON, URLs and basic authentication make of it."""
    if not value.strip():
        return ()
    raw = value.encode(errors="surrogateescape")
    lines = value.splitlines()
    forms = {
        value,
        value.strip(),
        shlex.quote(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
        quote(raw),
        quote(raw, safe=""),
        quote_plus(raw),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
    }
    if len(lines) > 1:  # a key leaks line by line; its armour says nothing
        forms |= {line for line in lines if len(line) >= _TELLING_CHARACTERS and "---" not in line}
    return forms
