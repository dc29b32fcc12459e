"""A form of real widgets for the parameters of a workflow, from its JSON Schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import streamlit as st

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """What a form holds.

    Args:
        values: The values that were given, by property.
        unreadable: A message for each field whose text is no value.
    """

    values: dict[str, Any]
    unreadable: tuple[str, ...] = ()


def fields(schema: Rule, *, key: str, values: Mapping[str, Any] | None = None) -> Given:
    """Show one widget for each property and return what they hold, as far as it was given.

    Args:
        schema: JSON Schema of an object, as ``form_schema`` makes it.
        key: Prefix of the widgets' keys.
        values: Values to start from, before the defaults of the schema.
    """
    properties = schema.get("properties", {})
    if not properties:
        st.caption("This workflow asks for nothing.")
    required = set(schema.get("required", ()))
    given: dict[str, Any] = {}
    unreadable: list[str] = []
    for name, rule in sorted(properties.items(), key=lambda item: item[1].get("position", 0)):
        start = (values or {}).get(name, rule.get("default"))
        try:
            value = _field(name, rule, start, key=f"{key}_{name}", required=name in required)
        except ValueError as error:
            unreadable.append(f"{rule.get('title', name)}: {error}.")
            continue
        if value is not None:
            given[name] = value
    return Given(given, tuple(unreadable))


def problems(schema: Rule, given: Given) -> list[str]:
    """Return what keeps the form from being sent, one sentence each."""
    properties = schema.get("properties", {})
    titles = [
        properties.get(name, {}).get("title", name)
        for name in schema.get("required", ())
        if given.values.get(name) in (None, "")
    ]
    needed = [f"{', '.join(titles)} must have a value."] if titles else []
    wrong = [
        f"{rule.get('title', name)} does not match {rule['pattern']}."
        for name, rule in properties.items()
        if not _fits(rule, given.values.get(name))
    ]
    return [*needed, *wrong, *given.unreadable]


def _field(name: str, rule: Rule, start: Any, *, key: str, required: bool) -> Any:
    label = rule.get("title", name) + (" *" if required else "")
    shared: dict[str, Any] = {"key": key, "help": _help(rule)}
    if "enum" in rule:
        options = list(rule["enum"])
        index = options.index(start) if start in options else None
        return st.selectbox(label, options, index, placeholder="Choose …", **shared)
    kind = rule.get("type")
    if kind == "boolean":
        return st.toggle(label, value=bool(start), **shared)
    if kind in ("integer", "number"):
        return _number(label, rule, start, whole=kind == "integer", **shared)
    if kind == "string":
        return _text(label, rule, start, **shared)
    return _json(label, start, **shared)


def _help(rule: Rule) -> str | None:
    parts = [rule.get("description", "")]
    if rule.get("pattern"):
        parts.append(f"Must match `{rule['pattern']}`.")
    return " ".join(part for part in parts if part) or None


def _number(label: str, rule: Rule, start: Any, *, whole: bool, **shared: Any) -> Any:
    cast: Any = int if whole else float
    limits = {
        f"{side}_value": cast(rule[f"{side}imum"])
        for side in ("min", "max")
        if f"{side}imum" in rule
    }
    value = None if start is None else cast(start)
    return st.number_input(label, value=value, step=cast(1), **limits, **shared)


def _text(label: str, rule: Rule, start: Any, **shared: Any) -> str | None:
    form = rule.get("format")
    if form == "date":
        day = st.date_input(label, value=_date(start), **shared)
        return day.isoformat() if isinstance(day, date) else None
    if form == "time":
        moment = st.time_input(label, value=_time(start), **shared)
        return moment.isoformat() if isinstance(moment, time) else None
    if form == "password":
        shared["type"] = "password"
    text: str = st.text_input(label, value="" if start is None else str(start), **shared)
    return text or None


def _fits(rule: Rule, value: Any) -> bool:
    if not isinstance(value, str) or "pattern" not in rule:
        return True
    try:
        return re.search(rule["pattern"], value) is not None
    except re.error:  # the server knows other syntax than Python's, and has the last word
        return True


def _date(start: Any) -> date | None:
    try:
        return date.fromisoformat(str(start))
    except ValueError:
        return None


def _time(start: Any) -> time | None:
    try:
        return datetime.fromisoformat(f"2000-01-01T{start}").time()
    except ValueError:
        return None


def _json(label: str, start: Any, **shared: Any) -> Any:
    shown = "" if start is None else json.dumps(start, indent=2, ensure_ascii=False)
    text = st.text_area(f"{label} (JSON)", value=shown, height=90, **shared)
    if not (text or "").strip():
        return None
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON ({error})") from error
