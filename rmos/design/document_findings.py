"""Turn Pydantic's errors into findings that quote the value and say what was expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.pointers import lookup, to_pointer
from prefect_luthier.suggestions import closest, did_you_mean

Path = tuple[str | int, ...]

_EXPECTED = {
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
}
_LONGEST_QUOTE = 60


def findings_of(
    error: ValidationError, data: Any, models: dict[Path, type[BaseModel]]
) -> list[Diagnostic]:
    """Return every error as a finding.

    Args:
        error: What Pydantic found.
        data: The document.
        models: The models by the path at which they stand, with ``*`` for an index.
    """
    found: dict[tuple[str, str], Diagnostic] = {}
    for each in error.errors(include_url=False, include_context=True):
        path = _path(each["loc"], data)
        if path is None or (each["type"] == "too_short" and lookup(data, path)):
            continue  # a list of wrong entries is not short
        diagnostic = _finding(each, path, data, models)
        place = (diagnostic.pointer, diagnostic.code)
        if place not in found or _is_too_few(each):  # the last missing number tells how many
            found[place] = diagnostic
    return list(found.values())


def _path(loc: Sequence[str | int], data: Any) -> Path | None:
    """Return where an error stands; None for the branch of a union that was not meant.

    A ring's material is an id or an object, and Pydantic reports on both.
    """
    parts = list(loc)
    for index, part in enumerate(parts):
        if part not in {"str", "Material"} or index == 0 or parts[index - 1] != "material":
            continue
        is_object = isinstance(lookup(data, parts[:index]), dict)
        if is_object != (part == "Material"):
            return None
        return tuple(parts[:index] + parts[index + 1 :])
    return tuple(parts)


def _finding(
    error: ErrorDetails, path: Path, data: Any, models: dict[Path, type[BaseModel]]
) -> Diagnostic:
    kind, pointer = error["type"], to_pointer(path)
    if _is_too_few(error):
        return _too_few(path, data)
    if kind == "missing":
        return Diagnostic("missing-field", "error", f'"{path[-1]}" is missing.', pointer)
    if kind == "extra_forbidden":
        return _unknown_key(path, models)
    value = lookup(data, path)
    if kind == "literal_error":
        return _not_a_choice(path, value, models)
    if kind in _EXPECTED:
        message = f"{_name(path)} must be {_EXPECTED[kind]}, not {_quoted(value)}."
        return Diagnostic("wrong-type", "error", message, pointer)
    if kind == "finite_number":
        message = f"{_name(path)} must be a finite number."
        return Diagnostic("not-finite", "error", message, pointer)
    return Diagnostic("bad-value", "error", _bounds(error, path, value), pointer)


def _is_too_few(error: ErrorDetails) -> bool:
    return error["type"] == "missing" and isinstance(error["loc"][-1], int)


def _too_few(path: Path, data: Any) -> Diagnostic:
    """Say that a list of a fixed length is shorter than that."""
    given = lookup(data, path[:-1])
    has = len(given) if isinstance(given, list) else 0
    message = f"{_name(path[:-1])} has {has} of the {int(path[-1]) + 1} numbers that it needs."
    return Diagnostic("bad-value", "error", message, to_pointer(path[:-1]))


def _bounds(error: ErrorDetails, path: Path, value: Any) -> str:
    context, name = error.get("ctx", {}), _name(path)
    match error["type"]:
        case "greater_than":
            return f"{name} is {_quoted(value)}; it must be more than {context['gt']:g}."
        case "greater_than_equal":
            return f"{name} is {_quoted(value)}; it must be at least {context['ge']:g}."
        case "less_than_equal":
            return f"{name} is {_quoted(value)}; it must be at most {context['le']:,.9g}."
        case "too_short":
            return f"{name} has {context['actual_length']} entries; it needs at least one."
        case "too_long":
            count = len(value) if isinstance(value, list) else context["actual_length"]
            return f"{name} has {count} entries; {context['max_length']} are the most."
        case _:
            return f"{name}: {error['msg'].removeprefix('Value error, ')}."


def _unknown_key(path: Path, models: dict[Path, type[BaseModel]]) -> Diagnostic:
    key, model = str(path[-1]), _model_at(path[:-1], models)
    names = list(model.model_fields) if model else []
    candidates = closest(key, names)
    known = "" if candidates else f" Known are {', '.join(names)}."
    message = f'"{key}" is not known here.{did_you_mean(candidates) or known}'
    return Diagnostic("unknown-key", "error", message, to_pointer(path), candidates=candidates)


def _not_a_choice(path: Path, value: Any, models: dict[Path, type[BaseModel]]) -> Diagnostic:
    choices = list(_choices(path, models))
    candidates = closest(value.lower(), choices) if isinstance(value, str) else ()
    hint = did_you_mean(candidates) or f" It is one of {', '.join(choices)}."
    message = f"{_name(path)} is {_quoted(value)}, which is not known.{hint}"
    return Diagnostic("bad-value", "error", message, to_pointer(path), candidates=candidates)


def _choices(path: Path, models: dict[Path, type[BaseModel]]) -> Iterator[str]:
    """Return the values that may stand at a path, as the model's schema lists them."""
    field = path[-1] if isinstance(path[-1], str) else path[-2]
    model = _model_at(path[: path.index(field)], models)
    if model is not None:
        yield from _listed(model.model_json_schema()["properties"].get(field, {}))


def _listed(schema: Any) -> Iterable[str]:
    if isinstance(schema, dict):
        if "enum" in schema:
            return [str(choice) for choice in schema["enum"]]
        return [choice for part in schema.values() for choice in _listed(part)]
    return (
        [choice for part in schema for choice in _listed(part)] if isinstance(schema, list) else []
    )


def _model_at(path: Path, models: dict[Path, type[BaseModel]]) -> type[BaseModel] | None:
    return models.get(tuple("*" if isinstance(part, int) else part for part in path))


def _name(path: Path) -> str:
    """Return the place as people name it: ``rings[2].width_mm``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "the document"


def _quoted(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "…"
