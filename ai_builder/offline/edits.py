"""Requests that change a field: schedule, names, defaults, retries, conditions, order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.naming import identifier
from prefect_luthier.ai_builder.offline.quantities import Care, take_care
from prefect_luthier.ai_builder.offline.schedules import Schedule, find_schedule
from prefect_luthier.ai_builder.offline.times import CLOCK, clock
from prefect_luthier.ai_builder.operations import (
    Operation,
    RenameStep,
    SetField,
    SetStepField,
)

# How surely a phrase must mean a step before it is changed.
MEANT = 0.34


@dataclass(frozen=True)
class Editing:
    """What the readers of edits look at.

    Args:
        form: The base's JSON form, as changed so far.
        steps: Its steps.
        masked: The whole request, for its literals.
    """

    form: Mapping[str, Any]
    steps: BaseSteps
    masked: Masked


_NO_SCHEDULE = re.compile(
    r"\b(?:(?:drop|remove|delete|undo|turn off|disable|cancel|clear|stop|get rid of|take out|unset|no(?: more)?|without(?: a| the| any)?|kill|skip)\b[\w ]{0,20}\b(?:schedule|trigger|triggers|timer|cron|recurrence|automatic (?:runs?|start))|turn (?:the |its )?(?:schedule|trigger|timer) off|(?:schedule|trigger) (?:is|should be) (?:removed|dropped|turned off)|don't (?:run|start) (?:it )?automatically|only (?:run|start) (?:it )?(?:manually|by hand|on demand))\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ABOUT_SCHEDULE = re.compile(
    r"^(?:(?:please|also|now|actually|and|but|just|instead|ok|can you|could you|let's|i want it to|it should|the|its|a|to|so that|rather|let it|have it|make|run|runs|start|starts|execute|trigger|schedule|scheduled|change|set|switch|move|update|put|modify|adjust|reschedule|do|it|this|that|them|everything|workflow|flow|job|pipeline|whole thing|report|digest|trigger|cron|timing|frequency|from now on|be|is|happen|happens|go|on|at|for|be run|as|well|too|get|repeat|repeated|work|works|send|generate|deliver)\W*)*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def wished_schedule(text: str) -> Schedule:
    """Return when a change says that the workflow shall start."""
    return find_schedule(_plain_schedule(text))


def edit_schedule(text: str, editing: Editing) -> tuple[list[Operation], str]:
    """Return operations on the triggers, and the request without the words for them."""
    if _NO_SCHEDULE.search(text):
        rest = _NO_SCHEDULE.sub(" ", text)
        return [SetField(("triggers",), None)], "" if _ABOUT_SCHEDULE.match(
            rest.strip(" .,!")
        ) else rest
    schedule = wished_schedule(text)
    if schedule.unsayable and not schedule.crons:
        rest = schedule.rest.strip(" .,!")
        return [], "" if _ABOUT_SCHEDULE.match(rest) else rest
    if not schedule.crons:
        return _edit_clock(text, editing)
    zone = schedule.timezone
    triggers = editing.form.get("triggers")
    first = triggers[0] if isinstance(triggers, list) and triggers else {}
    if not schedule.zone_given and isinstance(first, Mapping) and "timezone" in first:
        zone = str(first["timezone"])
    crons = [_keep_time(cron, text, first) for cron in schedule.crons]
    operations: list[Operation] = [
        SetField(("triggers",), [{"cron": cron, "timezone": zone} for cron in crons])
    ]
    rest = schedule.rest.strip(" .,!")
    return operations, "" if _ABOUT_SCHEDULE.match(rest) else rest


_NEW_CLOCK = re.compile(
    rf"^(?:(?:please|now|and|but|can you|could you|rather)\s+)*(?:(?:run|start|do|make|schedule|execute|launch|move|shift|change|let|have|set|trigger|put)\s+(?:it|this|that|them|the (?:workflow|flow|job|run|whole thing|schedule|time|trigger))(?:\s+(?:run|start|go|happen))?\s+)?(?:(?:from\s+{CLOCK}\s+)?(?:at|to|for)\s+|(?<=it )|(?<=that ))(?P<clock>{CLOCK})(?P<part>\s+(?:in the|at)\s+(?:morning|afternoon|evening|night))?(?:\s+(?:instead(?: of (?:at )?{CLOCK})?|rather|please|from now on|not (?:at )?{CLOCK}|sharp|each time))*$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def _edit_clock(text: str, editing: Editing) -> tuple[list[Operation], str]:
    """Return the old days with a new time: `run it at 8:30 instead`."""
    match = _NEW_CLOCK.match(text.strip(" .,!"))
    triggers = editing.form.get("triggers")
    if not match or not isinstance(triggers, list) or len(triggers) != 1:
        return [], text
    part = (match["part"] or "").rsplit(" ", 1)[-1].lower()
    new = clock(match["clock"], part=part or None)
    fields = str(triggers[0].get("cron", "")).split()
    if new is None or len(fields) != 5 or not fields[0].isdigit() or not fields[1].isdigit():  # noqa: PLR2004 - cron has five fields
        return [], text
    cron = " ".join([str(new.minute), str(new.hour), *fields[2:]])
    return [SetField(("triggers",), [{**triggers[0], "cron": cron}])], ""


_BESIDE_THE_POINT = re.compile(
    r"\b(?:instead of (?:on |every |at )?[\w: ]{1,20}?(?=,|$| and\b)|instead|from now on|rather|better|by itself|automatically)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_WEEKLY = re.compile(r"\b(?:weekly|every week|once a week)\b\s*,?\s*", re.IGNORECASE)
_DAY_NAMED = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b", re.IGNORECASE)


def _plain_schedule(text: str) -> str:
    """Return a wish for another time in the words of a first one."""
    text = _BESIDE_THE_POINT.sub(" ", text)
    return _WEEKLY.sub(" ", text) if _DAY_NAMED.search(text) else text


_TIME_SAID = re.compile(
    r"\d|noon|midnight|night|morning|evening|afternoon|hour|minute", re.IGNORECASE
)


def _keep_time(cron: str, text: str, first: Any) -> str:
    """Return the new days with the old time, where the request names no time."""
    old = str(first.get("cron", "")).split() if isinstance(first, Mapping) else []
    fields = cron.split()
    if (
        len(old) == len(fields)
        and re.search(r"\bonly\b", text, re.IGNORECASE)
        and not re.search(r"\d", text)
        and fields[4] != "*"
    ):
        return " ".join([*old[:2], *fields[2:]])
    if _TIME_SAID.search(text) or len(old) != 5 or not (old[0].isdigit() and old[1].isdigit()):  # noqa: PLR2004 - cron has five fields
        return cron
    return " ".join([*old[:2], *cron.split()[2:]])


_RENAME = re.compile(
    r"^(?:please\s+)?(?:rename|retitle)\s+(?:the\s+)?(?:step\s+)?(?P<old>.+?)(?:\s+step)?\s+(?:to|into|as)\s+(?:step\s+)?(?P<new>[\w\ue000-\uf8ff -]+?)$|^(?:please\s+)?(?:call|name)\s+(?:the\s+)?(?:step\s+)?(?P<old2>.+?)(?:\s+step)?\s+(?P<new2>[\w\ue000-\uf8ff-]+)(?:\s+instead)?$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_name(text: str, editing: Editing) -> list[Operation]:
    """Return the renaming of a step, or of the workflow."""
    match = _RENAME.match(text.strip(" .,!"))
    if not match:
        return []
    unmask = editing.masked.unmask
    old, new = unmask(match["old"] or match["old2"]), unmask(match["new"] or match["new2"])
    if re.fullmatch(
        r"(?:the |this )?(?:workflow|flow|pipeline|job|it|whole thing)", old.strip(), re.IGNORECASE
    ):
        return [SetField(("name",), new.strip())]
    meant = editing.steps.find(old)
    if meant is None or meant.score < MEANT:
        return []
    taken = set(editing.steps.tables) - {meant.id}
    return [RenameStep(meant.id, identifier(new, taken))]


_AGAIN = re.compile(
    r"^(?:please\s+)?(?:retry|repeat)\s+(?P<what>.+?)\s+(?:up to\s+)?(?P<count>\d+|once|twice|three|four|five|ten)(?:\s+times)?(?P<rest>.*)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_PATIENCE = re.compile(
    r"^(?:please\s+)?(?:give up on|abort|cancel|kill|stop|time out|let)\s+(?P<what>.+?)\s+(?:time out\s+)?(?:if it (?:takes|runs) (?:longer|more) than|after)\s+(?P<value>[\w .-]+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"^(?P<what2>.+?)\s+(?:runs?|takes?|(?:should|must|may|can|shall)(?: not|n't)? (?:run|take|last)|lasts?)\s+(?:for\s+)?(?:at most|no longer than|no more than|not (?:longer|more) than|longer than|more than|a maximum of|up to|max\.?)\s+(?P<value2>[\w .-]+)$|"  # noqa: E501 - a pattern reads best in one piece
    r"\b(?:timeout|time limit)\b.*?\b(?:of|for|on)\s+(?P<what>.+?)\s+(?:to|is|of|should be|at|=)\s+(?P<value>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_care(text: str, editing: Editing) -> list[Operation]:
    """Return retries and timeouts of a step; of the workflow when no step is meant."""
    care, rest = _care(text.strip(" .,!"))
    if not care:
        return []
    meant = editing.steps.find(editing.masked.unmask(rest)) if rest else None
    if meant is not None and meant.score >= MEANT:
        return _care_changes(meant.id, care)
    if care.timeout and care.retries is None and not re.search(r"\bstep\b", rest):
        return [SetField(("timeout",), care.timeout)]
    only = editing.steps.last() if len(editing.steps.tables) == 1 else None
    return _care_changes(only, care) if only else []


def _care(text: str) -> tuple[Care, str]:
    """Return what a text asks for, and the words that say for which step."""
    care, rest = take_care(text)
    again, limit = _AGAIN.match(text), _PATIENCE.match(text) or _LIMIT.search(text)
    if not care and again:
        care, rest = take_care(f"retry {again['count']} times {again['rest']}")
        rest = f"{again['what']} {rest}"
    elif again:
        rest = again["what"]
    elif not care and limit:
        found = {key: value for key, value in limit.groupdict().items() if value}
        value = found.get("value") or found["value2"]
        care, rest = take_care(f"timeout {value}")[0], found.get("what") or found["what2"]
    return care, rest


def _care_changes(name: str, care: Care) -> list[Operation]:
    changes: list[Operation] = []
    if care.retries is not None:
        changes.append(SetStepField(name, ("retries", "max"), care.retries))
    if care.delay:
        changes.append(SetStepField(name, ("retries", "delay"), care.delay))
    if care.timeout:
        changes.append(SetStepField(name, ("timeout",), care.timeout))
    return changes


_ORDER = re.compile(
    r"^(?:please\s+)?(?:(?:put|move|do|run|place|perform|execute|have|make)\s+)?(?:the\s+)?(?P<what>.+?)(?:\s+(?:should|must|has to|needs to|to|happen|run|come|go|be|done|executed))*\s+(?P<where>before|after|in parallel (?:with|to)|at the same time as|alongside|parallel to)\s+(?:the\s+)?(?P<anchor>.+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ORDER_SURE = 0.45
_ADDING = re.compile(
    r"^(?:(?:also|and|then|please)\s+)*(?:add|insert|include|append|introduce)\b", re.IGNORECASE
)


_FIRST_THEN = re.compile(
    r"^(?P<what>.+?)\s+first\s*[,;]?\s+(?:(?:and\s+)?(?:only\s+)?(?:then|after that|afterwards)\s+(?P<anchor>.+)|(?:and\s+)?(?P<anchor2>.+?)\s+(?:comes?|goes|happens|follows)\s*(?:after|afterwards|later|second|next).*)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_order(text: str, editing: Editing) -> list[Operation]:
    """Return the move of a step before, after or beside another."""
    stripped = text.strip(" .,!")
    unmask = editing.masked.unmask
    first = _FIRST_THEN.match(stripped)
    if first:
        what = editing.steps.find(unmask(first["what"]))
        anchor = editing.steps.find(unmask(first["anchor"] or first["anchor2"]))
        if what and anchor and what.id != anchor.id and min(what.score, anchor.score) >= MEANT:
            return move(what.id, "before", anchor.id, editing.steps)
    match = _ORDER.match(stripped)
    if not match or _ADDING.match(text):
        return []
    what, anchor = (
        editing.steps.find(unmask(match["what"])),
        editing.steps.find(unmask(match["anchor"])),
    )
    if what is None or anchor is None or what.id == anchor.id:
        return []
    if min(what.score, anchor.score) < _ORDER_SURE:
        return []
    return move(what.id, match["where"].split()[0].lower(), anchor.id, editing.steps)


def move(name: str, where: str, anchor: str, steps: BaseSteps) -> list[Operation]:
    """Return the operations that put a step before, after or beside another."""
    needs = {each: list(table.get("needs", [])) for each, table in steps.tables.items()}
    before = {each: list(value) for each, value in needs.items()}
    for each, own in before.items():
        if name in own:
            inherited = [need for need in before[name] if need not in own]
            needs[each] = [need for need in own if need != name] + inherited
    if where == "before":
        needs[name] = [need for need in needs[anchor] if need != name]
        needs[anchor] = [name]
    elif where == "after":
        for each in steps.dependents(anchor):
            if each != name:
                needs[each] = [name if need == anchor else need for need in needs[each]]
        needs[name] = [anchor]
    else:
        needs[name] = [need for need in needs[anchor] if need != name]
        for each in steps.dependents(anchor):
            if each != name and name not in needs[each]:
                needs[each].append(name)
    return [
        SetStepField(each, ("needs",), value)
        for each, value in needs.items()
        if value != before[each]
    ]
