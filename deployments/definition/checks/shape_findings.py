"""Turn Pydantic's errors into findings that say what was expected and how to repair it."""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.deployments.definition.model import (
    ID_PATTERN,
    OUTPUT_TYPES,
    SCHEMA_VERSION,
    SEMVER_PATTERN,
    Definition,
)
from prefect_luthier.diagnostics import Fix
from prefect_luthier.pointers import Path, lookup
from prefect_luthier.suggestions import (
    closest,
    did_you_mean,
    surely_meant,
)

# What other tools call the same thing.
SYNONYMS = {
    "depends_on": "needs",
    "depends": "needs",
    "after": "needs",
    "requires": "needs",
    "if": "when",
    "condition": "when",
    "command": "run",
    "cmd": "run",
    "script": "run",
    "shell": "run",
    "action": "uses",
    "use": "uses",
    "with": "inputs",
    "args": "inputs",
    "input": "inputs",
    "environment": "env",
    "retry": "retries",
    "for_each": "foreach",
    "loop": "foreach",
    "params": "parameters",
    "inputs": "parameters",
    "jobs": "steps",
    "tasks": "steps",
    "schedule": "triggers",
    "schedules": "triggers",
    "tz": "timezone",
    "schedule_cron": "cron",
    "regex": "pattern",
    "options": "choices",
    "enum": "choices",
    "min": "minimum",
    "max": "maximum",
}

_OUTPUT_SYNONYMS = {
    "str": "string",
    "text": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "array": "list",
    "object": "json",
    "dict": "json",
}

_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "list_type": "a list",
    "tuple_type": "a list",
    "finite_number": "a finite number",
}


def report_shape(path: Path, detail: ErrorDetails, findings: Findings) -> None:
    """Add the finding for one of Pydantic's errors."""
    kind = detail["type"]
    value = detail.get("input")
    if kind == "extra_forbidden":
        _unknown_key(path, value, findings)
    elif kind == "missing":
        _missing_field(path, findings)
    elif path == ("schema",):
        _schema_version(value, findings)
    elif kind == "literal_error":
        _unknown_value(path, value, findings)
    elif kind in _EXPECTED:
        _wrong_type(path, kind, value, findings)
    elif kind == "string_pattern_mismatch":
        _wrong_text(path, str(value), detail, findings)
    elif kind == "too_short" and path == ("steps",):
        findings.add("no-steps", "a workflow needs at least one step.", path)
    else:
        message = detail["msg"].replace("Input should", "must", 1)
        findings.add("out-of-range", f"{_label(path)} is {_shown(value)} but {message}.", path)


def fields_at(path: Path) -> dict[str, Any]:
    """Return the fields that the table at ``path`` may have, by their names in a source."""
    model: Any = Definition
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields = _named_fields(model)
            model = fields[str(part)].annotation if part in fields else None
        else:
            model = _item_type(model)
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            model = _only_model(model)
    return _named_fields(model) if isinstance(model, type) else {}


def _named_fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _item_type(annotation: Any) -> Any:
    arguments = get_args(annotation)
    return arguments[-1] if arguments else None


def _only_model(annotation: Any) -> Any:
    """Return the model in ``Model | None``; anything else is returned as it is."""
    for argument in get_args(annotation):
        if isinstance(argument, type) and issubclass(argument, BaseModel):
            is_container = getattr(annotation, "__origin__", None) in (dict, list)
            return annotation if is_container else argument
    return annotation


def _unknown_key(path: Path, value: Any, findings: Findings) -> None:
    key = str(path[-1])
    fields = fields_at(path[:-1])
    synonym = SYNONYMS.get(key.lower())
    candidates = closest(key, fields)
    meant = surely_meant(key, fields)
    if synonym in fields:
        candidates = (synonym, *(name for name in candidates if name != synonym))[:5]
        meant = synonym
    findings.add(
        "unknown-key",
        f"{_table(path[:-1])} has no key {key!r}.{did_you_mean(candidates)}",
        path,
        at_key=True,
        candidates=candidates,
        fix=_rename(path, meant, value, findings),
    )


def _rename(path: Path, meant: str | None, value: Any, findings: Findings) -> Fix | None:
    if meant is None or not _fits(fields_at(path[:-1])[meant], value):
        return None
    siblings = lookup(findings.document.data, path[:-1])
    if meant in siblings:
        other = siblings[meant]
        mergeable = isinstance(other, dict) and isinstance(value, dict) and not other.keys() & value
        if not mergeable:
            return None
    return findings.rename_key(path, meant, merge=True)


def _fits(field: Any, value: Any) -> bool:
    """Return whether a value can stand in the field, so that renaming its key mends it."""
    text = str(field.annotation)
    if isinstance(value, dict):
        return "dict" in text or "model." in text or "definition.model" in text
    if isinstance(value, list):
        return "list" in text
    if isinstance(value, bool):
        return "bool" in text or "Any" in text
    if isinstance(value, str):
        return "str" in text or "Literal" in text or "Any" in text
    return any(name in text for name in ("int", "float", "Any"))


def _missing_field(path: Path, findings: Findings) -> None:
    name = str(path[-1])
    findings.add(
        "missing-field",
        f"{_table(path[:-1])} needs the key {name!r}.",
        path[:-1],
        at_key=True,
        candidates=(name,),
    )


def _schema_version(value: Any, findings: Findings) -> None:
    findings.add(
        "unsupported-schema",
        f"schema {_shown(value)} is not supported; this release reads schema {SCHEMA_VERSION}.",
        ("schema",),
        candidates=(str(SCHEMA_VERSION),),
        fix=findings.replace_value(("schema",), SCHEMA_VERSION)
        if str(value).split(".")[0] == str(SCHEMA_VERSION)
        else None,
    )


def _unknown_value(path: Path, value: Any, findings: Findings) -> None:
    allowed = ("fail-fast", "continue") if path[-1] == "on_failure" else OUTPUT_TYPES
    text = value if isinstance(value, str) else _shown(value)
    synonym = _OUTPUT_SYNONYMS.get(text) if allowed is OUTPUT_TYPES else None
    meant = synonym or surely_meant(text.replace("_", "-"), allowed)
    candidates = closest(text, allowed) or allowed
    findings.add(
        "bad-value",
        f"{_label(path)} is {_shown(value)} but must be one of {', '.join(allowed)}.",
        path,
        candidates=candidates[:5],
        fix=findings.replace_value(path, meant) if meant else None,
    )


def _wrong_type(path: Path, kind: str, value: Any, findings: Findings) -> None:
    findings.add(
        "wrong-type",
        f"{_label(path)} must be {_EXPECTED[kind]}, not {_shown(value)}.{_hint(path, value)}",
        path,
        fix=_retyped(path, kind, value, findings),
    )


_TABLES_BY_NAME = {"steps": "id", "parameters": "name", "actions": "name", "artifacts": "name"}


def _hint(path: Path, value: Any) -> str:
    if len(path) == 1 and path[0] in _TABLES_BY_NAME and isinstance(value, list):
        return f" Write one table for each, `[{path[0]}.<{_TABLES_BY_NAME[str(path[0])]}>]`."
    if path == ("triggers",) and isinstance(value, dict):
        return " Write `[[triggers]]`, with two brackets."
    return ""


_WHOLE = re.compile(r"[+-]?\d{1,15}")


def _retyped(path: Path, kind: str, value: Any, findings: Findings) -> Fix | None:
    """Return the same value as the type asked for, where that is one thing only."""
    if kind == "string_type" and isinstance(value, bool | int | float):
        seconds = path[-1] in ("timeout", "delay", "retention") and not isinstance(value, bool)
        text = findings.document.raw(path)
        if seconds:  # a bare number: other tools count seconds
            return findings.replace_value(path, f"{text}s")
        return findings.replace_value(path, text)
    if kind == "int_type" and isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return findings.replace_value(path, int(value))
    if kind == "bool_type" and isinstance(value, str) and value.lower() in ("true", "false"):
        return findings.replace_value(path, value.lower() == "true")
    if path == ("triggers",) and isinstance(value, dict):
        return _double_brackets(path, findings)
    is_count = isinstance(value, int) and not isinstance(value, bool)
    if path[-1] == "retries" and is_count and findings.document.source.format == "toml":
        place = findings.document.places.get(path)
        text = f"{{ max = {value} }}"
        return findings.edit(f"write {text}", [(place.value, text)]) if place else None
    if kind == "list_type" and isinstance(value, str):
        written = findings.document.raw(path)
        place = findings.document.places.get(path)
        return (
            findings.edit(f"write [{written}]", [(place.value, f"[{written}]")]) if place else None
        )
    return None


def _double_brackets(path: Path, findings: Findings) -> Fix | None:
    """Return the repair that makes a table's header that of a list of tables."""
    place = findings.document.places.get(path)
    headers = findings.document.key_ranges(path)
    text = findings.document.text[slice(*place.value)] if place else ""
    if place is None or len(headers) != 1 or not re.fullmatch(r"\[[^\[\]\n]*\]", text):
        return None
    return findings.edit(f"write [{text}]", [(place.value, f"[{text}]")])


def _wrong_text(path: Path, value: str, detail: ErrorDetails, findings: Findings) -> None:
    pattern = (detail.get("ctx") or {}).get("pattern")
    if pattern == ID_PATTERN:
        _bad_workflow_id(path, value, findings)
    elif pattern == SEMVER_PATTERN:
        _bad_version(path, value, findings)
    else:
        _bad_duration(path, value, findings)


def _bad_workflow_id(path: Path, value: str, findings: Findings) -> None:
    meant = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")
    usable = bool(re.match(r"[a-z]", meant))
    findings.add(
        "bad-id",
        f'id {_shown(value)} must be lower-case words joined by hyphens, e.g. "repo-digest".',
        path,
        candidates=(meant,) if usable else (),
        fix=findings.replace_value(path, meant) if usable else None,
    )


def _bad_version(path: Path, value: str, findings: Findings) -> None:
    match = re.fullmatch(r"[vV]?(\d{1,9})(?:\.(\d{1,9}))?(?:\.(\d{1,9}))?", value.strip())
    meant = ".".join(str(int(part or 0)) for part in match.groups()) if match else None
    findings.add(
        "bad-version",
        f'version {_shown(value)} is no semantic version such as "1.0.0".',
        path,
        candidates=(meant,) if meant else (),
        fix=findings.replace_value(path, meant) if meant else None,
    )


_UNITS = {
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "minute": "m", "minutes": "m",
    "min": "m", "mins": "m", "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "day": "d",
    "days": "d", "week": "w", "weeks": "w", "": "s",
}  # fmt: skip


def _bad_duration(path: Path, value: str, findings: Findings) -> None:
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([a-zA-Z]*)\s*", value)
    unit = None
    if match:
        written = match[2].lower()
        unit = written if written in ("ms", "s", "m", "h", "d", "w") else _UNITS.get(written)
    meant = f"{match[1]}{unit}" if match and unit else None
    findings.add(
        "bad-duration",
        f"{_label(path)} is {_shown(value)}, which is no duration such as 90s, 5m, 1h30m or 2d.",
        path,
        candidates=(meant,) if meant else (),
        fix=findings.replace_value(path, meant) if meant else None,
    )


def _table(path: Path) -> str:
    if not path:
        return "the definition"
    return f"`{'.'.join(str(part) for part in path)}`"


def _label(path: Path) -> str:
    return f"`{'.'.join(str(part) for part in path)}`" if path else "the definition"


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = (
        f'"{value}"'
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else repr(value)
    )
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - what fits a line
