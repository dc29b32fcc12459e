"""Choose the catalog entries that do what a clause asks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from prefect_luthier.ai_builder.offline.clause_words import is_vague, plain, points_back
from prefect_luthier.ai_builder.offline.clauses import PARALLEL, Clause, Link
from prefect_luthier.ai_builder.offline.division import Span, best_division, borders
from prefect_luthier.ai_builder.offline.file_roles import is_read, writes_file
from prefect_luthier.ai_builder.offline.literals import Literal, Masked
from prefect_luthier.ai_builder.offline.openings import (
    opens_clause,
    opens_passive,
)
from prefect_luthier.ai_builder.offline.quantities import Care
from prefect_luthier.ai_builder.offline.retrieval import Index, Match, query_terms
from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.ai_builder.offline.words import vocabulary
from prefect_luthier.catalog import CatalogEntry

# Found on the development half of the corpus. Below the first no entry does what a clause asks;
# a clause that points back says less itself; what a request only mentions, and the parts of a
# clause, must fit better.
ACCEPT = 0.32
ACCEPT_POINTING = 0.16
ACCEPT_MENTIONED = 0.55
ACCEPT_PART = 0.5
# Below this share of the usual evidence it is asked whether an entry is meant.
_DOUBTFUL = 0.5
_USED_FACTOR = 0.85
# How much better an entry fits that has an input for an address or file which the clause gives.
_TAKES_BONUS, _TAKES_FIT = 0.05, 0.2
_TAKEN_KINDS = frozenset({"url", "email", "phone", "path"})

_PATIENT = Care()


@dataclass(frozen=True)
class Action:
    """One thing to do, and what does it.

    Args:
        clause: Where the request asks for it.
        entry: The catalog entry that does it, None for a command.
        command: A shell command that the request gave literally.
        literals: The values in the clause, in order.
        score: How well the entry fits.
        fit: How surely it is meant.
        care: How patiently it is done.
        second: What fits next best.
        doubtful: Whether it was accepted only for the company of what surely is meant.
    """

    clause: Clause
    entry: CatalogEntry | None
    command: str | None
    literals: tuple[Literal, ...]
    score: float = 1.0
    care: Care = _PATIENT
    second: Match | None = None
    fit: float = 1.0
    doubtful: bool = False


def choose(
    clause: Clause, before: Sequence[Action], masked: Masked, index: Index, ease: float = 1.0
) -> list[Action]:
    """Return the actions of one clause; none when nothing fits or it only points back.

    Args:
        clause: The clause.
        before: The actions chosen so far.
        masked: The whole request, for its literals.
        index: The catalog.
        ease: How much less than usual an entry may fit.
    """
    literals = tuple(masked.within(clause.text))
    if any(literal.kind == "command" for literal in literals):
        return _commands(clause, literals, masked)
    if is_vague(plain(clause.text)) and not literals and not (before and points_back(clause.text)):
        return []
    context = _context(clause, before, literals)
    said = clause.text if before else _with_words_named(clause.text, literals)
    clause = replace(clause, text=said)
    text = _with_topic(plain(_with_data_named(said, literals)), before)
    if before and _BARE_WORDS.match(said):
        text += " file"
    used = {action.entry.slug for action in before if action.entry is not None}
    kinds = {literal.kind for literal in literals} & _TAKEN_KINDS
    whole = _best(text, context, index, used, kinds)
    second = _best(text, context, index, [], kinds, besides=whole.entry.slug if whole else "")
    if clause.event:
        return _event(clause, _best(text, context, index), before, literals)
    parts = _parts(clause, context, masked, index)
    if parts:
        return _with_antecedent(parts, before, masked, index)
    if whole is not None and _writes_what_is_read(clause.text, whole.entry, literals):
        return []
    fits = 0.0 if whole is None else whole.fit + _TAKES_FIT * _takes(whole.entry, kinds)
    if whole is None or not _is_fit(whole.score, fits, clause, before, ease):
        return []
    action = Action(
        replace(clause, text=clause.text.replace(PARALLEL, "")),
        whole.entry,
        None,
        literals,
        whole.score,
        second=second,
        fit=fits,
        doubtful=clause.directive and not _is_fit(whole.score, fits, clause, before, _DOUBTFUL),
    )
    return _with_antecedent([action], before, masked, index)


# What joins the commands of one clause; what else stands between two makes the second a value.
_JOINED = re.compile(
    r"\W*(?:(?:and|then|plus|followed by|(?P<beside>(?:and )?(?:in )?parallel (?:with|to)|alongside|together with|beside|at the same time as|simultaneously with|while running))\b\W*)*(?:(?:run|runs|execute)\b\W*)?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _commands(clause: Clause, literals: Sequence[Literal], masked: Masked) -> list[Action]:
    """Return the commands of a clause, such as `run A in parallel with B in that folder`."""
    given = [literal for literal in literals if literal.kind == "command"]
    at = [clause.text.index(literal.mark) for literal in given]
    tail = clause.text[at[-1] + 1 :]
    found: list[Action] = []
    for position, literal in enumerate(given):
        between = clause.text[at[position - 1] + 1 : at[position]] if position else ""
        joined = _JOINED.fullmatch(between)
        if joined is None:
            break
        beside = bool(joined["beside"]) or clause.text.endswith(PARALLEL)
        link = Link.BESIDE if beside else Link.NEXT
        text = clause.text if len(given) == 1 else f"run {literal.mark}{tail}"
        own = tuple(masked.within(text)) if len(given) > 1 else tuple(literals)
        part = replace(clause, text=text, link=link if position else clause.link)
        found.append(Action(part, None, literal.text, own))
    return found


def _writes_what_is_read(text: str, entry: CatalogEntry, literals: Sequence[Literal]) -> bool:
    """Return whether an entry would write files although the clause only reads those it names."""
    paths = [literal for literal in literals if literal.kind == "path"]
    return bool(paths) and writes_file(entry) and all(is_read(text, each.mark) for each in paths)


def _is_fit(
    score: float, fit: float, clause: Clause, before: Sequence[Action], ease: float
) -> bool:
    """Return whether an entry fits a clause well enough to be what is meant."""
    if not clause.directive:
        return score >= ACCEPT_MENTIONED
    return fit >= (ACCEPT_POINTING if before and points_back(clause.text) else ACCEPT) * ease


def _takes(entry: CatalogEntry, kinds: Collection[str]) -> bool:
    """Return whether an entry has an input for one of the kinds of values that a clause gives."""
    return bool(kinds) and any(slot.role in kinds for slot in slots(entry))


def _best(
    text: str,
    context: str,
    index: Index,
    used: Collection[str] = (),
    kinds: Collection[str] = (),
    *,
    besides: str = "",
) -> Match | None:
    """Return the best entry besides one; one that is used already must fit clearly better."""

    def worth(match: Match) -> float:
        factor = _USED_FACTOR if match.entry.slug in used else 1.0
        return match.score * factor + _TAKES_BONUS * _takes(match.entry, kinds)

    matches = [match for match in index.rank(text, context) if match.entry.slug != besides]
    return max(matches, key=worth, default=None)


_BARE_WORDS = re.compile(
    r"^(?P<verb>write|append)\s+(?P<words>(?!(?:the|an?|it|its|this|that|these|those|them|all|any|each|every\w*|my|our|your|his|her|their|some|both|what\w*|down|out|up|back|to|in|into|text|results?|outputs?|data|contents?|logs?|reports?|summary|files?|numbers?)\b)[a-z][\w'!?-]*(?:\s+[\w'!?-]+){0,2}?)\s+(?=(?:to|into)\s+(?P<mark>[\ue000-\uf8ff])$)",
    re.IGNORECASE,
)


def _with_words_named(text: str, literals: Sequence[Literal]) -> str:
    """Return `write hello to FILE` as `write the text hello to FILE`, where nothing made a text."""
    found = _BARE_WORDS.match(text)
    paths = {literal.mark for literal in literals if literal.kind == "path"}
    if found is None or found["mark"] not in paths:
        return text
    return f"{found['verb']} the text {text[found.start('words') :]}"


def _with_data_named(text: str, literals: Sequence[Literal]) -> str:
    """Return `post {…} to` as `post json data to`: a verb alone says too little."""
    for literal in literals:
        if literal.kind == "json" and len(text.split(literal.mark, maxsplit=1)[0].split()) == 1:
            text = text.replace(literal.mark, " json data ")
    return text


def _with_topic(text: str, before: Sequence[Action]) -> str:
    """Return `resize it` with what `it` stands for: the things of the last clause that names any."""  # noqa: E501 - a pattern reads best in one piece
    terms = query_terms(text)
    if terms and terms[0].word in vocabulary().verb_words:
        terms = terms[1:]
    own = [term for term in terms if term.stem not in vocabulary().weak]
    if own or not before or not points_back(text):
        return text
    for action in reversed(before):
        things = [term.word for term in query_terms(plain(action.clause.text))[1:]]
        things = [
            word
            for word in things
            if word not in vocabulary().verb_words or word in vocabulary().noun_verbs
        ]
        if things:
            return f"{text} {' '.join(things)}"
    return text


def _context(clause: Clause, before: Sequence[Action], literals: Sequence[Literal]) -> str:
    """Return the words that a clause leaves out: of the clause before, and of its values."""
    hints = {"url": "url website", "email": "email", "path": "file", "phone": "phone mobile text"}
    found = [hints.get(literal.kind, "") for literal in literals]
    found += ["channel" for literal in literals if literal.text.startswith("#")]
    if before:
        last = before[-1]
        found.append(plain(last.clause.text))
        found.append(last.entry.slug if last.entry else "")
    if clause.condition:
        found.append(plain(clause.condition))
    return re.sub(r"[^\w ]+", " ", " ".join(found))


def _event(
    clause: Clause, whole: Match | None, before: Sequence[Action], literals: tuple[Literal, ...]
) -> list[Action]:
    """Return what `once X` adds: nothing when X is there already, or is nothing we can do."""
    if whole is None or whole.score < ACCEPT_MENTIONED:
        return []
    if any(action.entry is not None and action.entry.slug == whole.entry.slug for action in before):
        return []
    return [Action(clause, whole.entry, None, literals, whole.score, fit=whole.fit)]


_CONNECTED = re.compile(
    rf"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|plus|&|\+|as well as)\s+|{PARALLEL}", re.IGNORECASE
)


def _parts(clause: Clause, context: str, masked: Masked, index: Index) -> list[Action]:
    """Split `run the tests and the linter` where each part is clearly an action of its own."""
    texts = _span_texts(clause)
    if not texts:
        return []
    count = max(last for _, last in texts) + 1
    verb = texts[0, 0].split()[0]
    spans: dict[tuple[int, int], Span] = {}
    for (first, last), text in texts.items():
        found = _span(text, verb if first else "", context, index)
        literals = masked.within(text)
        if found and not _writes_what_is_read(text, found.match.entry, literals):
            spans[first, last] = found
    chosen = best_division(spans, count, ACCEPT_PART)
    if len(chosen) < 2:  # noqa: PLR2004 - fewer is no division
        return []
    beside = clause.text.endswith(PARALLEL)
    return [
        Action(
            replace(clause, text=span.text, link=_part_link(clause, at, lent=span.lent or beside)),
            span.match.entry,
            None,
            tuple(masked.within(span.text)),
            span.match.score,
            fit=span.match.fit,
        )
        for at, span in enumerate(chosen)
    ]


_MOST_PARTS = 4


def _span_texts(clause: Clause) -> dict[tuple[int, int], str]:
    """Return the words from one piece of a clause to another; empty for one piece or too many."""
    bounds = borders(clause.text, _CONNECTED)
    if not 1 < len(bounds) <= _MOST_PARTS:
        return {}
    return {
        (first, last): clause.text[bounds[first][0] : bounds[last][1]].strip()
        for first in range(len(bounds))
        for last in range(first, len(bounds))
    }


def ranked_texts(clause: Clause) -> list[str]:
    """Return the texts whose fit the choice for a clause will ask for, as far as is known before.

    Args:
        clause: The clause.
    """
    spans = _span_texts(clause)
    verb = spans[0, 0].split()[0] if spans else ""
    lent = [f"{verb} {text}" for (first, _), text in spans.items() if first]
    texts = [clause.text, clause.condition or "", *spans.values(), *lent]
    return [plain(text) for text in texts if text]


def _span(text: str, verb: str, context: str, index: Index) -> Span | None:
    """Return what fits a part; one without a verb of its own takes that of the first part."""
    own = _best(plain(text), context, index)
    lent = _best(plain(f"{verb} {text}"), context, index) if verb else None
    if own and lent and own.score > ACCEPT_PART and (opens_clause(text) or opens_passive(text)):
        lent = None
    match = max((m for m in (own, lent) if m), key=lambda match: match.score, default=None)
    return Span(text, match, match is lent) if match else None


def _part_link(clause: Clause, position: int, *, lent: bool) -> Link:
    if position == 0:
        return clause.link
    return Link.BESIDE if lent else Link.LIST


_CHECKS = frozenset(["check", "get", "list", "find", "query", "detect", "read", "search", "fetch", "monitor", "determine", "test", "verify", "count", "compare", "evaluate", "measure", "predict", "track", "validate", "inspect"])  # fmt: skip  # noqa: E501 - a pattern reads best in one piece


def _with_antecedent(
    actions: list[Action], before: Sequence[Action], masked: Masked, index: Index
) -> list[Action]:
    """Add the check that a condition takes for granted: `renew it if it expires soon`."""
    first = actions[0]
    if before or first.clause.condition is None or first.clause.otherwise:
        return actions
    text = plain(first.clause.condition)
    match = _best(text, "", index)
    if (
        match is None
        or match.score < ACCEPT_MENTIONED
        or match.entry.slug == (first.entry.slug if first.entry else "")
    ):
        return actions
    if not any(
        term.word in _CHECKS or term.stem in _CHECKS
        for term in query_terms(
            re.sub(r"[^A-Za-z]+", " ", f"{match.entry.slug} {match.entry.description}")
        )[:4]
    ):
        return actions
    check = Action(
        Clause(first.clause.condition, first.clause.link, sentence=first.clause.sentence),
        match.entry,
        None,
        tuple(masked.within(first.clause.condition)),
        match.score,
        fit=match.fit,
    )
    return [check, replace(first, clause=replace(first.clause, link=Link.NEXT)), *actions[1:]]
