"""How a database URL is shown, without loading a database library."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(?P<head>^[\w+]+://[^:/@]*:)[^@/]+(?=@)")
_QUERY_PASSWORD = re.compile(r"(?<=[?&]password=)[^&]*")


def shown(url: str) -> str:
    """Return the URL without its password, for people to read."""
    return _QUERY_PASSWORD.sub("***", _PASSWORD.sub(r"\g<head>***", url))
