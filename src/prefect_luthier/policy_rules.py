"""The server's policy as an operator writes it, and its translation to Cedar.

`ALLOW_ACTIONS_DEFAULT` allows actions to everybody. A policy file (`LUTHIER_POLICY_FILE`) adds
rules for tenants, workspaces, actors and recipients, and a rollout gate for each action; a file
that ends in `.cedar`, or the file's `cedar` text, is taken as it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from prefect_luthier.policy import BUCKETS, Policy, evaluate_cedar
from prefect_luthier.settings import Settings

_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PERCENTAGE = re.compile(r"(\d{1,3}(?:\.\d{1,2})?)\s*%")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Names = tuple[str, ...]


class Rule(BaseModel):
    """One rule; what is left out matches everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=200)
    effect: Literal["allow", "deny"]
    actions: Names = Field(min_length=1)
    tenants: Names | None = Field(default=None, min_length=1)
    workspaces: Names | None = Field(default=None, min_length=1)
    actors: Names | None = Field(default=None, min_length=1)
    recipients: Names | None = Field(
        default=None, min_length=1, description="Addresses; `*` stands for any characters."
    )

    @field_validator("actions")
    @classmethod
    def _are_slugs(cls, value: Names) -> Names:
        return tuple(map(checked_slug, value))

    @field_validator("id", "actions", "tenants", "workspaces", "actors", "recipients")
    @classmethod
    def _printable(cls, value: Any) -> Any:
        for each in [value] if isinstance(value, str) else value or ():
            if _CONTROL.search(each):
                raise ValueError(f"{each!r} has control characters")
        return value


class PolicyFile(BaseModel):
    """The content of a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: tuple[Rule, ...] = ()
    rollout: dict[str, str | Names] = Field(
        default={},
        description="By action: `off`, `on`, a percentage, or a list of `actor:NAME`, "
        "`workspace:NAME` and `tenant:NAME`.",
    )
    cedar: str = Field(default="", description="Further policies in Cedar's own language.")

    @field_validator("rule")
    @classmethod
    def _ids_differ(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        ids = Counter(rule.id for rule in value)
        twice = sorted(each for each, count in ids.items() if count > 1)
        if twice:
            raise ValueError(f"more than one rule has the id {', '.join(map(repr, twice))}")
        return value

    @field_validator("rollout")
    @classmethod
    def _gates(cls, value: dict[str, str | Names]) -> dict[str, str | Names]:
        for action, gate in value.items():
            checked_slug(action)
            _gate_condition(gate)
        return value


def checked_slug(name: str) -> str:
    """Return the name of an action.

    Raises:
        ValueError: It cannot be one.
    """
    if not _SLUG.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an action, such as `gmail.send`")
    return name


def load_policy(settings: Settings) -> Policy:
    """Return the policy in force; one that cannot be read denies everything and says why."""
    path = settings.policy_file
    try:
        stamp = path.stat() if path else None
    except OSError as error:
        return Policy(cedar="", broken=f"{path} cannot be read: {error.strerror}.")
    # The time of a change counts too: permissions on the file change it, and no other time.
    names = ("st_mtime_ns", "st_ctime_ns", "st_size", "st_ino", "st_dev")
    version = tuple(int(getattr(stamp, name)) for name in names) if stamp else None
    return _load(settings.allow_actions_default, path, version)


@lru_cache(maxsize=8)
def _load(allowed: str, path: Path | None, _version: tuple[int, ...] | None) -> Policy:
    try:
        actions = allowed_by_default(allowed)
    except ValueError as error:
        return Policy(cedar="", broken=f"ALLOW_ACTIONS_DEFAULT: {error}.")
    try:
        return policy_of(actions, read_policy_file(path))
    except ValidationError as error:
        found = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_url=False)
        ]
        return Policy(cedar="", broken=f"{path}: {'; '.join(found)}.")
    except (OSError, ValueError) as error:
        return Policy(cedar="", broken=f"{path}: {error}.")


def allowed_by_default(text: str) -> Names:
    """Return the actions in a list with commas.

    Raises:
        ValueError: One of them cannot be an action.
    """
    return tuple(checked_slug(name.strip()) for name in text.split(",") if name.strip())


def read_policy_file(path: Path | None) -> PolicyFile:
    """Return the content of a policy file, that of an empty one where there is none.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no TOML, or no policy.
    """
    if path is None:
        return PolicyFile()
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".cedar":
        return PolicyFile(cedar=text)
    return PolicyFile.model_validate(tomllib.loads(text))


def policy_of(allowed: Iterable[str], file: PolicyFile) -> Policy:
    """Translate to Cedar.

    Raises:
        ValueError: The Cedar text of the file cannot be parsed.
    """
    parts = [_permit(f"default:{action}", action) for action in allowed]
    parts += [_cedar_rule(rule) for rule in file.rule]
    reasons = {rule.id: f"rule `{rule.id}` forbids it" for rule in file.rule}
    for action, gate in file.rollout.items():
        condition, reason = _gate_condition(gate)
        if condition is not None:
            name = f"rollout:{action}"
            head = f"forbid(principal, action == Action::{_quoted(action)}, resource)"
            parts.append(f"@id({_quoted(name)}) {head} unless {{ {condition} }};")
            reasons[name] = reason
    cedar = "\n".join([*parts, file.cedar])
    evaluate_cedar(cedar, [])
    return Policy(cedar=cedar, reasons=reasons)


def _permit(name: str, action: str) -> str:
    head = f"permit(principal, action == Action::{_quoted(action)}, resource)"
    return f"@id({_quoted(name)}) {head};"


def _cedar_rule(rule: Rule) -> str:
    actions = ", ".join(f"Action::{_quoted(action)}" for action in rule.actions)
    effect = "permit" if rule.effect == "allow" else "forbid"
    conditions = [
        f"{_set(names)}.contains(context.{key})"
        for key, names in (
            ("tenant", rule.tenants),
            ("workspace", rule.workspaces),
            ("actor", rule.actors),
        )
        if names is not None
    ]
    if rule.recipients is not None:
        likes = [f"context.recipient like {_pattern(each)}" for each in rule.recipients]
        conditions.append(f"({' || '.join(likes)})")
    when = f" when {{ {' && '.join(conditions)} }}" if conditions else ""
    return f"@id({_quoted(rule.id)}) {effect}(principal, action in [{actions}], resource){when};"


def _gate_condition(gate: str | Names) -> tuple[str | None, str]:
    """Return who is let through as a Cedar condition, None for everybody, and the reason if not.

    Raises:
        ValueError: It is no gate.
    """
    if not isinstance(gate, str):
        return _listed(gate), "it is open to a list of people only"
    word = gate.strip().lower()
    if word in {"on", "off"}:
        return (None, "") if word == "on" else ("false", "it is switched off")
    match = _PERCENTAGE.fullmatch(word)
    share = float(match[1]) if match else -1.0
    if not 0 <= share <= 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"{gate!r} is neither `on`, `off`, a percentage nor a list")
    limit = round(share * BUCKETS / 100)
    return f"context.bucket < {limit}", f"it is rolled out to {share:g} % of its users so far"


def _listed(gate: Names) -> str:
    conditions = ["false"]
    for each in gate:
        kind, _, name = each.partition(":")
        if kind not in {"actor", "workspace", "tenant"} or not name or _CONTROL.search(name):
            raise ValueError(f"{each!r} is none of actor:NAME, workspace:NAME and tenant:NAME")
        conditions.append(f"context.{kind} == {_quoted(name)}")
    return " || ".join(conditions)


def _set(names: Names) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(text: str) -> str:
    """Return a Cedar string literal; control characters were refused before."""
    return json.dumps(text, ensure_ascii=False)


def _pattern(text: str) -> str:
    return _quoted(text.lower())
