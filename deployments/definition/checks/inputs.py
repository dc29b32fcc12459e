"""Inputs of actions against the JSON Schema of the action, placeholders by their static type."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.deployments.definition.checks.context import Checked, Site, texts
from prefect_luthier.deployments.definition.checks.expressions import ExpressionCheck
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.input_schemas import (
    is_secret_schema,
    schema_at,
    types_of,
)
from prefect_luthier.deployments.definition.model import Step
from prefect_luthier.deployments.definition.templates import (
    TemplateError,
    is_template,
    whole_placeholder,
)
from prefect_luthier.diagnostics import Fix
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import (
    closest,
    did_you_mean,
    surely_meant,
)

# Which JSON types a value of a CEL type can be.
_JSON_TYPES = {
    "STRING": {"string"},
    "INT": {"integer", "number"},
    "UINT": {"integer", "number"},
    "DOUBLE": {"number"},
    "BOOL": {"boolean"},
    "NULL": {"null"},
    "LIST": {"array"},
    "MAP": {"object"},
    "TIMESTAMP": {"string"},
    "DURATION": {"string"},
    "BYTES": {"string"},
}


class InputCheck:
    """Checks the inputs of steps; a schema is compiled once for all steps that use it."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._expressions = ExpressionCheck(checked)
        self._validators: dict[str, Any] = {}

    def check(self, step_id: str, step: Step, entry: CatalogEntry) -> None:
        """Report inputs that are missing, unknown or of the wrong type."""
        if self._checked.is_pruned(("steps", step_id, "inputs")):
            return
        schema = entry.input_schema
        templates = self._templates(step_id, step, schema)
        if schema is None:
            return
        self._unknown_inputs(step_id, step, entry, schema)
        validator = self._validator(step_id, entry, schema)
        if validator is None:
            return
        for error in validator.iter_errors(step.inputs):
            self._report(step_id, step, entry, error, templates)

    def _templates(self, step_id: str, step: Step, schema: Mapping[str, Any] | None) -> list[Path]:
        """Check the placeholders in the inputs, and return where they are."""
        found: list[Path] = []
        for path, text in texts(step.inputs):
            expected = schema_at(schema, path) if schema is not None else None
            where = self._checked.written_at(step_id, "inputs", *path)
            site = Site(where, text, step_id, "inputs", secret=is_secret_schema(expected))
            self._expressions.near_misses(site)
            if is_template(text):
                found.append(path)
                self._check_template(site, expected)
        return found

    def _check_template(self, site: Site, expected: Any) -> None:
        try:
            whole = whole_placeholder(site.text)
        except TemplateError:
            whole = None
        if whole is None:
            self._expressions.template(site)
            self._check_type(site, expected, "STRING")
            return
        kind = self._expressions.expression(site, whole.expression, whole.expression_start)
        if kind is not None:
            self._check_type(site, expected, kind)

    def _check_type(self, site: Site, expected: Any, kind: str) -> None:
        allowed = types_of(expected)
        found = _JSON_TYPES.get(kind.split("<", maxsplit=1)[0])
        if not allowed or found is None or found & allowed:
            return
        self._checked.findings.add(
            "bad-input",
            f"input {_dotted(_inner(site.path))} must be {_list(allowed)}, but "
            f"`{site.text[:80]}` is {_list(found)}.",
            site.path,
            fix=self._as_text(site, kind) if allowed == {"string"} else None,
        )

    def _as_text(self, site: Site, kind: str) -> Fix | None:
        whole = whole_placeholder(site.text)
        if whole is None or kind not in ("INT", "UINT", "DOUBLE", "BOOL"):
            return None
        start, end = whole.expression_start, whole.expression_start + len(whole.expression)
        return self._checked.findings.replace_inside(
            site.path, start, end, f"string({whole.expression})", "write it as text"
        )

    def _validator(self, step_id: str, entry: CatalogEntry, schema: Mapping[str, Any]) -> Any:
        import jsonschema_rs  # noqa: PLC0415 - 50 ms, only for definitions that use actions

        key = f"{entry.slug}@{entry.version}"
        if key not in self._validators:
            try:
                self._validators[key] = jsonschema_rs.validator_for(dict(schema), offline=True)
            except ValueError as error:
                self._validators[key] = None
                self._checked.findings.warn(
                    "bad-catalog-schema",
                    f"the inputs of {entry.slug!r} cannot be checked: its schema is wrong: "
                    f"{str(error).splitlines()[0][:200]}.",
                    self._checked.written_at(step_id, "uses"),
                )
        return self._validators[key]

    def _unknown_inputs(
        self, step_id: str, step: Step, entry: CatalogEntry, schema: Mapping[str, Any]
    ) -> None:
        # A schema that lists properties and says nothing of others means these and no others:
        # a name that is not listed is a slip far more often than an extra.
        known = schema.get("properties")
        is_open = schema.get("additionalProperties", False) is not False
        if not isinstance(known, Mapping) or is_open or "patternProperties" in schema:
            return
        for name in step.inputs:
            if name not in known:
                self._unknown(step_id, step, entry, name, list(known))

    def _unknown(
        self, step_id: str, step: Step, entry: CatalogEntry, name: str, known: list[str]
    ) -> None:
        findings = self._checked.findings
        free = [other for other in known if other not in step.inputs]
        candidates = closest(name, known)
        meant = surely_meant(name, free)
        if meant is None and len(free) == 1 and len(known) == 1 and len(step.inputs) == 1:
            candidates = (free[0],)
        path = self._checked.written_at(step_id, "inputs", name)
        findings.add(
            "unknown-input",
            f"{entry.slug!r} has no input {name!r}.{did_you_mean(candidates)}"
            + ("" if candidates else f" It has {', '.join(known[:8]) or 'none'}."),
            path,
            at_key=True,
            candidates=candidates or tuple(known[:5]),
            fix=findings.rename_key(path, meant) if meant else None,
        )

    def _report(
        self, step_id: str, step: Step, entry: CatalogEntry, error: Any, templates: Iterable[Path]
    ) -> None:
        inner: Path = tuple(error.instance_path)
        kind = error.kind.name
        if kind == "additionalProperties" and not inner:
            return  # reported with candidates already
        if kind == "required":
            self._missing(step_id, entry, inner, str(error.kind.property))
            return
        if (
            any(path[: len(inner)] == inner for path in templates)
            and kind != "additionalProperties"
        ):
            return  # not known before the run
        path = (
            self._checked.written_at(step_id, "inputs", *inner)
            if inner
            else ("steps", step_id, "inputs")
        )
        if UNKNOWN in step.inputs.values() or self._checked.is_pruned(path):
            return
        self._checked.findings.add(
            "bad-input",
            f"input {_dotted(inner)} of {entry.slug!r}: {_message(error)}.",
            path,
            candidates=_allowed(error),
            fix=self._retyped(path, error),
        )

    def _missing(self, step_id: str, entry: CatalogEntry, inner: Path, name: str) -> None:
        if self._checked.is_pruned(("steps", step_id, "inputs", *inner, name)):
            return
        at_inputs = ("steps", step_id, "inputs", *inner)
        document = self._checked.findings.document
        known = document.has(at_inputs)
        label = ".".join([*map(str, inner), name])
        self._checked.findings.add(
            "missing-input",
            f"step {step_id!r} lacks the input {label!r}, which {entry.slug!r} needs.",
            at_inputs if known else ("steps", step_id),
            at_key=True,
            candidates=(name,),
        )

    def _retyped(self, path: Path, error: Any) -> Fix | None:
        if error.kind.name != "type":
            return None
        types, value = set(error.kind.types), error.instance
        findings = self._checked.findings
        if types == {"string"} and isinstance(value, bool | int | float):
            return findings.replace_value(path, findings.document.raw(path))
        if isinstance(value, str):
            if "integer" in types and re.fullmatch(r"-?\d{1,18}", value):
                return findings.replace_value(path, int(value))
            if "boolean" in types and value in ("true", "false"):
                return findings.replace_value(path, value == "true")
        return None


def _inner(path: Path) -> Path:
    return path[path.index("inputs") + 1 :] if "inputs" in path else path


def _dotted(path: Path) -> str:
    return repr(".".join(str(part) for part in path)) if path else "values"


def _list(types: Iterable[str]) -> str:
    names = {"string": "text", "array": "a list", "object": "a map", "integer": "a whole number",
             "number": "a number", "boolean": "true or false", "null": "null"}  # fmt: skip
    found = sorted(types)
    if set(found) == {"integer", "number"}:
        found = ["integer"]
    return " or ".join(names.get(name, name) for name in found)


def _message(error: Any) -> str:
    if error.kind.name == "type":
        return f"{_short(error.instance)} must be {_list(error.kind.types)}"
    return str(error.message)[:300].rstrip(".")


def _allowed(error: Any) -> tuple[str, ...]:
    options = getattr(error.kind, "options", None) if error.kind.name == "enum" else None
    return tuple(str(option) for option in options)[:5] if isinstance(options, list) else ()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - what fits a line
