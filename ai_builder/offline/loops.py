"""`for each X`: what a clause is repeated for."""

from __future__ import annotations

import re

from prefect_luthier.ai_builder.offline.openings import opens_clause

_EACH = r"(?:for|to|on|over)\s+(?:each|every(?: single)?|all(?: of)?)(?: (?:of )?(?:the|our|my|these|those))?"  # noqa: E501 - a pattern reads best in one piece
_LEADING = re.compile(
    rf"^(?:{_EACH}|(?:loop|iterate|go) (?:over|through)(?: all| each)?(?: the)?)\s+(?P<loop>[^,:]+?)\s*[,:]\s*(?:and\s+)?(?P<rest>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)
_LEADING_BARE = re.compile(rf"^{_EACH}\s+(?P<rest>.+)$", re.IGNORECASE | re.DOTALL)
_TRAILING = re.compile(
    r"^(?P<rest>.+?)\s*,?\s+(?:for\s+(?:each|every(?: single)?)(?: of)?(?: the| our| my)?|one by one for(?: the)?)\s+(?P<loop>[^,]+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)


def take_loop(text: str) -> tuple[str | None, str]:
    """Return what a clause is repeated for, or None, and the clause without it."""
    match = _LEADING.match(text)
    if match:
        return match["loop"].strip(), match["rest"].strip()
    bare = _LEADING_BARE.match(text)
    if bare:
        words = bare["rest"].split()
        for position in range(1, len(words)):
            rest = " ".join(words[position:])
            if opens_clause(rest):
                return " ".join(words[:position]), rest
    match = _TRAILING.match(text)
    if match:
        return match["loop"].strip(), match["rest"].strip()
    return None, text
