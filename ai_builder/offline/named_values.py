"""Values that stand beside the name of an input: `zone 4`, `the table prices`, `20 minutes`."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.slots import Slot
from prefect_luthier.ai_builder.offline.words import vocabulary, words

_NUMBERS = {"integer", "number"}
_ROLES = frozenset({"other", "channel", "count", "since"})
# After a value that is a common word, the clause ends or goes on with one of these.
_GOES_ON = frozenset("and or but to in into on at by with from for of as via then if when until".split())  # fmt: skip  # noqa: E501, SIM905 - a list reads best in one piece

# What somebody shall be told, in the request's own words: `notify me that it is done`.
TOLD = re.compile(
    r"\b(?:notify|tell|inform|alert|warn|message|text|remind|know|ping|say|announce)\b[^.]*?\bthat\s+(?P<told>(?:it|this|that|they|everything|all|the|we|there|an?|our|my|its|no|\w+ing)\b\s+\S.*)$",
    re.IGNORECASE | re.DOTALL,
)


def named_value(slot: Slot, text: str) -> str | int | float | None:
    """Return the value that a text names for an input, or None.

    Args:
        slot: The input.
        text: The clause with its literals written out.
    """
    name = r"[\s_-]".join(map(re.escape, words(slot.name.replace("-", " "))))
    if not name or slot.role not in _ROLES:
        return None
    if slot.type in _NUMBERS:
        return _number(name, slot, text)
    if slot.type not in {"string", "any"}:
        return None
    found = re.search(
        rf"\b{name}\s+(?:called\s+|named\s+|number\s+|no\.?\s+)?(?P<value>[A-Za-z0-9][\w.-]*\w|\d|[A-Z]\b)(?=(?P<after>\s+\w+)?)",
        text,
        re.IGNORECASE,
    )
    if found is None or not _is_name(found["value"], (found["after"] or "").strip()):
        return None
    value = _in_form(str(found["value"]), slot)
    return value if not slot.choices or value in slot.choices else None


def _in_form(value: str, slot: Slot) -> str | None:
    """Return a value as the schema's pattern wants it, `os.path` as `os:path`, or None."""
    if slot.pattern is None:
        return value
    forms = (value, ":".join(value.rsplit(".", 1)))
    try:
        return next((form for form in forms if re.search(slot.pattern, form)), None)
    except re.error:
        return value


def _number(name: str, slot: Slot, text: str) -> int | float | None:
    singular = name.removesuffix("s")
    found = re.search(
        rf"(?<![\w.:])(?P<before>\d+(?:\.\d+)?)\s*{singular}s?\b|\b{name}\s+(?:of\s+|to\s+|=\s*)?(?P<after>\d+(?:\.\d+)?)(?![\w:])",
        text,
        re.IGNORECASE,
    )
    if found is None:
        return None
    number = float(found["before"] or found["after"])
    return int(number) if slot.type == "integer" else number


def _is_name(value: str, after: str) -> bool:
    """Return whether a word is a name, rather than a part of what is said."""
    lowered = value.lower()
    known = vocabulary()
    if lowered in known.stop or lowered in _GOES_ON:
        return False
    if not value.isalpha() or not value[0].islower():
        return True
    return lowered not in known.verb_words and (not after or after.lower() in _GOES_ON)
