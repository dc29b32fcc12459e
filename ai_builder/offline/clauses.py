"""Split a request into clauses, each about one thing to do, in the order of execution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from prefect_luthier.ai_builder.offline.conditions import take_condition
from prefect_luthier.ai_builder.offline.literals import is_mark
from prefect_luthier.ai_builder.offline.words import vocabulary


class Link(Enum):
    """How a clause stands to the clauses before it."""

    NEXT = "next"  # after everything that is open
    BESIDE = "beside"  # at the same time as the one before
    LIST = "list"  # joined by a mere `and` or comma


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
        done: Whether the text says that something has happened, as in `once X is done`.
        sentence: Number of the sentence it stands in.
        directive: Whether the sentence asks for something, rather than telling.
    """

    text: str
    link: Link = Link.NEXT
    condition: str | None = None
    negated: bool = False
    otherwise: bool = False
    loop: str | None = None
    done: bool = False
    sentence: int = 0
    directive: bool = True


_BULLET = re.compile(r"(?:^|\n)\s*(?:[-*•]|\(?\d{1,2}[.)]|step \d+[:.)-]?)\s+", re.IGNORECASE)
_INLINE_NUMBER = re.compile(r"(?<=\s)\(?\d{1,2}\)\s+")
_SENTENCE = re.compile(r"(?<=[.!?])(?:\s+|$)|;\s*|\n+")
_ABBREVIATION = re.compile(
    r"\b(?:e\.g|i\.e|etc|vs|approx|no|mr|mrs|ms|dr|inc|ltd|st)\.$", re.IGNORECASE
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a masked text; each item of a list is one."""
    text = _INLINE_NUMBER.sub("\n", _BULLET.sub("\n", text))
    found: list[str] = []
    for piece in _SENTENCE.split(text):
        stripped = (piece or "").strip()
        if not stripped:
            continue
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] = f"{found[-1]} {stripped}"
        else:
            found.append(stripped)
    return found


_LEADING_ORDER = re.compile(
    r"^(?:and\s+|but\s+|so\s+)?(?:(?P<first>first(?:ly)?(?: of all| off| up)?|to (?:start|begin)(?: with)?|start(?:ing)? by|begin(?:ning)? by|initially|step one|in the first step)"
    r"|(?P<next>then|next(?: up)?|after(?:wards?| that| this| which)|subsequently|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|later|thereafter|from there|following that|once (?:that|this|it)(?:'s| is| has)(?: been)? (?:done|finished|complete[d]?|ready|over|through)|when (?:that|this|it)(?:'s| is) (?:done|finished|complete[d]?|ready)|with that done|and then|now|as a next step|the next step is to)"
    r"|(?P<last>finally|lastly|last(?: of all)?|in the end|at the (?:very )?end|to (?:finish|wrap up|close)(?: off| up| things off)?|ultimately|as a (?:last|final) step|(?:once|when|after) (?:all(?: of (?:that|this|them|these))?|both|everything|all (?:three|four|the steps)|they|these|those|both of (?:them|those|these)|the (?:two|three|four)(?: of them)?)(?: branches| steps| tasks| jobs)?(?:(?:'s|'re| is| are| has| have)(?: been| all| both)*)? ?(?:done|finish(?:ed|es)?|complete[ds]?|ready|over|through|succeed(?:ed)?|in)?)"
    r"|(?P<beside>meanwhile|in the meantime|at the same time|simultaneously|in parallel(?: to (?:that|this))?|concurrently|parallel to (?:that|this)|alongside (?:that|this)|while (?:that|this|it)(?:'s| is)? (?:happening|running|going on|happens|runs)|while you(?:'re| are) at it)"
    r"|(?P<also>also|additionally|in addition|besides|plus|as well|moreover|furthermore))\b(?:\s*[,:]\s*|\s+|$)",
    re.IGNORECASE,
)  # fmt: skip
_TRAILING_BESIDE = re.compile(
    r"[,\s]*\b(?:in parallel|at the same time|simultaneously|concurrently|side by side|all at once|at once|together in parallel)\b[\s.]*$",
    re.IGNORECASE,
)
_TRAILING_ORDER = re.compile(
    r"[,\s]*\b(?:(?P<next>afterwards?|after that|next|thereafter|subsequently|when (?:that|it)(?:'s| is) (?:done|finished))|(?P<last>at the (?:very )?end|in the end|last|finally)|(?P<first>first|beforehand))[\s.]*$",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:(?:hi|hello|hey|dear)(?: (?:there|team|all|luthier|folks|everyone))?\s*[,!.]*\s*)?"
    r"(?:(?:please|pls|kindly|ok(?:ay)?|so|well|alright|hey|yo)\s*,?\s+)*"
    r"(?:(?:can|could|would|will) (?:you|we|u)(?: please| kindly| also| maybe)*|i(?:'d| would)(?: really)? (?:like|love|want)(?: you)?(?: to)?(?: have)?|(?:i|we)(?: also| really| just)? (?:want|need|wish|have)(?: you| it| this| us| something| a (?:workflow|flow|pipeline|job|process|automation) (?:that|which|to))?(?: to)?|(?:i'm|we're|i am|we are) (?:looking|trying|hoping) (?:to|for (?:a way to|something that|a workflow (?:that|to)))|let(?:'s| us)|help (?:me|us)(?: to)?|make sure (?:to|that(?: you)?|you)|be sure to|remember to|don't forget to|it (?:should|must|needs to|has to|will)|(?:you|we) (?:should|must|need to|have to|can|may|will)|the (?:workflow|flow|pipeline|job|automation|process) (?:should|must|needs to|has to|will)|your (?:job|task) is to|it would be (?:great|nice|good|cool|helpful) if (?:you|it|we) (?:could|would|can)|is there a way to|would it be possible to|go ahead and|just|simply|automatically|quickly|also|please|kindly)\s+",
    re.IGNORECASE,
)  # fmt: skip
_CONTAINER = re.compile(
    r"^(?:(?:set up|setup|create|build|make|write|design|draft|give me|put together|generate|define|prepare|schedule|add|configure|we need|i need|i want)\s+)?(?:me\s+|us\s+)?(?:an?|the|some|another)?\s*(?:new\s+|simple\s+|small\s+|little\s+|automated\s+|automatic\s+|scheduled\s+|recurring\s+|quick\s+)*(?:work ?flow|flow|pipeline|automation|job|process|routine|script|task|thing|something)\s+(?:for me\s+|for us\s+)?(?:(?:that|which)\s+(?:will\s+|should\s+|can\s+|would\s+|does the following\s*:?\s*)?|to\s+|where (?:you|we|it)\s+|:\s*|in which (?:you|we|it)\s+|does the following\s*:?\s*)",
    re.IGNORECASE,
)  # fmt: skip


def split_clauses(text: str) -> list[Clause]:
    """Split a masked request, without its schedule, into clauses.

    Args:
        text: The request.
    """
    clauses: list[Clause] = []
    for number, sentence in enumerate(sentences(text)):
        clauses += _sentence_clauses(sentence, number, first=not clauses)
    return clauses


def _sentence_clauses(sentence: str, number: int, *, first: bool) -> list[Clause]:
    beside = _TRAILING_BESIDE.search(sentence)
    body = sentence[: beside.start()] if beside else sentence
    pieces = [piece for part in _split_then(body.strip(" .,!?:")) for piece in _expand(part)]
    if not pieces:
        return []
    if not first and pieces[0].link is Link.LIST:
        pieces[0] = replace(pieces[0], link=Link.NEXT)
    if beside:
        pieces = [pieces[0], *(replace(p, link=Link.BESIDE) for p in pieces[1:])]
    return [replace(piece, sentence=number) for piece in pieces]


_THEN = re.compile(
    r"\s*,?\s*(?:\b(?:and|but)\s+)?\b(?:(?P<then>then|after(?:wards?\b| that| which)|next\b(?=,| )(?! (?:day|week|month|year|run|step|to|time))|subsequently|finally|lastly|followed by|before finally|eventually|in turn)|(?P<beside>meanwhile|(?:while |and |but )?(?:at the same time|simultaneously|in parallel|concurrently)(?! with)|while also|while))\b\s*,?\s*(?!$)",
    re.IGNORECASE,
)


def _split_then(text: str) -> Iterator[tuple[str, Link]]:
    """Yield the parts between order words, each with its link."""
    link = Link.NEXT
    start = 0
    for match in _THEN.finditer(text):
        left = text[start : match.start()].strip(" ,")
        if (
            left
            and re.search(r"\b(?:if|when|once|unless)\b[^,]*$", left, re.IGNORECASE)
            and match["then"]
        ):
            # `if X then Y` is one conditional clause
            if re.match(r"^(?:\W*)(?:if|when|once|unless)\b[^,]*$", left, re.IGNORECASE):
                text = f"{text[: match.start()]}, {' ' * (match.end() - match.start() - 2)}{text[match.end() :]}"
                continue
        if left:
            yield left, link
        link = Link.BESIDE if match["beside"] else Link.NEXT
        start = match.end()
    rest = text[start:].strip(" ,")
    if rest:
        yield rest, link


def _expand(part: tuple[str, Link]) -> list[Clause]:
    text, link = part
    found: list[Clause] = []
    for piece, glue in _split_list(text):
        clause = _read_clause(piece, link if not found else glue)
        found += clause
    return found


_GLUE = re.compile(
    r"\s*,\s*(?:and|but|plus|or)?\s*|\s+(?:and|but|plus|&)\s+(?:also\s+)?|\s+-\s+", re.IGNORECASE
)
_SUBORDINATE = re.compile(
    r"^(?:and\s+)?(?:if|when|whenever|once|after|as soon as|unless|in case|before|for (?:each|every|all)|given|until|otherwise|else|only if|should|provided)\b",
    re.IGNORECASE,
)


def _split_list(text: str) -> Iterator[tuple[str, Link]]:
    """Yield the parts that a comma or `and` joins, where the right one starts with a verb."""
    start = 0
    for match in _GLUE.finditer(text):
        left, right = text[start : match.start()], text[match.end() :]
        if not left.strip():
            continue
        if _SUBORDINATE.match(left.strip()) and not _closed(left):
            continue
        if opens_clause(right) or _SUBORDINATE.match(right) and opens_clause(_after_comma(right)):
            yield left.strip(" ,"), Link.LIST
            start = match.end()
    rest = text[start:].strip(" ,")
    if rest:
        yield rest, Link.LIST


def _closed(left: str) -> bool:
    """Return whether a subordinate clause has its main clause already."""
    return "," in left and opens_clause(_after_comma(left))


def _after_comma(text: str) -> str:
    return text.partition(",")[2].strip()


_FILLER = re.compile(
    r"^(?:(?:also|please|then|and|just|simply|automatically|immediately|quickly|finally|next|again|first|directly|otherwise|else|don't forget to|make sure to|be sure to|to)\s+)+",
    re.IGNORECASE,
)
_OBJECT = re.compile(
    r"^(?:the|an?|it|its|them|that|this|these|those|my|our|your|his|her|their|me|us|him|everyone|everything|each|every|all|any|some|both|to|back|out|up|off|down|over|into|onto|\d+|[A-Z#@])\b|^[\ue000-\uf8ff]",
)


def opens_clause(text: str) -> bool:
    """Return whether a text starts with an imperative verb and something that follows it."""
    rest = _POLITE.sub("", _FILLER.sub("", text.strip()))
    match = re.match(r"([A-Za-z]+)(?:-([a-z]+))?\s*(.*)", rest, re.DOTALL)
    if not match:
        return False
    word, follows = match[1].lower(), match[3]
    known = vocabulary()
    if word not in known.verb_words:
        return False
    if not follows or follows[0] in ",.;":
        return word not in known.noun_verbs and not follows.strip()
    if re.match(r"(?:and|or|of|is|are|was|were|has|have)\b", follows):
        return False
    return word not in known.noun_verbs or bool(_OBJECT.match(follows)) or is_mark(follows[0])


def _read_clause(text: str, link: Link) -> list[Clause]:
    """Read the leading order word, politeness and condition of one clause."""
    otherwise = False
    changed = True
    while changed:
        changed = False
        order = _LEADING_ORDER.match(text)
        if order and order.end() < len(text):
            text, changed = text[order.end() :], True
            link = Link.BESIDE if order["beside"] else link if order["also"] else Link.NEXT
            continue
        other = re.match(
            r"^(?:and\s+|but\s+|or\s+)?(?:otherwise|else|if not|or else)\b\s*,?\s*",
            text,
            re.IGNORECASE,
        )
        if other and other.end() < len(text):
            text, changed, otherwise = text[other.end() :], True, True
            continue
        for pattern in (_CONTAINER, _POLITE):
            polite = pattern.match(text)
            if polite and polite.end() < len(text):
                text, changed = text[polite.end() :], True
    if not text.strip(" ,.!?"):
        return []
    return _with_condition(text, link, otherwise=otherwise)


def _with_condition(text: str, link: Link, *, otherwise: bool) -> list[Clause]:
    taken = take_condition(text)
    if taken is None:
        return [Clause(text.strip(" ,."), link, otherwise=otherwise)]
    inner = [clause for part in _split_then(taken.rest) for clause in _expand(part)]
    return [
        replace(
            clause,
            link=link if position == 0 else clause.link,
            condition=clause.condition or taken.condition,
            negated=taken.negated if clause.condition is None else clause.negated,
            otherwise=otherwise if position == 0 else clause.otherwise,
        )
        for position, clause in enumerate(inner)
    ]
