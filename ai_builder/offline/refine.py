"""Read a request that changes a base: as operations, so that the rest stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.clauses import Clause, Link, sentences, split_clauses
from prefect_luthier.ai_builder.offline.conditions import read_condition
from prefect_luthier.ai_builder.offline.dataflow import (
    Parameters,
    Upstream,
    fill_inputs,
    result_expression,
)
from prefect_luthier.ai_builder.offline.edits import (
    MEANT,
    Editing,
    edit_care,
    edit_name,
    edit_order,
    edit_schedule,
    move,
)
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.messages import message_for
from prefect_luthier.ai_builder.offline.naming import identifier
from prefect_luthier.ai_builder.offline.order_words import POLITE
from prefect_luthier.ai_builder.offline.reading import Action, choose, is_order, is_vague, plain
from prefect_luthier.ai_builder.offline.retrieval import Index, query_terms
from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.ai_builder.offline.value_edits import (
    edit_literal,
    edit_named_value,
    edit_number,
    edit_value,
)
from prefect_luthier.ai_builder.offline.words import vocabulary
from prefect_luthier.ai_builder.operations import (
    AddStep,
    Operation,
    RemoveStep,
    SetField,
    SetStepField,
    apply_operations,
)
from prefect_luthier.catalog import Catalog, CatalogEntry


@dataclass
class Refinement:
    """The changes that a request asks for, as they are found.

    Args:
        form: The base's JSON form with the operations so far applied.
        operations: The operations.
        unknown: What nothing in the catalog can do.
        unclear: What names nothing in the base.
        unsaid: Conditions that no output of an earlier step can decide.
    """

    form: dict[str, Any]
    operations: list[Operation] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)

    def apply(self, operations: Sequence[Operation]) -> None:
        """Make changes and note them."""
        self.form = apply_operations(self.form, operations)
        self.operations += operations


def refine(masked: Masked, form: Mapping[str, Any], catalog: Catalog, index: Index) -> Refinement:
    """Return the changes that a request asks for.

    Args:
        masked: The request.
        form: The base's JSON form.
        catalog: What new steps may use.
        index: The catalog, prepared for matching.
    """
    refinement = Refinement(dict(form))
    for sentence in sentences(masked.text):
        editing = Editing(refinement.form, BaseSteps(refinement.form, catalog), masked)
        changed = edit_number(sentence, editing)
        if changed:
            refinement.apply(changed)
            continue
        for part in _changes(sentence):
            _read_change(part, refinement, masked, catalog, index)
    return refinement


_NEXT_CHANGE = re.compile(
    r"\s*(?:,\s*(?:and\s+|but\s+)?|\s+and\s+|\s+but\s+)(?:also\s+|then\s+|please\s+)*(?=(?:remove|drop|delete|rename|retry|replace|set|change|make (?:it|the|this)|run (?:it|this|the)|add|use|turn|give up|schedule|undo|get rid of|move|put|notify|send|post)\b)",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _changes(sentence: str) -> list[str]:
    """Return the parts of a sentence that are changes of different kinds."""
    if _CIRCUMSTANCE.match(_polished(sentence)):
        return [sentence]
    parts = [part for part in _NEXT_CHANGE.split(sentence) if part and part.strip()]
    kinds = {bool(_EDITING.match(_polished(part))) for part in parts}
    return (
        parts
        if len(kinds) > 1 or (parts and all(_EDITING.match(_polished(p)) for p in parts))
        else [sentence]
    )


_CIRCUMSTANCE = re.compile(
    r"^(?:before|after|once|as soon as|if|when|whenever|unless|instead|rather|in case)\b",
    re.IGNORECASE,
)
_EDITING = re.compile(
    r"^(?:remove|drop|delete|rename|retry|replace|set|change|make (?:it|the|this)|run (?:it|this|the)|turn|give up|schedule|undo|get rid of|move|put|use)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _polished(text: str) -> str:
    """Return a text without politeness in front."""
    text = text.strip(" .,!?")
    while (match := POLITE.match(text)) and 0 < match.end() < len(text):
        text = text[match.end() :]
    return text


_COURTESY = re.compile(r"\b(?:please|pls|plz|kindly|thanks|thank you|thx)\b\s*", re.IGNORECASE)


def _read_change(
    text: str, refinement: Refinement, masked: Masked, catalog: Catalog, index: Index
) -> None:
    text = _COURTESY.sub("", text)
    polished = _polished(text)
    editing = Editing(refinement.form, BaseSteps(refinement.form, catalog), masked)
    operations, rest = edit_schedule(polished, editing)
    if operations:
        refinement.apply(operations)
        polished = rest.strip(" .,!")
        if not polished:
            return
        editing = Editing(refinement.form, editing.steps, masked)
    edits: tuple[Callable[[str, Editing], list[Operation]], ...] = (
        edit_name,
        edit_care,
        edit_value,
        edit_literal,
        lambda text, editing: _replace(text, editing, index),
        lambda text, editing: _remove(text, editing, index),
        edit_order,
        _guard,
        edit_named_value,
    )
    for edit in edits:
        found = edit(polished, editing)
        if found:
            refinement.apply(found)
            _heal(refinement, catalog)
            return
    _add(text, refinement, masked, catalog, index)


_REMOVE = re.compile(
    r"^(?:and\s+|also\s+|then\s+|just\s+)*(?:(?:remove|drop|delete|skip|omit|leave out|take out|cut|undo|get rid of|throw out|kill|eliminate|forget(?: about)?|scrap|strip|ditch|lose|revert|disable|exclude|stop)\b|(?:there is |there's )?no (?:more |longer )?(?:need (?:for|to)\s+)?|(?:i |we )?(?:don't|do not|no longer) (?:need|want|require)(?: to)?\b|without\b)\s*(?P<what>.+?)(?:\s+(?:any ?more|any longer|again|altogether|entirely|completely|please|(?:step|thing|part|task|bit|stage)s?))*$|^(?P<what2>.+?)\s+(?:is|are) (?:not|no longer) (?:needed|necessary|required|wanted)(?: any ?more)?$|^(?:take|leave|cut)\s+(?P<what3>.+?)\s+out$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ADD_MARGIN = 0.12
_AND_WITH = re.compile(
    r"\s*,\s*(?:and\s+)?|\s+(?:and|plus|as well as)\s+(?:with (?:it|them)\s+)?(?:also\s+)?",
    re.IGNORECASE,
)


def _several(what: str, editing: Editing) -> list[Operation]:
    """Return the removal of several steps, where each part of a list means another one."""
    parts = [part for part in _AND_WITH.split(what) if part.strip()]
    meant = [editing.steps.find(part) for part in parts]
    names = {each.id for each in meant if each is not None and each.score >= MEANT}
    if len(parts) < 2 or len(names) < len(parts) or len(names) >= len(editing.steps.tables):  # noqa: PLR2004 - a list has two items
        return []
    return [RemoveStep(name) for name in editing.steps.tables if name in names]


def _remove(text: str, editing: Editing, index: Index) -> list[Operation]:
    match = _REMOVE.match(text.strip(" .,!"))
    if not match:
        return []
    what = editing.masked.unmask(next(part for part in match.groups() if part))
    several = _several(what, editing)
    if several:
        return several
    meant = editing.steps.find(what)
    if meant is None or meant.score < MEANT:
        return []
    full = index.rank(plain(text))
    named_step = re.search(r"\b(?:step|thing|part|task|stage|bit)\b", text, re.IGNORECASE)
    if (
        not named_step
        and full
        and full[0].score > meant.score + _ADD_MARGIN
        and full[0].entry.slug != editing.steps.slug(meant.id)
    ):
        return []
    if len(editing.steps.tables) == 1:
        return []
    return [RemoveStep(meant.id)]


_REPLACE = re.compile(
    r"^(?:use|do|send (?:it |this )?(?:via|with|by|through|to|as)?|go with|take|run)\s*(?P<new>.+?)\s+(?:instead of|rather than|in place of)\s+(?P<old>.+)$"  # noqa: E501 - a pattern reads best in one piece
    r"|^(?:instead of|rather than|in place of)\s+(?P<old2>[^,]+?)\s*,?\s+(?:use|do|please|let's|we should|i want|i'd like|have|go with|take|make it)?\s*(?P<new2>.+)$"  # noqa: E501 - a pattern reads best in one piece
    r"|^(?:replace|swap|substitute|exchange)\s+(?:out\s+)?(?P<old3>.+?)\s+(?:with|by|for)\s+(?P<new3>.+)$"
    r"|^(?:switch|change|move)\s+(?:from\s+)?(?P<old4>.+?)\s+(?:to|into|over to)\s+(?P<new4>.+)$"
    r"|^(?P<new5>.+?)\s+(?:instead of|rather than|in place of)\s+(?P<old5>.+)$",
    re.IGNORECASE,
)
_NEW_SURE = 0.4


def _replace(text: str, editing: Editing, index: Index) -> list[Operation]:
    match = _REPLACE.match(text.strip(" .,!"))
    if not match:
        return []
    groups = match.groupdict()
    old = next(groups[key] for key in ("old", "old2", "old3", "old4", "old5") if groups[key])
    new = next(groups[key] for key in ("new", "new2", "new3", "new4", "new5") if groups[key])
    meant = editing.steps.find(editing.masked.unmask(old))
    if meant is None or meant.score < MEANT:
        return []
    matches = [
        each
        for each in index.rank(_in_full(plain(new), meant.id, plain(old), editing), plain(old))
        if each.entry.slug != editing.steps.slug(meant.id)
    ]
    if not matches or matches[0].score < _NEW_SURE:
        return []
    return _swap(meant.id, matches[0].entry, plain(new), editing)


def _in_full(new: str, name: str, old: str, editing: Editing) -> str:
    """Return `Teams` as `Teams post message`, where the old step's other words say what it does."""
    terms = query_terms(new)
    if len(terms) > _FEW_TERMS or any(term.word in vocabulary().verb_words for term in terms):
        return new
    gone = {term.stem for term in query_terms(old)}
    slug = re.sub(r"[^A-Za-z0-9]+", " ", editing.steps.slug(name) or "")
    return f"{new} {' '.join(t.word for t in query_terms(slug) if t.stem not in gone)}"


_FEW_TERMS = 2


def _swap(name: str, entry: CatalogEntry, text: str, editing: Editing) -> list[Operation]:
    """Return the operations that make a step use another entry, keeping inputs that still fit."""
    table = editing.steps.tables[name]
    changes: list[Operation] = [
        SetStepField(name, ("uses",), entry.reference),
        SetStepField(name, ("run",), None),
    ]
    old = table.get("inputs")
    old = old if isinstance(old, Mapping) else {}
    known = {slot.name for slot in slots(entry)}
    parameters = Parameters(dict(editing.form.get("parameters") or {}))
    upstream = [upstream_of(each, editing.steps) for each in ancestors(name, editing.steps)]
    literals = editing.masked.within(editing.masked.text)
    filled = fill_inputs(entry, text, literals, upstream, parameters)
    inputs = {key: value for key, value in old.items() if key in known}
    inputs = {**filled, **inputs} if known else {}
    if inputs != dict(old):
        changes.append(SetStepField(name, ("inputs",), inputs or None))
    return [*changes, *_new_parameters(parameters, editing.form)]


def _new_parameters(parameters: Parameters, form: Mapping[str, Any]) -> list[Operation]:
    present = form.get("parameters") or {}
    return [
        SetField(("parameters", name), table)
        for name, table in parameters.declared.items()
        if name not in present
    ]


_GUARD = re.compile(
    r"^(?:(?:please\s+)?only\s+(?P<what>.+?)\s+(?:if|when|in case|as long as)\s+(?P<condition>.+)|(?P<what2>.+?)\s+only\s+(?:if|when|in case)\s+(?P<condition2>.+)|skip\s+(?P<what3>.+?)\s+(?P<unless>if|when|unless)\s+(?P<condition3>.+)|don't\s+(?P<what4>.+?)\s+(?P<unless2>if|when|unless)\s+(?P<condition4>.+))$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _guard(text: str, editing: Editing) -> list[Operation]:
    """Return the condition that a step gets: `only post if the summary is not empty`."""
    match = _GUARD.match(text.strip(" .,!"))
    if not match:
        return []
    groups = match.groupdict()
    what = next(groups[key] for key in ("what", "what2", "what3", "what4") if groups[key])
    words = next(
        groups[k] for k in ("condition", "condition2", "condition3", "condition4") if groups[k]
    )
    joiner = groups["unless"] or groups["unless2"]
    meant = editing.steps.find(editing.masked.unmask(what))
    if meant is None or meant.score < MEANT:
        return []
    negated = joiner is not None and joiner.lower() != "unless"
    expression = when_expression(
        words, ancestors(meant.id, editing.steps), editing.steps, negated=negated
    )
    return [SetStepField(meant.id, ("when",), expression)] if expression else []


def when_expression(
    words: str, candidates: Sequence[str], steps: BaseSteps, *, negated: bool
) -> str | None:
    """Return the CEL condition for words, about one of the candidate steps; None when unknown."""
    meaning = read_condition(words, negated=negated)
    meant = steps.find(words)
    ordered = sorted(candidates, key=lambda name: not (meant is not None and meant.id == name))
    for name in ordered:
        expression = result_expression(upstream_of(name, steps), meaning)
        if expression:
            return expression
    if ordered and meaning.kind in {"failed", "succeeded"}:
        wanted = "failed" if meaning.kind == "failed" else "completed"
        return f"steps.{ordered[0]}.state == '{wanted}'"
    return None


def upstream_of(name: str, steps: BaseSteps) -> Upstream:
    """Return a step of the base as later steps see it."""
    return Upstream(name, steps.entry(name))


def ancestors(name: str, steps: BaseSteps) -> list[str]:
    """Return the steps that a step needs, directly or not, the nearest first."""
    found: list[str] = []
    waiting = list(steps.tables.get(name, {}).get("needs", []))
    while waiting:
        each = waiting.pop(0)
        if each not in found and each in steps.tables:
            found.append(each)
            waiting += steps.tables[each].get("needs", [])
    return found


def _heal(refinement: Refinement, catalog: Catalog) -> None:
    """Rewire what refers to steps that are not there, or not before, any more."""
    steps = BaseSteps(refinement.form, catalog)
    for name, table in list(steps.tables.items()):
        reachable = set(ancestors(name, steps))
        broken = _broken_inputs(table, reachable)
        when = table.get("when")
        if isinstance(when, str) and not _names(when) <= reachable:
            refinement.apply([SetStepField(name, ("when",), None)])
        if not broken:
            continue
        entry = steps.entry(name)
        parameters = Parameters(dict(refinement.form.get("parameters") or {}))
        upstream = [upstream_of(each, steps) for each in ancestors(name, steps)]
        filled = fill_inputs(entry, "", [], upstream, parameters) if entry else {}
        changes: list[Operation] = [
            SetStepField(name, ("inputs", key), filled.get(key)) for key in broken
        ]
        used = {key: filled[key] for key in broken if key in filled}
        kept = [
            each
            for each in _new_parameters(parameters, refinement.form)
            if isinstance(each, SetField) and f"params.{each.path[1]} " in f"{used} "
        ]
        refinement.apply([*changes, *kept])


_REFERENCE = re.compile(r"\bsteps\.([a-z][a-z0-9_]*)\.")


def _names(text: str) -> set[str]:
    return set(_REFERENCE.findall(text))


def _broken_inputs(table: Mapping[str, Any], reachable: set[str]) -> list[str]:
    inputs = table.get("inputs")
    if not isinstance(inputs, Mapping):
        return []
    return [key for key, value in inputs.items() if not _names(str(value)) <= reachable]


_ANCHORED = re.compile(
    r"^(?P<rest>.+?)[\s,]+(?P<where>right before|just before|before|right after|just after|after|once|as soon as|in parallel (?:with|to)|parallel to|alongside(?: with)?|at the same time as|simultaneously with|while)\s+(?P<anchor>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ANCHOR_FIRST = re.compile(
    r"^(?P<where>before|after|once|as soon as|in parallel (?:with|to)|alongside|while)\s+(?P<anchor>[^,]+?)\s*,\s*(?P<rest>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\bbetween\s+(?P<first>.+?)\s+and\s+(?P<second>.+)$", re.IGNORECASE)
_AT_START = re.compile(
    r"\b(?:at the (?:very )?(?:start|beginning|top)|as (?:a|the) first step|first of all|to begin with|at first|up front|beforehand)\b|^(?:first|initially)\b|\bfirst$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_AT_END = re.compile(
    r"\b(?:at the (?:very )?end|in the end|finally|lastly|as (?:a|the) last step|afterwards|when (?:everything|all)[\w ' ]* (?:done|finished|over)|last)\b|^then\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ADD_WORDS = re.compile(
    r"^(?:(?:also|and|then|finally|additionally|too|next|lastly)\s+)*(?:add|insert|include|append|put in|introduce|throw in|squeeze in)\s+(?:(?:an?|another|one more|the)\s+)?(?:(?:new|extra|additional|final|first)\s+)*(?:(?:step|task|stage)\s+)?(?:(?:that|which|to|for|called|named|where (?:we|you|it))\s+)?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _add(text: str, refinement: Refinement, masked: Masked, catalog: Catalog, index: Index) -> None:
    """Add the steps that a text asks for."""
    text = text.strip(" .,!?")
    steps = BaseSteps(refinement.form, catalog)
    polished = _polished(text)
    body, where, anchors = _anchor(polished, steps, masked)
    body = _ADD_WORDS.sub("", body) or body
    body = re.sub(r"[\s,]+(?:too|as well)$", "", body, flags=re.IGNORECASE)
    actions: list[Action] = []
    for clause in split_clauses(body):
        found = choose(replace(clause, directive=True), actions, masked, index)
        actions += found
        if found or clause.event:
            continue
        unclear = is_vague(plain(clause.text)) or not is_order(clause.text)
        (refinement.unclear if unclear else refinement.unknown).append(masked.unmask(clause.text))
    if refinement.unknown or not actions:
        return
    if where is None:
        where, anchors = _default_place(text, actions[0].clause, steps, masked)
    _insert(actions, where, anchors, refinement, masked, catalog)


def _anchor(text: str, steps: BaseSteps, masked: Masked) -> tuple[str, str | None, list[str]]:
    """Return a text without the words that say where, where that is, and the steps named."""
    between = _BETWEEN.search(text)
    if between:
        first, second = (steps.find(masked.unmask(between[key])) for key in ("first", "second"))
        if first and second and first.id != second.id and min(first.score, second.score) >= MEANT:
            return text[: between.start()].strip(" ,"), "before", [second.id]
    match = _ANCHOR_FIRST.match(text) or _ANCHORED.match(text)
    if match and read_condition(match["anchor"]).kind != "failed":
        words = masked.unmask(match["anchor"])
        middle = re.split(r"\s+(?:and|but)\s+(?:right |just )?before\s+", words, maxsplit=1)
        meant = steps.find(middle[-1] if len(middle) > 1 else words)
        if meant is not None and meant.score >= MEANT:
            where = match["where"].lower().removeprefix("right ").removeprefix("just ")
            if len(middle) > 1:
                return match["rest"], "before", [meant.id]
            kind = (
                "before"
                if where == "before"
                else "after"
                if where.startswith(("after", "once", "as soon"))
                else "beside"
            )
            return match["rest"], kind, [meant.id]
        if re.match(r"(?:that|this|it|everything|all)\b", words, re.IGNORECASE):
            last = steps.last()
            if match["where"].lower().endswith("before") and last:
                return match["rest"], "before", [last]
            return match["rest"], "end", []
    if _AT_START.search(text):
        return _AT_START.sub("", text).strip(" ,"), "start", []
    if re.match(r"^before (?:that|this)\b", text, re.IGNORECASE):
        return (
            re.sub(r"^before (?:that|this)\s*,?\s*", "", text, flags=re.IGNORECASE),
            "before",
            steps.sinks()[-1:],
        )
    return text, None, []


def _default_place(
    text: str, clause: Clause, steps: BaseSteps, masked: Masked
) -> tuple[str, list[str]]:
    """Return where a step goes when nothing says it: at the end, or after what it works on."""
    if clause.condition is not None:
        meaning = read_condition(clause.condition, negated=clause.negated)
        general = re.search(
            r"\b(?:anything|something|any (?:step|of|part)|it|that|this|the (?:workflow|flow|run|job|pipeline))\b",  # noqa: E501 - a pattern reads best in one piece
            clause.condition,
            re.IGNORECASE,
        )
        meant = None if general else steps.find(masked.unmask(clause.condition))
        if meant is not None and meant.score >= MEANT:
            return "branch", [meant.id]
        if meaning.kind == "failed" and general:
            return "any-failure", list(steps.tables)
    last = steps.last()
    if _AT_END.search(text) or last is None:
        return "end", []
    working_on = steps.find(_things(masked.unmask(clause.text)))
    if (
        working_on
        and working_on.score >= _ON_SURE
        and working_on.id != last
        and re.search(r"\balso\b|\btoo\b|\bas well\b", text, re.IGNORECASE)
    ):
        return "branch", [working_on.id]
    return "end", []


_ON_SURE = 0.45


def _things(text: str) -> str:
    """Return the object of a clause: what stands between its verb and its first preposition."""
    match = re.match(r"\s*\w+\s+(.*?)(?:\s+(?:to|into|in|on|via|at|with|by|for|as)\b.*)?$", text)
    return match[1] if match and match[1] else text


def _insert(  # noqa: PLR0917 - each is a different thing
    actions: Sequence[Action],
    where: str,
    anchors: Sequence[str],
    refinement: Refinement,
    masked: Masked,
    catalog: Catalog,
) -> None:
    previous: list[str] = []
    for position, action in enumerate(actions):
        steps = BaseSteps(refinement.form, catalog)
        beside = position > 0 and action.clause.link is Link.BESIDE
        opens = position == 0 or beside
        needs = _needs_at(where, anchors, steps) if opens else previous
        name = _insert_one(action, needs, where, refinement, masked, catalog)
        steps = BaseSteps(refinement.form, catalog)
        if where in {"before", "start", "after", "beside"} and (position == 0 or beside):
            refinement.apply(_place(name, where, anchors, steps))
        elif where in {"before", "start", "after"} and previous:
            refinement.apply(_chain(name, previous[0], steps))
        _heal(refinement, catalog)
        previous = [name]


def _needs_at(where: str, anchors: Sequence[str], steps: BaseSteps) -> list[str]:
    if where in {"branch", "any-failure", "after"}:
        return list(anchors)
    if where == "end":
        last = steps.last()
        main = [
            name
            for name in steps.sinks()
            if "'failed'" not in str(steps.tables[name].get("when", ""))
        ]
        return main or ([last] if last else [])
    if where in {"before", "beside"} and anchors:
        return list(steps.tables[anchors[0]].get("needs", []))
    return []


def _place(name: str, where: str, anchors: Sequence[str], steps: BaseSteps) -> list[Operation]:
    """Return the operations that make other steps wait for a new one."""
    if where == "start":
        roots = [
            each for each, table in steps.tables.items() if not table.get("needs") and each != name
        ]
        return [SetStepField(each, ("needs",), [name]) for each in roots]
    if not anchors:
        return []
    return move(name, where, anchors[0], steps)


def _chain(name: str, previous: str, steps: BaseSteps) -> list[Operation]:
    """Return the operations that make those who waited for ``previous`` wait for ``name``."""
    return [
        SetStepField(
            each,
            ("needs",),
            [name if need == previous else need for need in steps.tables[each].get("needs", [])],
        )
        for each in steps.dependents(previous)
        if each != name
    ]


def _insert_one(  # noqa: PLR0917 - each is a different thing
    action: Action,
    needs: Sequence[str],
    where: str,
    refinement: Refinement,
    masked: Masked,
    catalog: Catalog,
) -> str:
    steps = BaseSteps(refinement.form, catalog)
    label = action.entry.slug if action.entry else (action.command or "command")[:30]
    name = identifier(label, steps.tables)
    table: dict[str, Any] = (
        {"uses": action.entry.reference} if action.entry else {"run": action.command}
    )
    if needs:
        table["needs"] = list(needs)
    condition = _condition(action, needs, where, steps)
    if condition:
        table["when"] = condition
    elif action.clause.condition is not None:
        said = masked.unmask(action.clause.condition)
        refinement.unsaid.append(
            f"When shall `{name}` run? No output of an earlier step says whether {said!r}; "
            "as drafted it always runs."
        )
    parameters = Parameters(dict(refinement.form.get("parameters") or {}))
    if action.entry is not None:
        reachable = list(
            dict.fromkeys([*reversed(needs), *(a for n in needs for a in ancestors(n, steps))])
        )
        upstream = [upstream_of(each, steps) for each in reachable]
        inputs = fill_inputs(
            action.entry, masked.unmask(action.clause.text), action.literals, upstream, parameters
        )
        message_for(action, inputs, masked)
        if inputs:
            table["inputs"] = inputs
    after = next((each for each in reversed(steps.tables) if each in needs), None)
    used = [
        each
        for each in _new_parameters(parameters, refinement.form)
        if isinstance(each, SetField) and f"params.{each.path[1]}" in str(table)
    ]
    refinement.apply([*used, AddStep(name, table, after)])
    return name


def _condition(action: Action, needs: Sequence[str], where: str, steps: BaseSteps) -> str | None:
    clause = action.clause
    if clause.condition is None:
        return None
    if where == "any-failure":
        return " || ".join(f"steps.{name}.state == 'failed'" for name in needs)
    reachable = [*needs, *(each for need in needs for each in ancestors(need, steps))]
    return when_expression(clause.condition, reachable, steps, negated=clause.negated)
