"""Split a request into clauses, each about one thing to do, in the order of execution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from prefect_luthier.ai_builder.offline import order_words
from prefect_luthier.ai_builder.offline.conditions import leading_condition, trailing_condition
from prefect_luthier.ai_builder.offline.loops import take_loop
from prefect_luthier.ai_builder.offline.openings import (
    continues_passive,
    is_directive,
    is_passive,
    is_question,
    opens_clause,
    opens_passive,
    orders_plainly,
    starts_with_verb,
)
from prefect_luthier.ai_builder.offline.phrasing import rephrased
from prefect_luthier.ai_builder.offline.sentences import sentences


class Link(Enum):
    """How a clause stands to the clauses before it."""

    NEXT = "next"  # after everything that is open
    BESIDE = "beside"  # at the same time as the one before
    LIST = "list"  # joined by a mere `and` or comma
    REWIND = "rewind"  # before the one that was named before it
    REWIND_ALL = "rewind-all"  # before all that the sentence before named


@dataclass(frozen=True)
class Clause:
    """One thing to do.

    Args:
        text: Its words, literals masked.
        link: How it stands to the clause before.
        condition: The words after `if`, or None.
        negated: Whether the condition was introduced by `unless`.
        otherwise: Whether it is the other branch of the condition before.
        loop: What it is done for each of, or None.
        event: Whether the text tells that something has happened, as in `once X is done`.
        sentence: Number of the sentence it stands in.
        directive: Whether its sentence asks for something, rather than telling.
        question: Whether its sentence wants to know something.
    """

    text: str
    link: Link = Link.NEXT
    condition: str | None = None
    negated: bool = False
    otherwise: bool = False
    loop: str | None = None
    event: bool = False
    sentence: int = 0
    directive: bool = True
    question: bool = False


def split_clauses(text: str) -> list[Clause]:
    """Split a masked request, without its schedule, into clauses.

    Args:
        text: The request.
    """
    clauses: list[Clause] = []
    beside = False
    for number, sentence in enumerate(sentences(rephrased(text))):
        if order_words.ALL_BESIDE.fullmatch(sentence.strip(" .,!")):
            _make_beside(clauses)
            continue
        directive = is_directive(sentence)
        beside = beside or bool(order_words.BESIDE_INTRO.search(sentence))
        found = _parse(sentence.strip(" .,!?:-"), Link.NEXT)
        asks = is_question(sentence)
        plainly = not asks and any(orders_plainly(clause.text) for clause in found)
        for clause in found:
            orders = directive or (plainly and starts_with_verb(clause.text))
            placed = replace(clause, sentence=number, directive=orders, question=asks)
            _place(clauses, placed)
        if beside and directive and found:
            _make_beside(clauses)
            beside = False
    if any(clause.directive for clause in clauses):
        # Beside orders, what is wanted to be known is to be found out.
        return [replace(c, directive=c.directive or c.question) for c in clauses]
    return clauses


def _make_beside(clauses: list[Clause]) -> None:
    """Put the clauses of the last sentence beside each other."""
    if not clauses:
        return
    last = clauses[-1].sentence
    first = next(i for i, clause in enumerate(clauses) if clause.sentence == last)
    if len(clauses) - first == 1:
        clauses[-1] = replace(clauses[-1], text=f"{clauses[-1].text}{PARALLEL}")
    for position in range(first + 1, len(clauses)):
        clauses[position] = replace(clauses[position], link=Link.BESIDE)


def _place(clauses: list[Clause], clause: Clause) -> None:
    """Add a clause; one that belongs before its predecessor goes there."""
    if clause.link not in {Link.REWIND, Link.REWIND_ALL}:
        clauses.append(clause)
        return
    last = clauses[-1].sentence if clauses else 0
    before = last if clause.link is Link.REWIND_ALL else clause.sentence
    position = next(
        (i for i, each in enumerate(clauses) if each.sentence == before),
        max(0, len(clauses) - 1),
    )
    clauses.insert(position, replace(clause, link=Link.NEXT))
    if position + 1 < len(clauses):
        clauses[position + 1] = replace(clauses[position + 1], link=Link.NEXT)


_MAX_DEPTH = 12


def _parse(text: str, link: Link, depth: int = 0) -> list[Clause]:
    """Return the clauses of a sentence or of a part of it."""
    text, link, otherwise = _strip_leading(text, link)
    if not re.search(r"[\w\ue000-\uf8ff]", text):
        return []
    if depth < _MAX_DEPTH:
        for reader in (_beside_all, _leading_if, _subordinate, _relative, _order_words, _listed):
            found = reader(text, link, depth + 1)
            if found:
                return [replace(found[0], otherwise=found[0].otherwise or otherwise), *found[1:]]
    return [replace(_leaf(text, link), otherwise=otherwise)]


def _strip_leading(text: str, link: Link) -> tuple[str, Link, bool]:
    """Take order words and politeness from the front of a text."""
    otherwise, changed = False, True
    while changed:
        changed = False
        order = order_words.LEADING.match(text)
        if order and order.end() < len(text):
            text, changed = text[order.end() :], True
            if order["beside"]:
                link = Link.BESIDE
            elif order["rewind_all"]:
                link = Link.REWIND_ALL
            elif order["rewind"] or (order["first"] and order[0].lower().startswith("but ")):
                link = Link.REWIND
            elif not order["also"] and link not in {Link.REWIND, Link.REWIND_ALL}:
                link = Link.NEXT
            continue
        other = order_words.OTHERWISE.match(text)
        if other and other.end() < len(text):
            text, changed, otherwise = text[other.end() :], True, True
            continue
        for pattern in (order_words.CONTAINER, order_words.POLITE):
            polite = pattern.match(text)
            if polite and 0 < polite.end() < len(text):
                text, changed = text[polite.end() :], True
    return text.strip(" ,.!?:"), link, otherwise


def _beside_all(text: str, link: Link, depth: int) -> list[Clause]:
    """`A, B and C in parallel`: all of them beside each other."""
    beside = order_words.TRAILING_BESIDE.search(text)
    if beside and (_AFTER_LEADING.match(text) or leading_condition(text)):
        return []
    if not beside or not text[: beside.start()].strip():
        trailing = order_words.TRAILING_ORDER.search(text)
        if not trailing or not text[: trailing.start()].strip() or _is_split(text):
            return []
        new = Link.REWIND if trailing["rewind"] else Link.NEXT
        return _parse(text[: trailing.start()], new, depth)
    inner = _parse(text[: beside.start()], link, depth)
    if len(inner) == 1:
        if _SEVERAL.search(inner[0].text) or (link is Link.NEXT and depth <= 1):
            return [replace(inner[0], text=f"{inner[0].text}{PARALLEL}")]
        return [replace(inner[0], link=Link.BESIDE)]
    return [inner[0], *(replace(each, link=Link.BESIDE) for each in inner[1:])]


_SEVERAL = re.compile(r",|\b(?:and|plus|as well as)\b|&|\s\+\s", re.IGNORECASE)
# Stands at the end of a clause whose parts are to run beside each other.
PARALLEL = " \u2016"


def _is_split(text: str) -> bool:
    return any(True for _ in order_words.THEN.finditer(text)) or len(list(_split_list(text))) > 1


def _leading_if(text: str, link: Link, depth: int) -> list[Clause]:
    """`If X, A and B`: the condition holds for all that follows in the sentence."""
    taken = leading_condition(text)
    if taken is None:
        return []
    inner = _parse(taken.rest, link, depth)
    return _conditional(inner, taken.condition, negated=taken.negated)


def _conditional(inner: list[Clause], condition: str, *, negated: bool) -> list[Clause]:
    found: list[Clause] = []
    other_branch = False
    for clause in inner:
        other_branch = other_branch or clause.otherwise
        if other_branch:
            found.append(replace(clause, otherwise=True))
        elif clause.condition is None:
            found.append(replace(clause, condition=condition, negated=negated))
        else:
            found.append(clause)
    return found


_AFTER_LEADING = re.compile(
    r"^(?:only\s+)?(?P<word>after|once|as soon as|following|upon|when(?:ever)?|every time|each time|any time)\s+(?P<event>[^,]+?)\s*,\s*(?:then\s+)?(?P<rest>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)
_BEFORE_LEADING = re.compile(
    r"^(?:before|prior to)\s+(?P<event>[^,]+?)\s*,\s*(?P<rest>.+)$", re.IGNORECASE | re.DOTALL
)
_AFTER_TRAILING = re.compile(
    r"^(?P<rest>.+?)\s*,?\s+(?:but only |only |right |immediately |directly |straight )?(?P<word>after|once|as soon as|whenever|every time|each time)\s+(?P<event>(?!\d|a while|a minute|an hour|that\b|this\b|which\b).+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)
_BEFORE_TRAILING = re.compile(
    r"^(?P<rest>.+?)\s*,?\s+(?:right |just |and that )?(?:before|prior to)\s+(?P<event>(?:you\s+|we\s+|it\s+(?:is|gets)\s+|they\s+(?:are|get)\s+)?(?:\w+ing|\w+ed|\w+n|finally \w+ing|the .+|you .+|we .+)\b.*)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)


def _subordinate(text: str, link: Link, depth: int) -> list[Clause]:
    """`After X, Y`, `Y once X`, `before X, Y`: what comes first goes first."""
    leading = _AFTER_LEADING.match(text)
    if leading:
        event = replace(_leaf(_ungerund(leading["event"]), link), event=True)
        return [event, *_parse(leading["rest"], Link.NEXT, depth)]
    before = _BEFORE_LEADING.match(text)
    if before:
        first = _parse(before["rest"], link, depth)
        return [*first, replace(_leaf(_ungerund(before["event"]), Link.NEXT), event=True)]
    trailing = _AFTER_TRAILING.match(text)
    holds_for_all = trailing is not None and trailing["word"].lower() not in {"after", "once"}
    if order_words.THEN.search(text) or (not holds_for_all and len(list(_split_list(text))) > 1):
        return []
    if trailing and "if" not in trailing["rest"].split():
        event = replace(_leaf(_ungerund(trailing["event"]), link), event=True)
        return [event, *_parse(trailing["rest"], Link.NEXT, depth)]
    trailing = _BEFORE_TRAILING.match(text)
    if trailing:
        event = replace(_leaf(_ungerund(trailing["event"]), Link.NEXT), event=True)
        return [*_parse(trailing["rest"], link, depth), event]
    return []


def _ungerund(text: str) -> str:
    return re.sub(
        r"^(?:having|you(?:'ve| have)?|we(?:'ve| have)?|i(?:'ve| have)?)\s+",
        "",
        text,
        flags=re.IGNORECASE,
    )


def _order_words(text: str, link: Link, depth: int) -> list[Clause]:
    """`A, then B`: split at order words."""
    found: list[Clause] = []
    start, next_link = 0, link
    for match in order_words.THEN.finditer(text):
        left = text[start : match.start()].strip(" ,")
        rest = text[match.end() :]
        if match["beside"] and re.match(r"\W*(?:$|(?:and\s+)?then\b)", rest, re.IGNORECASE):
            found += _beside_last(left, next_link, depth)
            start, next_link = match.end(), Link.NEXT
            continue
        if not left and not found:
            continue
        found += _parse(left, next_link, depth)
        start = match.end()
        next_link = (
            Link.BESIDE if match["beside"] else Link.REWIND if match["rewind"] else Link.NEXT
        )
    if start == 0:
        return []
    return [*found, *_parse(text[start:].strip(" ,"), next_link, depth)]


def _beside_last(text: str, link: Link, depth: int) -> list[Clause]:
    """`A, B at the same time, and then C`: B is beside A."""
    found = _parse(text, link, depth)
    if len(found) > 1:
        return [*found[:-1], replace(found[-1], link=Link.BESIDE)]
    if found and _SEVERAL.search(found[0].text):
        return [replace(found[0], text=f"{found[0].text}{PARALLEL}")]
    return [replace(each, link=Link.BESIDE) for each in found]


_GLUE = re.compile(
    r"\s*[,;]\s*(?:and\s+also\s+|and\s+|but\s+also\s+|but\s+|plus\s+|or\s+|as well as\s+)?|\s+(?:and|but|plus|&|\+|as well as)\s+(?:also\s+)?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_SUBORDINATE = re.compile(
    r"^(?:and\s+)?(?:if|when|whenever|once|after|as soon as|unless|in case|before|for (?:each|every|all)|given|until|otherwise|else|only if|provided|should)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _listed(text: str, link: Link, depth: int) -> list[Clause]:
    """`A, B and C`: split where a comma or `and` is followed by a verb."""
    pieces = list(_split_list(text))
    if len(pieces) < 2:  # noqa: PLR2004 - a list has two items
        return []
    found: list[Clause] = []
    for piece in pieces:
        inner = _parse(piece, Link.LIST if found else link, depth)
        if (
            inner
            and found
            and found[-1].loop
            and not inner[0].loop
            and _ANAPHOR.search(inner[0].text)
        ):
            inner = [replace(each, loop=each.loop or found[-1].loop) for each in inner]
        found += inner
    return found


_ANAPHOR = re.compile(r"\b(?:it|them|that|each|its|their)\b", re.IGNORECASE)


def _split_list(text: str) -> Iterator[str]:
    start = 0
    for match in _GLUE.finditer(text):
        left, right = text[start : match.start()], text[match.end() :]
        if not left.strip() or (_SUBORDINATE.match(left.strip()) and "," not in left):
            continue
        opens = (
            opens_clause(right)
            or opens_passive(right)
            or (is_passive(left) and continues_passive(right))
        )
        if not opens and _SUBORDINATE.match(right) and "," in right:
            opens = opens_clause(right.partition(",")[2].strip())
        if opens or order_words.OTHERWISE.match(right):
            yield left.strip(" ,")
            start = match.end()
    rest = text[start:].strip(" ,")
    if rest:
        yield rest


_RELATIVE = re.compile(
    r"\s*,\s*(?:which|that|and which|and that)\s+(?:you |we )?(?:(?:is|are|gets?|should be|must be|needs to be|has to be|have to be|will be|shall be|can be|should|must|needs to|has to|will)\s+)(?P<then>then\s+|afterwards\s+|subsequently\s+|finally\s+)?(?P<rest>\w+.*)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE | re.DOTALL,
)


def _relative(text: str, link: Link, depth: int) -> list[Clause]:
    """`A, which is then B-ed`: the relative clause comes next."""
    match = _RELATIVE.search(text)
    if not match or match.start() == 0:
        return []
    return [
        *_parse(text[: match.start()], link, depth),
        *_parse(match["rest"], Link.NEXT, depth),
    ]


def _leaf(text: str, link: Link) -> Clause:
    taken = trailing_condition(text)
    condition, negated = None, False
    if taken is not None:
        text, condition, negated = taken.rest, taken.condition, taken.negated
    loop, text = take_loop(text)
    return Clause(text.strip(" ,.:"), link, condition, negated, loop=loop)
