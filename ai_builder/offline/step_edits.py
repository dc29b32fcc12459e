"""Requests that remove a step, swap what it uses, or guard it with a condition."""

from __future__ import annotations

import re
from collections.abc import Mapping

from prefect_luthier.ai_builder.offline.base_dataflow import (
    ancestors,
    new_parameters,
    upstream_of,
    when_expression,
)
from prefect_luthier.ai_builder.offline.clause_words import plain
from prefect_luthier.ai_builder.offline.dataflow import Parameters, fill_inputs
from prefect_luthier.ai_builder.offline.edits import MEANT, Editing
from prefect_luthier.ai_builder.offline.retrieval import Index, query_terms
from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.ai_builder.offline.words import vocabulary
from prefect_luthier.ai_builder.operations import Operation, RemoveStep, SetStepField
from prefect_luthier.catalog import CatalogEntry

_REMOVE = re.compile(
    r"^(?:and\s+|also\s+|then\s+|just\s+)*(?:(?:remove|drop|delete|skip|omit|leave out|take out|cut|undo|get rid of|throw out|kill|eliminate|forget(?: about)?|scrap|strip|ditch|lose|revert|disable|exclude|stop)\b|(?:there is |there's )?no (?:more |longer )?(?:need (?:for|to)\s+)?|(?:i |we )?(?:don't|do not|no longer) (?:need|want|require)(?: to)?\b|without\b)\s*(?P<what>.+?)(?:\s+(?:any ?more|any longer|again|altogether|entirely|completely|please|(?:step|thing|part|task|bit|stage)s?))*$|^(?P<what2>.+?)\s+(?:is|are) (?:not|no longer) (?:needed|necessary|required|wanted)(?: any ?more)?$|^(?:take|leave|cut)\s+(?P<what3>.+?)\s+out$|^(?:we|i|they|it|you)\s+(?:should\s+|shall\s+|must\s+|want to\s+)?no longer\s+(?P<what4>.+?)(?:\s+(?:automatically|any ?more))*(?:\s*,\s*(?:so\s+|please\s+|and\s+)*(?:take|leave|cut|drop|remove|delete|skip)\s+(?:that|it|this|them)(?:\s+out)?)?$|^(?:nobody|no one)\s+(?:\w+\s+){1,2}?(?P<what5>(?:the|our|those|these|that|this)\s+[^,]+?)\s*(?:any ?more\s*)?,\s*(?:so\s+|please\s+|and\s+)*(?:take|leave|cut|drop|remove|delete|skip)\s+(?:that|it|this|them)(?:\s+out)?$",  # noqa: E501 - a pattern reads best in one piece
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


def edit_removal(text: str, editing: Editing, index: Index) -> list[Operation]:
    """Return the removal of the steps that a text wants gone."""
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


def edit_replacement(text: str, editing: Editing, index: Index) -> list[Operation]:
    """Return the swap of what a step uses: `use Teams instead of Slack`."""
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
    return [*changes, *new_parameters(parameters, editing.form)]


_GUARD = re.compile(
    r"^(?:(?:please\s+)?only\s+(?P<what>.+?)\s+(?:if|when|in case|as long as)\s+(?P<condition>.+)|(?P<what2>.+?)\s+only\s+(?:if|when|in case)\s+(?P<condition2>.+)|skip\s+(?P<what3>.+?)\s+(?P<unless>if|when|unless)\s+(?P<condition3>.+)|don't\s+(?P<what4>.+?)\s+(?P<unless2>if|when|unless)\s+(?P<condition4>.+))$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_guard(text: str, editing: Editing) -> list[Operation]:
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
