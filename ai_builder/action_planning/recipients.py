"""Whom an action's parameters would reach."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from email.utils import getaddresses
from typing import Any

RECIPIENT_INPUTS = ("to", "cc", "bcc")

# Whatever looks like an address; a Message-ID of ours is no person's.
_PERSON = re.compile(
    r"(?<![^\s<>()\[\]\"'`,;:=|])(?!luthier\.[0-9a-f]{40}@)[^\s<>()\[\]\"'`,;:=|@]+@(?=\w)"
)


def recipients_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the addresses an action would reach, in lower case, each once, in order."""
    texts = [text for name in RECIPIENT_INPUTS for text in texts_in(params.get(name))]
    found = (address.strip().lower() for _, address in getaddresses(texts))
    return tuple(dict.fromkeys(address for address in found if address))


def without_addresses(text: str) -> str:
    """Return a text in which each mail address is shortened to its domain, for eyes of others."""
    return _PERSON.sub("…@", text)


def texts_in(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts_in(each)
