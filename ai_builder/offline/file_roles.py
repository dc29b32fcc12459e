"""What a clause does with a file that it names: read it, or write it."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.ai_builder.offline.words import words
from prefect_luthier.catalog import CatalogEntry

_WRITING_TEXT = (
    "write|save|store|append|put|dump|record|export|output|overwrite|create|keep|log|add"
)
_READING_TEXT = (
    "count|read|check|compare|diff|match|parse|search|grep|find|list|load|inspect|look|print|show|"
    "display|open|scan|analy[sz]e|measure|validate|verify|hash|watch|monitor|sum|summari[sz]e|"
    "extract|sort|filter|lint|attach|upload|send|publish|email|mail|post|import|ingest|query|"
    "fetch|get|take|use|copy|move|rename|delete|remove|view|examine|test|review|convert|translate|"
    "compress|tail|total|average|sample"
)
# `counts`, `counted`, `counting`, `copied`.
_VERB = re.compile(
    rf"\b(?:(?P<writing>{_WRITING_TEXT})|(?P<reading>{_READING_TEXT}))(?:s|es|e?d|t?ing)?\b|\b(?P<written>written|wrote|writing|stored|saving|storing|kept)\b|\b(?P<copied>copied|copies)\b",
    re.IGNORECASE,
)
_PREPOSITION = re.compile(
    r"\b(?P<word>in|inside|within|from|of|on|at|with|using|than|against|about|for|through|across|over|into|onto|to|as|under)\s+(?:(?:the|an?|my|our|this|that|its)\s+)?(?:new\s+)?(?:[\w-]+\s+)?(?:(?:file|log|document|report)\s+)?(?:(?:called|named)\s+)?$",
    re.IGNORECASE,
)
_SOURCES = frozenset(["from", "of", "with", "using", "than", "against", "about", "for", "through", "across", "over"])  # fmt: skip  # noqa: E501 - a list reads best in one piece
_TARGETS = frozenset(["into", "onto", "as"])
_COMPARED = re.compile(r"\b(?:compar|match|relat|diff)", re.IGNORECASE)
_WRITTEN_IN = re.compile(
    rf"\b(?:{_WRITING_TEXT}|written|kept|stored)(?:s|e?d)?\s+(?:in|to|at|on|under)\s+(?:the\s+)?(?:file\s+)?$",
    re.IGNORECASE,
)


def is_read(text: str, path: str) -> bool:
    """Return whether a clause only reads a file, and so must not write it.

    Args:
        text: The clause.
        path: The file as it stands in the clause, or the mark that stands for it.
    """
    at = text.find(path)
    if at < 0:
        return False
    before, after = text[:at], text[at + len(path) :]
    found = _PREPOSITION.search(before)
    word = found["word"].lower() if found else None
    if word in _TARGETS or _WRITTEN_IN.search(before):
        return False
    if word in _SOURCES:
        return True
    if word == "to":
        return bool(_COMPARED.search(before))
    verb = _VERB.search(before)
    if verb is None:
        return False
    reads = bool(verb["reading"] or verb["copied"])
    # `save a.txt to b.txt` writes the second; `write the names in a.txt to b.txt` does too.
    return reads or bool(_GOES_TO.search(after))


_GOES_TO = re.compile(r"\b(?:to|into|onto)\s+(?:\w+\s+){0,3}?(?=[\ue000-\uf8ff./~]|[\w-]+[./])")


def writes_file(entry: CatalogEntry) -> bool:
    """Return whether an entry writes what it is given to a file."""
    roles = {slot.role for slot in slots(entry) if slot.required}
    if not {"path", "content"} <= roles:
        return False
    said = f"{entry.slug.replace('.', ' ')} {entry.description}".lower()
    return any(_WRITES.fullmatch(word) for word in words(said))


_WRITES = re.compile(rf"(?:{_WRITING_TEXT})s?", re.IGNORECASE)
