"""Requests that change a value: a default, an input, a number, an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prefect_luthier.ai_builder.offline.edits import MEANT, Editing
from prefect_luthier.ai_builder.offline.literals import mask
from prefect_luthier.ai_builder.offline.naming import identifier
from prefect_luthier.ai_builder.offline.slots import role_of, slots
from prefect_luthier.ai_builder.operations import Operation, SetField, SetStepField

_DEFAULT = re.compile(
    r"(?:the\s+)?(?:default(?:\s+value)?\s+(?:of|for)\s+(?:the\s+)?(?:parameter\s+)?(?P<a>[\w -]+?)\s+(?:should be|shall be|must be|is|to|=)\s*"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:set|change|make|update|put|switch|use)\s+(?:the\s+)?(?:default\s+(?:of|for)\s+)?(?:the\s+)?(?:parameter\s+)?(?P<b>[\w -]+?)(?:'s)?(?:\s+(?:parameter|default|value|input))*\s+(?:to|from \S+ to|=|be)\s+"  # noqa: E501 - a pattern reads best in one piece
    r"|(?:the\s+)?(?P<c>[\w -]+?)\s+(?:should|must|has to|needs to)\s+(?:now\s+)?(?:default to|be)\s+(?:called\s+|named\s+)?"  # noqa: E501 - a pattern reads best in one piece
    r"|default\s+(?P<d>[\w -]+?)\s+to\s+"
    r"|^wrong\s+(?P<e>[\w -]+?)\s*[,;:.-]+\s*(?:it|that)?\s*(?:has to be|should be|must be|needs to be|is|use|make it)\s+)"  # noqa: E501 - a pattern reads best in one piece
    r"(?P<value>.+?)(?:\s+(?:instead|now|by default|as default))?$",
    re.IGNORECASE,
)


def edit_value(text: str, editing: Editing) -> list[Operation]:
    """Return a new default of a parameter, or a new value of an input."""
    match = _DEFAULT.search(text.strip(" .,!"))
    if not match:
        return []
    name = next(part for part in (match[key] for key in "abcde") if part)
    raw = editing.masked.unmask(match["value"]).strip().strip("\"'`")
    wanted = identifier(re.sub(r"\b(?:default|parameter|value|the)\b", " ", name.lower()))
    found = _new_default(wanted, raw, editing)
    if found:
        return found
    for step, key, value in _inputs(editing):
        if _same_name(wanted, key) or _same_name(wanted, f"{step}_{key}"):
            return [SetStepField(step, ("inputs", key), _like(raw, value))]
    role = role_of(wanted)
    same = [(step, key) for step, key, _ in _inputs(editing) if role_of(key) == role]
    if role != "other" and len(same) == 1 and _is_value(raw):
        return [SetStepField(same[0][0], ("inputs", same[0][1]), raw)]
    return []


def _new_default(wanted: str, raw: str, editing: Editing) -> list[Operation]:
    parameters = editing.form.get("parameters")
    for parameter, table in parameters.items() if isinstance(parameters, Mapping) else ():
        if not _same_name(wanted, parameter) or not isinstance(table, Mapping):
            continue
        changes: list[Operation] = [
            SetField(("parameters", parameter, "default"), _typed(raw, table.get("type")))
        ]
        if table.get("required"):
            changes.append(SetField(("parameters", parameter, "required"), None))
        return changes
    return []


def _inputs(editing: Editing) -> Iterator[tuple[str, str, Any]]:
    """Yield step, name and value of every input of the base."""
    for step, table in editing.steps.tables.items():
        inputs = table.get("inputs")
        for key, value in inputs.items() if isinstance(inputs, Mapping) else ():
            yield step, str(key), value


def _is_value(raw: str) -> bool:
    """Return whether a text is a literal, rather than words that describe a step."""
    return bool(mask(raw).literals) or bool(re.fullmatch(r"\S+", raw))


# Shorter names are the end of many words.
_TELLING_NAME = 4


def _same_name(wanted: str, name: str) -> bool:
    flat, other = wanted.replace("_", ""), name.lower().replace("_", "").replace("-", "")
    return flat in {other, f"{other}s", other.rstrip("s")} or (
        len(other) >= _TELLING_NAME and flat.endswith(other)
    )


def _typed(raw: str, kind: Any) -> Any:
    if kind in {"integer", "number"} and re.fullmatch(r"-?\d+(?:\.\d+)?", raw):
        return float(raw) if "." in raw else int(raw)
    if kind == "boolean":
        return raw.lower() in {"true", "yes", "on", "1"}
    return raw


def _like(raw: str, value: Any) -> Any:
    if isinstance(value, bool):
        return _typed(raw, "boolean")
    return _typed(raw, "number") if isinstance(value, int | float) else raw


_CHANGING = re.compile(
    r"\b(?:change|set|use|switch|instead|should|must|has to|make|replace|update|point|different|other|wrong|rather|not)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_ADDING = re.compile(r"\b(?:also|add|too|as well|additionally|then|after|before)\b", re.IGNORECASE)
_KINDS = {"url", "email", "path", "identifier"}


def edit_literal(text: str, editing: Editing) -> list[Operation]:
    """Return the new address, file or channel, where the base has exactly one of that kind."""
    if not _CHANGING.search(text) or _ADDING.search(text):
        return []
    given = [each for each in editing.masked.within(text) if each.kind in _KINDS]
    present = [
        (step, key, value)
        for step, key, value in _inputs(editing)
        if isinstance(value, str) and any(_kind(value) == each.kind for each in given)
    ]
    old = {value for _, _, value in present}
    new = [each for each in given if each.text not in old]
    same = [each for each in present if new and _kind(each[2]) == new[0].kind]
    named = [each for each in same if any(each[2] == literal.text for literal in given)]
    chosen = named or same
    if len(new) != 1 or len(chosen) != 1:
        return []
    return [SetStepField(chosen[0][0], ("inputs", chosen[0][1]), new[0].text)]


def _kind(value: str) -> str | None:
    """Return the kind of literal that a whole value is."""
    masked = mask(value)
    return (
        masked.literals[0].kind
        if len(masked.literals) == 1 and len(masked.text.strip()) == 1
        else None
    )


_CONTRASTED = re.compile(
    r"(?P<new>[\w.@#/:+-]+)(?:\s*,)?\s+(?:instead of|rather than|in place of|and not|but not|not)\s+(?:in\s+|to\s+|on\s+|at\s+|the\s+|for\s+)*(?P<old>[\w.@#/:+-]+)$"  # noqa: E501 - a pattern reads best in one piece
    r"|\b(?:from|replace|swap|instead of)\s+(?P<old2>[\w.@#/:+-]+)\s*,?\s+(?:to|with|by|for|use|take)\s+(?P<new2>[\w.@#/:+-]+)$",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_contrast(text: str, editing: Editing) -> list[Operation]:
    """Return the base with one value for another: `watch db-02 instead of db-01`."""
    match = _CONTRASTED.search(editing.masked.unmask(text).strip(" .,!"))
    if not match:
        return []
    old, new = match["old"] or match["old2"], match["new"] or match["new2"]
    whole = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])", re.IGNORECASE)
    given = [(step, key, value) for step, key, value in _inputs(editing) if isinstance(value, str)]
    if not any(whole.fullmatch(value) for _, _, value in given):
        return []
    return [
        SetStepField(step, ("inputs", key), whole.sub(lambda _: new, value))
        for step, key, value in given
        if "${{" not in value and whole.search(value)
    ]


_WITH_WORD = (
    r"\b(?:with|at|in|use|using|to|of)\s+(?:an?\s+|the\s+)?(?P<value>[a-z][\w-]*)\s+{key}\b"
)


def edit_named_value(text: str, editing: Editing) -> list[Operation]:
    """Return the input that a text names after its value: `with high priority`."""
    meant = editing.steps.find(editing.masked.unmask(text))
    steps = [meant.id] if meant is not None and meant.score >= MEANT else []
    for step in steps:
        entry = editing.steps.entry(step)
        inputs = editing.steps.tables[step].get("inputs")
        keys = (
            [
                *(inputs if isinstance(inputs, Mapping) else ()),
                *(s.name for s in slots(entry) if entry),
            ]
            if entry
            else list(inputs or ())
        )
        for key in dict.fromkeys(map(str, keys)):
            if len(key) < _TELLING_NAME:
                continue
            match = re.search(
                _WITH_WORD.format(key=re.escape(key.replace("_", " "))), text, re.IGNORECASE
            )
            if match and match["value"].lower() not in {
                "the",
                "this",
                "that",
                "same",
                "new",
                "other",
            }:
                return [SetStepField(step, ("inputs", key), match["value"].lower())]
    return []


_NUMBER = re.compile(r"(?<![\w.:/#-])\d+(?:\.\d+)?(?![\w:/-]|\.\d)")
_CONTRAST = re.compile(
    r"\b(?:better than|instead of|rather than|not|too (?:often|rare|rarely|high|low|long|short|many|few|much|little)|from|isn't enough|is not enough|up to|make it|let's say)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


def edit_number(text: str, editing: Editing) -> list[Operation]:
    """Return the base with a number replaced: `90 minutes, not 60`, `5 is too often, make it 10`."""  # noqa: E501 - a pattern reads best in one piece
    numbers = list(dict.fromkeys(_NUMBER.findall(text)))
    if len(numbers) == 2 and _CONTRAST.search(text):  # noqa: PLR2004 - the old one and the new one
        for old, new in (numbers, reversed(numbers)):
            found = _replaced(old, new, editing)
            if len(found) == 1:
                return found
    if len(numbers) == 1 and _BOUND.search(text):
        return _new_bound(text, numbers[0], editing)
    return []


def _replaced(old: str, new: str, editing: Editing) -> list[Operation]:
    """Return the places of the base that say the old number, with the new one."""
    found: list[Operation] = []
    for step, key, value in _inputs(editing):
        if isinstance(value, int | float) and not isinstance(value, bool) and value == float(old):
            found.append(SetStepField(step, ("inputs", key), _typed(new, "number")))
        elif isinstance(value, str) and "${{" not in value and len(_numbers(value, old)) == 1:
            found.append(SetStepField(step, ("inputs", key), _swap(value, old, new)))
    for step, table in editing.steps.tables.items():
        for key in ("when", "timeout"):
            value = table.get(key)
            if isinstance(value, str) and len(_numbers(value, old)) == 1:
                found.append(SetStepField(step, (key,), _swap(value, old, new)))
    parameters = editing.form.get("parameters")
    for name, table in parameters.items() if isinstance(parameters, Mapping) else ():
        default = table.get("default") if isinstance(table, Mapping) else None
        if (
            isinstance(default, int | float)
            and not isinstance(default, bool)
            and default == float(old)
        ):
            found.append(SetField(("parameters", name, "default"), _typed(new, "number")))
        elif isinstance(default, str) and len(_numbers(default, old)) == 1:
            found.append(SetField(("parameters", name, "default"), _swap(default, old, new)))
    return [*found, *_new_interval(old, new, editing)]


def _new_interval(old: str, new: str, editing: Editing) -> list[Operation]:
    triggers = editing.form.get("triggers")
    if not isinstance(triggers, list):
        return []
    changed = [
        {**trigger, "cron": str(trigger.get("cron", "")).replace(f"*/{old} ", f"*/{new} ")}
        for trigger in triggers
        if isinstance(trigger, Mapping)
    ]
    return [SetField(("triggers",), changed)] if changed != triggers else []


def _numbers(text: str, number: str) -> list[str]:
    return re.findall(rf"(?<![\w.]){re.escape(number)}(?![\d.]\d*)", text)


def _swap(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?![\d.]\d*)", new, text)


_BOUND = re.compile(
    r"\b(?:above|below|over|under|at least|at most|more than|less than|fewer than|exceeds?|threshold|limit|bar|cut-?off|minimum|maximum|only)\b",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_IN_WHEN = re.compile(r"(?<=[<>=] )-?\d+(?:\.\d+)?")


def _new_bound(text: str, number: str, editing: Editing) -> list[Operation]:
    """Return the new number of a condition, where it is clear which condition is meant."""
    guarded = {
        name: str(table["when"])
        for name, table in editing.steps.tables.items()
        if len(_IN_WHEN.findall(str(table.get("when", "")))) == 1
    }
    meant = editing.steps.find(editing.masked.unmask(text))
    if meant is not None and meant.id in guarded and meant.score >= MEANT:
        guarded = {meant.id: guarded[meant.id]}
    if len(guarded) != 1:
        return []
    ((name, when),) = guarded.items()
    old = _IN_WHEN.findall(when)[0]
    written = f"{number}.0" if "." in old and "." not in number else number
    return [SetStepField(name, ("when",), _IN_WHEN.sub(written, when))]
