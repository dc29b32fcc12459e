"""Fill the inputs of a step: from literals, from earlier outputs, from parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.ai_builder.offline.conditions import Meaning
from prefect_luthier.ai_builder.offline.file_roles import is_read, writes_file
from prefect_luthier.ai_builder.offline.literals import Literal
from prefect_luthier.ai_builder.offline.named_values import TOLD, named_value
from prefect_luthier.ai_builder.offline.naming import identifier
from prefect_luthier.ai_builder.offline.quantities import find_period
from prefect_luthier.ai_builder.offline.slots import Slot, outputs, role_of, slots
from prefect_luthier.ai_builder.offline.words import stem, words
from prefect_luthier.catalog import CatalogEntry

# The kinds of literal that a slot of a role takes, best first.
_TAKES: dict[str, tuple[str, ...]] = {
    "url": ("url",),
    "email": ("email",),
    "path": ("path",),
    "folder": ("path",),
    "repository": ("path", "url"),
    "channel": ("identifier",),
    "message": ("text",),
    "title": ("text",),
    "task": ("text",),
    "content": ("text",),
    "phone": ("phone",),
    "other": ("placeholder", "identifier", "text", "date"),
}
_PARAMETER_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean", "array": "json", "object": "json", "any": "json"}  # fmt: skip  # noqa: E501 - a pattern reads best in one piece
_TEXT_OUTPUTS = (
    "summary",
    "text",
    "content",
    "body",
    "result",
    "stdout",
    "output",
    "message",
    "report",
    "markdown",
    "data",
    "json",
)


@dataclass
class Parameters:
    """The workflow's parameters, as steps ask for them."""

    declared: dict[str, dict[str, Any]] = field(default_factory=dict)

    def declare(self, name: str, **attributes: Any) -> str:
        """Declare a parameter, or find the same one, and return the expression for it."""
        wanted = identifier(name, fallback="value")
        known = self.declared.get(wanted)
        if known is not None and known != attributes:
            wanted = identifier(wanted, self.declared, fallback="value")
        self.declared.setdefault(wanted, attributes)
        return f"${{{{ params.{wanted} }}}}"


@dataclass(frozen=True)
class Upstream:
    """An earlier step whose outputs may be used.

    Args:
        id: The step's id.
        entry: What it uses, None for a command.
    """

    id: str
    entry: CatalogEntry | None

    def output_types(self) -> dict[str, str]:
        """Return the names of its outputs with their JSON types."""
        if self.entry is None:
            return {"stdout": "string", "stderr": "string", "exit_code": "integer"}
        return {
            name: str(schema.get("type", "any")) for name, schema in outputs(self.entry).items()
        }


def fill_inputs(  # noqa: PLR0917 - each is a different thing
    entry: CatalogEntry,
    text: str,
    literals: Sequence[Literal],
    upstream: Sequence[Upstream],
    parameters: Parameters,
    item: str | None = None,
) -> dict[str, Any]:
    """Return the inputs of one step.

    Args:
        entry: What the step uses.
        text: The clause with its literals written out.
        literals: The values in the clause.
        upstream: Earlier steps, the nearest first.
        parameters: Declares what nothing else gives.
        item: What each item is, when the step is repeated over a list.
    """
    free = _writable(literals, text) if writes_file(entry) else list(literals)
    wanted = slots(entry)
    values: dict[str, Any] = _item_value(wanted, item) if item else {}
    for slot in wanted:
        literal = _take_literal(slot, free) if slot.name not in values else None
        if literal is not None:
            values[slot.name] = _literal_value(slot, literal, parameters)
    for slot in wanted:
        if slot.name in values:
            continue
        value = _other_value(slot, text, upstream, parameters)
        if value is not None:
            values[slot.name] = value
    return {slot.name: values[slot.name] for slot in wanted if slot.name in values}


def _writable(literals: Sequence[Literal], text: str) -> list[Literal]:
    """Return the values of a step that writes a file, without the files that are only read."""
    return [each for each in literals if each.kind != "path" or not is_read(text, each.text)]


def _item_value(wanted: Sequence[Slot], item: str) -> dict[str, Any]:
    """Bind the item of a loop to the input that is called like it, else to the first required."""
    named = {stem(word) for word in words(item)}
    ordered = sorted(
        (slot for slot in wanted if slot.type in {"string", "any", "object"}),
        key=lambda slot: (not named & {stem(w) for w in words(slot.name)}, not slot.required),
    )
    if not ordered or not (
        ordered[0].required or named & {stem(w) for w in words(ordered[0].name)}
    ):
        return {}
    return {ordered[0].name: "${{ item }}"}


def list_output(upstream: Sequence[Upstream], loop: str) -> str | None:
    """Return the CEL expression of the earlier list that a loop goes over.

    Args:
        upstream: Earlier steps, the nearest first.
        loop: The words after `for each`.
    """
    named = {stem(word) for word in words(loop)}
    lists = [
        (step.id, name)
        for step in upstream
        for name, kind in step.output_types().items()
        if kind == "array"
    ]
    same = [each for each in lists if named & {stem(word) for word in words(each[1])}]
    chosen = same or lists
    return f"steps.{chosen[0][0]}.outputs.{chosen[0][1]}" if chosen else None


_ARGUMENTS = frozenset({"args", "arguments"})
_JSON_TYPES: dict[str, type] = {"object": dict, "array": list}
# Inputs that hold data, rather than settings such as headers.
_JSON_NAMES = frozenset({"json", "body", "payload", "data", "args", "arguments", "kwargs", "values", "items", "rows", "records", "input", "content"})  # fmt: skip  # noqa: E501 - a list reads best in one piece


def _takes_json(slot: Slot, literal: Literal) -> bool:
    """Return whether JSON of the request is the data that an input asks for."""
    if literal.kind != "json" or not _JSON_NAMES & set(words(slot.name.replace("-", " "))):
        return False
    wanted = _JSON_TYPES.get(slot.type)
    return slot.type == "any" or (
        wanted is not None and isinstance(json.loads(literal.text), wanted)
    )


def _take_literal(slot: Slot, free: list[Literal]) -> Literal | None:
    data = next((literal for literal in free if _takes_json(slot, literal)), None)
    if data is not None:
        free.remove(data)
        return data
    for kind in _TAKES.get(slot.role, ()):
        for literal in free:
            if literal.kind != kind or (slot.role == "other" and not _fits(slot, literal)):
                continue
            if literal.kind != "placeholder" and not _is_allowed(slot, literal.text):
                continue
            free.remove(literal)
            return literal
    return None


def _fits(slot: Slot, literal: Literal) -> bool:
    """Return whether a placeholder is called like the slot, or the slot must have something."""
    if literal.kind == "placeholder":
        named = {stem(word) for word in words(literal.text)}
        return bool(named & {stem(word) for word in words(slot.name)})
    return slot.required and slot.type in {"string", "any"}


def _is_allowed(slot: Slot, text: str) -> bool:
    """Return whether the schema's pattern, where there is one that can be read, allows a text."""
    if slot.pattern is None:
        return True
    try:
        return re.search(slot.pattern, text) is not None
    except re.error:
        return True


def _literal_value(slot: Slot, literal: Literal, parameters: Parameters) -> Any:
    if literal.kind == "json":
        value = json.loads(literal.text)
        # `call f with [1, 2]` gives it one argument, the list.
        return [value] if slot.name in _ARGUMENTS and isinstance(value, list) else value
    if literal.kind == "placeholder":
        kind = _PARAMETER_TYPES.get(slot.type, "string")
        return parameters.declare(literal.text, type=kind, required=True)
    return [literal.text] if slot.type == "array" else literal.text


def _other_value(
    slot: Slot, text: str, upstream: Sequence[Upstream], parameters: Parameters
) -> Any:
    if (named := named_value(slot, text)) is not None:
        return named
    if (chosen := _verb_choice(slot, text)) is not None:
        return chosen
    if slot.role == "since" and (period := find_period(text)):
        return parameters.declare(slot.name, type="string", default=period)
    if slot.role == "secret" and (secret := _SECRET.search(text)):
        name = secret["name"] or secret["kind"]
        value = parameters.declare(name, type="secret", required=True, description=_HOW_TO_NAME)
        return {"Authorization": value} if slot.type == "object" else value
    if slot.role == "repository" and re.search(
        r"\b(?:repo(?:sitory)?|codebase)\b", text, re.IGNORECASE
    ):
        return parameters.declare(
            "repo", type="path", required=True, description="Path of the repository."
        )
    if (written := _written(slot, text, upstream)) is not None:
        return written
    same = _same_output(slot, upstream)
    if same:
        return same
    if slot.required:
        return _required(slot, parameters)
    return None


def _written(slot: Slot, text: str, upstream: Sequence[Upstream]) -> str | None:
    """Return the text to write, tell or work on: said in the clause, or made by an earlier step."""
    if slot.role in {"content", "message"} and slot.required and (said := _SAID.search(text)):
        return said["said"]
    if slot.role not in {"content", "message", "task"} or slot.type not in {"string", "any"}:
        return None
    if slot.role == "message" and TOLD.search(text):
        return None
    source = _text_output(upstream)
    return source if slot.required or slot.role == "content" else None


def _verb_choice(slot: Slot, text: str) -> Any:
    """Return the allowed value that the verb of a clause is: `post it to URL` posts."""
    verb = re.match(r"\s*(?:please\s+)?(?:(?:send|make|do)\s+an?\s+)?(?P<verb>[A-Za-z]+)\b", text)
    if verb is None or slot.required:
        return None
    return next((c for c in slot.choices if str(c).lower() == verb["verb"].lower()), None)


# Words to be written, named as such but not quoted: `the text hello to hello.txt`.
_SAID = re.compile(
    r"\b(?:write|put|save|store|append|send|post)\s+(?:the\s+|an?\s+)?(?:text|words?|message|string|line|phrase|sentence)\s+(?P<said>(?!of\b|from\b|that\b|to\b|in\b|into\b|is\b|for\b|and\b|file\b|with\b|on\b|at\b)[\w'!?-]+(?:\s+[\w'!?-]+){0,7}?)\s+(?:to|into|in|on)\b",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"\b(?:with|using|use|by|via)\s+(?:the\s+|my\s+|our\s+|an?\s+)?(?:secret\s+)?(?P<kind>api[ _-]?key|api[ _-]?token|access[ _-]?token|bearer[ _-]?token|token|password|credential|secret)s?\b(?:\s+(?:called|named|in|from)?\s*(?P<name>[A-Za-z_][A-Za-z0-9_]*_[A-Za-z0-9_]+|[A-Z][A-Z0-9_]{2,}))?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)
_HOW_TO_NAME = "Name of the secret, never its value."


def _text_output(upstream: Sequence[Upstream]) -> str | None:
    for step in upstream:
        types = step.output_types()
        for name in _TEXT_OUTPUTS:
            if types.get(name) in {"string", "any"}:
                return f"${{{{ steps.{step.id}.outputs.{name} }}}}"
    return None


def _same_output(slot: Slot, upstream: Sequence[Upstream]) -> str | None:
    wanted = {stem(word) for word in words(slot.name)}
    for step in upstream:
        for name, kind in step.output_types().items():
            same = wanted == {stem(word) for word in words(name)}
            if same and (slot.required or slot.role == "other") and kind in {slot.type, "any"}:
                return f"${{{{ steps.{step.id}.outputs.{name} }}}}"
    return None


def _required(slot: Slot, parameters: Parameters) -> str:
    attributes: dict[str, Any] = {"type": _PARAMETER_TYPES.get(slot.type, "string")}
    if slot.role == "secret":
        attributes["type"] = "secret"
    elif slot.role in {"path", "folder", "repository"} and slot.type == "string":
        attributes["type"] = "path"
    elif slot.choices and all(isinstance(choice, str) for choice in slot.choices):
        attributes |= {"type": "choice", "choices": list(slot.choices)}
    if slot.description:
        attributes["description"] = slot.description
    return parameters.declare(slot.name, required=True, **attributes)


_COUNTS = ("count", "total", "size", "quantity", "amount", "number")
_GOOD = {
    stem(word)
    for word in [
        "up",
        "ok",
        "success",
        "successful",
        "passed",
        "healthy",
        "available",
        "valid",
        "reachable",
    ]
}


def result_expression(step: Upstream, meaning: Meaning) -> str | None:
    """Return the CEL condition that a step's result is as a condition says; None if unknown.

    Args:
        step: The step whose result is meant.
        meaning: What the condition says.
    """
    types = step.output_types()
    named = {stem(word) for word in words(meaning.subject)}
    ordered = sorted(types, key=lambda name: not ({stem(w) for w in words(name)} & named))
    if meaning.kind == "compare":
        return _comparison(
            step, meaning, [n for n in ordered if types[n] in _NUMBERS and n != "exit_code"]
        )
    if meaning.kind in {"failed", "succeeded"}:
        good = [n for n in ordered if types[n] == "boolean" and {stem(w) for w in words(n)} & _GOOD]
        expression = f"steps.{step.id}.outputs.{good[0]}" if good else None
        return f"!{expression}" if expression and meaning.kind == "failed" else expression
    if meaning.kind in {"empty", "present"}:
        return _emptiness(step, types, ordered, empty=meaning.kind == "empty")
    for name in ordered:
        if types[name] == "boolean" and {stem(w) for w in words(name)} & named:
            return f"{'!' if meaning.negated else ''}steps.{step.id}.outputs.{name}"
    return None


_NUMBERS = {"integer", "number"}


def _comparison(step: Upstream, meaning: Meaning, names: Sequence[str]) -> str | None:
    if not names:
        return None
    number = meaning.number
    if step.output_types()[names[0]] == "number":
        number = number if "." in number else f"{number}.0"
    elif "." in number:
        number = number.partition(".")[0]
    expression = f"steps.{step.id}.outputs.{names[0]} {meaning.operator} {number}"
    return f"!({expression})" if meaning.negated else expression


def _emptiness(
    step: Upstream, types: Mapping[str, str], ordered: Sequence[str], *, empty: bool
) -> str | None:
    comparison = "==" if empty else ">"
    for name in _COUNTS:
        if types.get(name) in _NUMBERS:
            zero = "0" if types[name] == "integer" else "0.0"
            return f"steps.{step.id}.outputs.{name} {comparison} {zero}"
    for name in ordered:
        if types[name] == "array":
            return f"size(steps.{step.id}.outputs.{name}) {comparison} 0"
    for name in ordered:
        if types[name] == "string" and role_of(name) not in {"url", "path"} and name != "stderr":
            return f"steps.{step.id}.outputs.{name} {'==' if empty else '!='} ''"
    return None
