"""What the inputs of an entry ask for: which literal, parameter or earlier output fits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.ai_builder.offline.words import words
from prefect_luthier.catalog import CatalogEntry


@dataclass(frozen=True)
class Slot:
    """One input of an entry.

    Args:
        name: Its name.
        role: What kind of value it holds: path, folder, url, email, phone, message, title, content,
            since, count, secret or other.
        type: JSON type, `any` when the schema does not say.
        required: Whether the entry cannot do without it.
        description: The schema's words.
        choices: The values allowed, when they are listed.
        pattern: What a text must match, when the schema says so.
    """

    name: str
    role: str
    type: str
    required: bool
    description: str
    choices: tuple[Any, ...] = ()
    pattern: str | None = None


# A role, and the words in an input's name that give it; the first that fits counts.
_ROLES: tuple[tuple[str, frozenset[str]], ...] = (
    ("secret", frozenset(["secret", "token", "password", "credential", "credentials", "apikey"])),
    ("repository", frozenset(["repo", "repository", "codebase"])),
    ("folder", frozenset(["folder", "directory", "dir", "workspace"])),
    (
        "url",
        frozenset(["url", "uri", "link", "endpoint", "website", "webpage", "webhook", "address"]),
    ),
    (
        "email",
        frozenset(
            ["email", "emails", "mail", "recipient", "recipients", "to", "cc", "bcc", "addressee"]
        ),
    ),
    ("phone", frozenset(["phone", "mobile", "cell", "telephone", "msisdn"])),
    ("channel", frozenset(["channel", "room"])),
    (
        "path",
        frozenset(["path", "file", "filename", "filepath", "destination"]),
    ),
    ("title", frozenset(["title", "subject", "heading", "headline"])),
    ("message", frozenset(["message", "body", "notification", "note", "reason"])),
    ("since", frozenset(["since", "period", "window", "lookback"])),
    (
        "content",
        frozenset(
            [
                "content",
                "contents",
                "text",
                "data",
                "input",
                "document",
                "payload",
                "rows",
                "records",
                "items",
                "source",
            ]
        ),
    ),
    ("task", frozenset(["task", "prompt", "instruction", "instructions", "question"])),
    ("count", frozenset(["count", "limit", "max", "number", "amount", "quantity", "size", "top"])),
)


def slots(entry: CatalogEntry) -> list[Slot]:
    """Return the inputs of an entry; empty when it has no schema."""
    schema = entry.input_schema or {}
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return []
    required = schema.get("required")
    names = set(required) if isinstance(required, list) else set()
    return [
        _slot(str(name), value if isinstance(value, Mapping) else {}, name in names, schema)
        for name, value in properties.items()
    ]


def _slot(name: str, schema: Mapping[str, Any], required: bool, root: Mapping[str, Any]) -> Slot:
    schema = _resolved(schema, root)
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "any")
    choices = schema.get("enum")
    pattern = schema.get("pattern")
    is_secret = schema.get("format") == "password" or bool(schema.get("writeOnly"))
    return Slot(
        name,
        "secret" if is_secret else role_of(name),
        str(kind),
        required,
        str(schema.get("description", "")),
        tuple(choices) if isinstance(choices, list) else (),
        pattern if isinstance(pattern, str) else None,
    )


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a property with its `$ref` or its one alternative besides null written out."""
    alternatives = [
        each
        for each in schema.get("anyOf", ())
        if isinstance(each, Mapping) and each.get("type") != "null"
    ]
    if len(alternatives) == 1:
        schema = {**schema, **alternatives[0]}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        target = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
        if isinstance(target, Mapping):
            schema = {**target, **schema}
    return schema


def role_of(name: str) -> str:
    """Return the role that the name of an input gives it."""
    parts = words(name.replace("-", " "))
    for role, names in _ROLES:
        if names & set(parts):
            return role
    return "other"


def outputs(entry: CatalogEntry) -> dict[str, Mapping[str, Any]]:
    """Return the outputs of an entry by name; empty when it does not say."""
    properties = (entry.output_schema or {}).get("properties")
    if not isinstance(properties, Mapping):
        return {}
    return {
        str(name): value if isinstance(value, Mapping) else {} for name, value in properties.items()
    }
