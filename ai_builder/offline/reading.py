"""Choose an action for each clause of a request."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from prefect_luthier.ai_builder.offline.clauses import PARALLEL, Clause, Link, split_clauses
from prefect_luthier.ai_builder.offline.division import Span, best_division, borders
from prefect_luthier.ai_builder.offline.literals import Literal, Masked, is_mark
from prefect_luthier.ai_builder.offline.openings import opens_clause, opens_passive, states_passive
from prefect_luthier.ai_builder.offline.quantities import Care, take_care
from prefect_luthier.ai_builder.offline.retrieval import Index, Match, query_terms
from prefect_luthier.ai_builder.offline.word_vectors import is_word
from prefect_luthier.ai_builder.offline.words import vocabulary
from prefect_luthier.catalog import CatalogEntry

# Found on the development half of the corpus. Below the first no entry does what a clause asks;
# a clause that points back says less itself; what a request only mentions, and the parts of a
# clause, must fit better.
ACCEPT = 0.39
ACCEPT_POINTING = 0.33
ACCEPT_MENTIONED = 0.55
ACCEPT_PART = 0.5
ACCEPT_STATED = 0.6
_USED_FACTOR = 0.85
# How much less a clause in far words must fit, where the request has clauses that do fit; and how
# many of those a clause needs beside it to be left out.
_EASE = 0.15
_FEW = 2


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
        care: How patiently it is done.
    """

    clause: Clause
    entry: CatalogEntry | None
    command: str | None
    literals: tuple[Literal, ...]
    score: float = 1.0
    care: Care = _PATIENT


@dataclass(frozen=True)
class Reading:
    """What a request asks for.

    Args:
        actions: In the order of execution.
        unknown: Clauses that nothing in the catalog can do.
        vague: Clauses that name nothing an action could be found by.
        left_out: Clauses that nothing can do, beside enough that can be done.
    """

    actions: tuple[Action, ...]
    unknown: tuple[str, ...] = ()
    vague: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_actions(text: str, masked: Masked, index: Index) -> Reading:
    """Read the clauses of a request and choose an entry for each.

    Args:
        text: The masked request without its schedule.
        masked: The whole request, for its literals.
        index: The catalog.
    """
    about = index.about(plain(text))
    strict = _read(text, masked, about)
    if not strict.unknown or len(strict.actions) < _FEW * len(strict.unknown):
        return strict
    # Among things that can be done, a clause in far words more likely means one of them too.
    lenient = _read(text, masked, about, ease=_EASE)
    if len(lenient.unknown) * _FEW <= len(lenient.actions):
        return replace(lenient, unknown=(), left_out=lenient.unknown)
    return lenient


def _read(text: str, masked: Masked, index: Index, ease: float = 0.0) -> Reading:
    """Read the clauses; ``ease`` lowers what an entry must reach to be accepted."""
    actions: list[Action] = []
    unknown: list[str] = []
    vague: list[str] = []
    for read in split_clauses(text):
        care, rest = take_care(read.text)
        if care and actions and is_vague(plain(rest)):
            actions[-1] = replace(actions[-1], care=care.over(actions[-1].care))
            continue
        clause = replace(read, text=rest) if care else read
        found = choose(clause, actions, masked, index, ease)
        actions += [replace(action, care=care) for action in found]
        if found or clause.event or not clause.directive or _IDLE.fullmatch(clause.text):
            continue
        said = masked.unmask(clause.text).strip(f" {PARALLEL}")
        if is_vague(plain(clause.text)):
            vague.append(said)
        elif is_order(clause.text):
            unknown.append(said)
    asked = [action for action in actions if action.clause.directive or _is_stated(action)]
    told = [action for action in actions if not action.clause.question]
    kept = _without_repeats(_without_echoes(asked or told))
    return Reading(tuple(kept), tuple(unknown), tuple(vague))


def _is_stated(action: Action) -> bool:
    """Return whether a sentence that only tells says what is done: `the dump is encrypted`."""
    clause = action.clause
    return action.score >= ACCEPT_STATED and (
        clause.link is Link.BESIDE or states_passive(clause.text)
    )


def _without_echoes(actions: Sequence[Action]) -> list[Action]:
    """Drop what was only mentioned before it was asked for."""
    return [
        action
        for position, action in enumerate(actions)
        if not (
            (action.clause.event or not action.clause.directive)
            and action.entry is not None
            and any(
                later.entry is not None and later.entry.slug == action.entry.slug
                for later in actions[position + 1 :]
            )
        )
    ]


# A clause that means the same entry as another must fit it nearly as well to be a step of its own.
_REPEATED = 0.75


def _without_repeats(actions: Sequence[Action]) -> list[Action]:
    """Drop the weaker of two clauses that mean one entry, unless they are about other values."""
    return [
        action
        for action in actions
        if action.literals
        or not any(
            other is not action
            and other.entry is not None
            and action.entry is not None
            and other.entry.slug == action.entry.slug
            and action.score < _REPEATED * other.score
            for other in actions
        )
    ]


def is_order(text: str) -> bool:
    """Return whether a clause tells somebody to do something, rather than adding to another."""
    return opens_clause(text) or opens_passive(text) or opens_clause(f"{text} it")


def choose(
    clause: Clause, before: Sequence[Action], masked: Masked, index: Index, ease: float = 0.0
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
    commands = [literal.text for literal in literals if literal.kind == "command"]
    if commands:
        return [Action(clause, None, commands[0], literals)]
    if is_vague(plain(clause.text)) and not literals and not (before and _points_back(clause.text)):
        return []
    context = _context(clause, before, literals)
    text = _with_topic(plain(clause.text), before)
    used = {action.entry.slug for action in before if action.entry is not None}
    whole = _best(text, context, index, used)
    if clause.event:
        return _event(clause, _best(text, context, index), before, literals)
    parts = _parts(clause, context, masked, index)
    if parts:
        return _with_antecedent(parts, before, masked, index)
    if whole is None or not _is_fit(whole, clause, before, ease):
        return []
    action = Action(
        replace(clause, text=clause.text.replace(PARALLEL, "")),
        whole.entry,
        None,
        literals,
        whole.score,
    )
    return _with_antecedent([action], before, masked, index)


def _is_fit(match: Match, clause: Clause, before: Sequence[Action], ease: float) -> bool:
    """Return whether an entry fits a clause well enough to be what is meant."""
    if not clause.directive:
        return match.score >= ACCEPT_MENTIONED
    return match.fit >= (ACCEPT_POINTING if before and _points_back(clause.text) else ACCEPT) - ease


def _best(text: str, context: str, index: Index, used: Collection[str] = ()) -> Match | None:
    """Return the best entry; one that is used already must fit clearly better."""
    matches = index.rank(text, context)
    return max(
        matches,
        key=lambda match: match.score * (_USED_FACTOR if match.entry.slug in used else 1.0),
        default=None,
    )


_POINTER = re.compile(
    r"\b(?:it|them|this|that|these|those|one|both|the (?:result|output|file|outcome|same|others?)s?)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _points_back(text: str) -> bool:
    return bool(_POINTER.search(text))


def _with_topic(text: str, before: Sequence[Action]) -> str:
    """Return `resize it` with what `it` stands for: the things of the last clause that names any."""  # noqa: E501 - a pattern reads best in one piece
    own = [term for term in query_terms(text)[1:] if term.stem not in vocabulary().weak]
    if own or not before or not _points_back(text):
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
    hints = {"url": "url website", "email": "email", "path": "file"}
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
    return [Action(clause, whole.entry, None, literals, whole.score)]


_CONNECTED = re.compile(
    rf"\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|plus|&|as well as)\s+|{PARALLEL}", re.IGNORECASE
)


def _parts(clause: Clause, context: str, masked: Masked, index: Index) -> list[Action]:
    """Split `run the tests and the linter` where each part is clearly an action of its own."""
    bounds = borders(clause.text, _CONNECTED)
    if not 1 < len(bounds) <= _MOST_PARTS:
        return []
    verb = clause.text[bounds[0][0] : bounds[0][1]].split()[0]
    spans: dict[tuple[int, int], Span] = {}
    for first in range(len(bounds)):
        for last in range(first, len(bounds)):
            text = clause.text[bounds[first][0] : bounds[last][1]].strip()
            found = _span(text, verb if first else "", context, index)
            if found is not None:
                spans[first, last] = found
    chosen = best_division(spans, len(bounds), ACCEPT_PART)
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
        )
        for at, span in enumerate(chosen)
    ]


_MOST_PARTS = 4


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
    )
    return [check, replace(first, clause=replace(first.clause, link=Link.NEXT)), *actions[1:]]


def is_vague(text: str) -> bool:
    """Return whether the words of a clause name nothing an action could be found by."""
    vague = vocabulary().vague | vocabulary().weak
    if _IDLE.fullmatch(text.strip(" .,!?")):
        return True
    return all(term.stem in vague for term in query_terms(text))


_IDLE = re.compile(
    r"(?:please )?(?:find (?:it |that |this )?out|figure (?:it|that|this) out|work (?:it|that|this) out|look into (?:it|that|this)|(?:just )?(?:do|keep|leave|take) (?:it|them|that|this|those|these)(?: two| three| all)?|[a-z]+ nothing|forget (?:it|that)|go(?: ahead)?|whatever|none|just those|that's (?:it|all)|nothing else|as usual|rather|kind regards.*|cheers.*|thanks.*)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def is_gibberish(text: str) -> bool:
    """Return whether most words of a text are no English words."""
    terms = [term for term in query_terms(plain(text)) if len(term.word) > 2]  # noqa: PLR2004 - initials
    return bool(terms) and sum(is_word(term.word) for term in terms) * 2 < len(terms)


def plain(text: str) -> str:
    """Return a masked text without its marks."""
    return "".join(" " if is_mark(char) or char in PARALLEL else char for char in text)
