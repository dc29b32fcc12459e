"""Names for steps, parameters and workflows, made from words of the request."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from prefect_luthier.ai_builder.offline.words import vocabulary, words

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


_LONGEST_TITLE = 60
_SENTENCE_END = re.compile(r"(?<=[^\d\s.][.!?])\s+|\n+|\s*;\s+")
# Where a title that is too long may end: in front of a further clause, else of a further phrase.
_ENDS = (
    re.compile(
        r"[,;:]?\s+(?:and|then|if|when|which|so|after|before|but|because)\b|[,;:(]|\s-\s",
        re.IGNORECASE,
    ),
    re.compile(r"\s+(?:from|for|to|into|with|in|on|at|by|via|as|that|or)\b", re.IGNORECASE),
)
_SHORTEST_TITLE = 20
_BULLET = re.compile(r"^\s*(?:[-*\u2022]|\(?\d{1,2}[.)])\s*")


def title(text: str) -> str:
    """Return a short title for a request: its first phrases that say what is done."""
    kept = re.sub(r"\s+", " ", _telling(text)).strip(" .,!?")
    if len(kept) > _LONGEST_TITLE:
        kept = _shortened(kept)
    kept = kept.rstrip(",;:(- ")
    return kept[:1].upper() + kept[1:]


def _shortened(text: str) -> str:
    """Return the beginning of a text, up to where a clause or a phrase ends."""
    for pattern in _ENDS:
        found = [match.start() for match in pattern.finditer(text, _SHORTEST_TITLE)]
        ends = [end for end in found if end <= _LONGEST_TITLE]
        if ends:
            return _finished(text[: ends[-1]])
    return _finished(text[:_LONGEST_TITLE].rsplit(" ", 1)[0])


def _finished(text: str) -> str:
    """Return a text without the words at its end that a phrase cannot end with."""
    kept = text.split()
    while len(kept) > 1 and kept[-1].lower().strip(",;") in _UNFINISHED:
        kept.pop()
    return " ".join(kept)


# Words that a phrase cannot end with.
_UNFINISHED = frozenset([
     "a", "an", "the", "of", "from", "for", "to", "into", "with", "in", "on", "at", "by",
     "via", "as", "and", "or", "then", "but", "if", "when", "that", "which", "is", "are", "my",
     "our", "your", "their", "its", "this", "these", "last", "new",
])  # fmt: skip


def _telling(text: str) -> str:
    """Return the first sentence that has a verb to act on; the first of all without one."""
    sentences = [
        _BULLET.sub("", each) for each in _SENTENCE_END.split(text.strip()) if each.strip()
    ]
    for sentence in sentences:
        said = words(sentence)
        if len(said) > 1 and any(word in vocabulary().verb_words for word in said):
            return sentence
    return sentences[0] if sentences else text


_MOST_WORDS = 4
_LONGEST_ID = 40
_NEXT_PHRASE = frozenset([
     "of", "from", "for", "to", "into", "with", "in", "on", "at", "by", "via", "as", "and",
     "or", "then", "that", "which", "so", "after", "before", "since", "if", "when", "is",
     "are", "was",
])  # fmt: skip


def workflow_id(texts: Iterable[str]) -> str:
    """Return an id such as ``summarise-git-history``, from the words for what is done first.

    Args:
        texts: What the steps do, in the request's words.
    """
    parts: list[str] = []
    for text in texts:
        parts += _first_phrase(text, _MOST_WORDS - len(parts), at_least=2 - len(parts))
        if len(parts) >= 2:  # noqa: PLR2004 - a verb and its object
            break
    name = "-".join(dict.fromkeys(parts))[:_LONGEST_ID].strip("-")
    return name if name and name[0].isalpha() else f"workflow-{name}".strip("-")


# Verbs that only say that something shall be done.
_HELPING = frozenset(["do", "get", "go", "have", "help", "let", "look", "make", "need", "take", "try", "use"])  # fmt: skip  # noqa: E501 - a list reads best in one piece
_BACK_UP = re.compile(r"\bback(?:ing)? up\b")
# An address, a file or a number, which names nothing well.
_VALUE = re.compile(r"\S*[@/\\]\S*|\S+\.\w+|\b\d[\d.,:]*\b")


def _first_phrase(text: str, most: int, *, at_least: int) -> list[str]:
    """Return the words of a text that say something, up to the end of its first phrase."""
    said = re.findall(
        r"[a-z0-9]+(?:'[a-z]+)?", _VALUE.sub(" ", _BACK_UP.sub("backup", text.lower()))
    )
    verbs = [i for i, word in enumerate(said) if word in vocabulary().verb_words]
    start = next((i for i in verbs if said[i] not in _HELPING), verbs[0] if verbs else None)
    found: list[str] = [] if start is None else [said[start]]
    for word in said[0 if start is None else start + 1 :]:
        if word in _NEXT_PHRASE and len(found) >= at_least:
            break
        if word not in vocabulary().stop and "'" not in word:
            found.append(word)
    return found[:most]
