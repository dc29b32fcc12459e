"""Updating a deployment without undoing what a person changed in Prefect.

Three states meet: what Luthier last sent, what it would send now, and what stands in Prefect.
A field is written only when Luthier's own wish changed; so a limit, a tag, a schedule or a pause
that a person set stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.deployments.register.payload import SLUG_PREFIX, Payload

_PLAIN_FIELDS = (
    "version",
    "description",
    "entrypoint",
    "work_pool_name",
    "parameter_openapi_schema",
    "enforce_parameter_schema",
    "concurrency_limit",
)


@dataclass
class Update:
    """What has to be written, and how to say it to a person.

    Args:
        fields: Fields of the deployment to write; those left out stay as they are.
        create: Schedules to add.
        change: Changes to schedules, by their id in Prefect.
        remove: Ids of schedules to remove.
        changes: One line for each thing that changes.
        kept: One line for each thing that a person changed and that stays.
    """

    fields: Payload = field(default_factory=dict)
    create: list[dict[str, Any]] = field(default_factory=list)
    change: dict[str, dict[str, Any]] = field(default_factory=dict)
    remove: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.fields or self.create or self.change or self.remove)


def merge(sent: Payload, wanted: Payload, existing: Mapping[str, Any]) -> Update:
    """Return what to write to bring a deployment from ``sent`` to ``wanted``.

    Args:
        sent: The payload that Luthier last wrote; empty when it is not known.
        wanted: The payload of the new definition.
        existing: The deployment as Prefect returns it.
    """
    update = Update()
    before, after = _digest(sent), _digest(wanted)
    if before != after:
        update.changes.append(f"definition: {_shown(before)} -> {after}")
    for name in _PLAIN_FIELDS:
        if sent.get(name) != wanted[name]:
            update.fields[name] = wanted[name]
            told_by_digest = name == "description" and before != after
            change = "" if told_by_digest else _change(name, sent.get(name), wanted[name])
            update.changes += [change] if change else []
    _merge_tags(update, sent, wanted, existing)
    _merge_parameters(update, sent, wanted, existing)
    _merge_schedules(update, sent, wanted, existing)
    _note_kept(update, sent, existing)
    return update


def _digest(payload: Payload) -> str | None:
    digest = payload.get("parameters", {}).get("digest")
    return str(digest)[: len("sha256:") + 12] if digest else None


def _change(name: str, before: Any, after: Any) -> str:
    """Say what changes; an empty text when only the identity behind the form does."""
    if name == "parameter_openapi_schema":
        return _form_change(_form(before), _form(after))
    if name == "description":
        return "the description is written anew"
    label = name.removesuffix("_name").replace("_", " ")
    return f"{label}: {_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)


def _form(schema: Any) -> dict[str, Any]:
    inputs: dict[str, Any] = (schema or {}).get("properties", {}).get("inputs", {})
    return inputs


def _form_change(before: dict[str, Any], after: dict[str, Any]) -> str:
    if before == after:
        return ""
    old, new = before.get("properties") or {}, after.get("properties") or {}
    parts = [f"+{name}" for name in new if name not in old]
    parts += [f"-{name}" for name in old if name not in new]
    parts += [f"~{name}" for name in new if name in old and new[name] != old[name]]
    return f"parameter form: {' '.join(parts)}" if parts else "parameter form: its rules"


def _merge_tags(
    update: Update, sent: Payload, wanted: Payload, existing: Mapping[str, Any]
) -> None:
    current, before, after = (
        set(existing.get("tags") or ()),
        set(sent.get("tags", ())),
        set(wanted["tags"]),
    )
    merged = (current - (before - after)) | (after - before)
    if merged != current:
        update.fields["tags"] = sorted(merged)
        update.changes.append(f"tags: {', '.join(sorted(merged))}")
    if own := sorted(current - before - after):
        update.kept.append(f"tags added in Prefect: {', '.join(own)}")


def _merge_parameters(
    update: Update, sent: Payload, wanted: Payload, existing: Mapping[str, Any]
) -> None:
    current = existing.get("parameters") or {}
    before, after = sent.get("parameters", {}).get("inputs", {}), wanted["parameters"]["inputs"]
    own = {
        name: value
        for name, value in (current.get("inputs") or {}).items()
        if before.get(name, _ABSENT) != value
        and after.get(name, _ABSENT) == before.get(name, _ABSENT)
    }
    merged = {**wanted["parameters"], "inputs": {**after, **own}}
    if own:
        update.kept.append(f"values set in Prefect: {', '.join(sorted(own))}")
    if merged != current:
        update.fields["parameters"] = merged
        if merged["inputs"] != current.get("inputs"):
            update.changes.append("the values that runs start from")


_ABSENT = object()


def _merge_schedules(
    update: Update, sent: Payload, wanted: Payload, existing: Mapping[str, Any]
) -> None:
    present = {s["slug"]: s for s in existing.get("schedules") or () if _is_ours(s)}
    before = {s["slug"]: s for s in sent.get("schedules", ())}
    after = {s["slug"]: s for s in wanted["schedules"]}
    for slug, schedule in after.items():
        if slug not in before and slug not in present:
            update.create.append(schedule)
            update.changes.append(f"schedule added: {_cron(schedule)}{_state(schedule)}")
        elif slug in before and slug not in present:
            update.kept.append(f"schedule removed in Prefect stays removed: {_cron(schedule)}")
        elif slug in before and before[slug] != schedule:
            _change_schedule(update, before[slug], schedule, present[slug])
    for slug, schedule in present.items():
        if slug not in after:
            update.remove.append(schedule["id"])
            update.changes.append(f"schedule removed: {_cron(schedule)}")


def _change_schedule(
    update: Update, before: dict[str, Any], after: dict[str, Any], present: dict[str, Any]
) -> None:
    """Write a schedule's new values; its activity only if nobody touched it in Prefect."""
    change = {"parameters": after["parameters"]}
    if present["active"] == before["active"] != after["active"]:
        change["active"] = after["active"]
        update.changes.append(f"schedule {_cron(after)}{_state(after) or ' is switched on'}")
    else:
        update.changes.append(f"schedule {_cron(after)}: its parameters")
    update.change[present["id"]] = change


def _is_ours(schedule: Mapping[str, Any]) -> bool:
    return str(schedule.get("slug") or "").startswith(SLUG_PREFIX)


def _cron(schedule: Mapping[str, Any]) -> str:
    rule = schedule.get("schedule") or {}
    times = rule.get("cron") or rule.get("interval") or rule.get("rrule")
    return f"{times} {rule.get('timezone') or 'UTC'}"


def _state(schedule: Mapping[str, Any]) -> str:
    return "" if schedule["active"] else " (paused: a required parameter has no value)"


def _note_kept(update: Update, sent: Payload, existing: Mapping[str, Any]) -> None:
    sent_schedules = {s["slug"]: s for s in sent.get("schedules", ())}
    for schedule in existing.get("schedules") or ():
        ours = sent_schedules.get(schedule.get("slug"))
        if not _is_ours(schedule):
            update.kept.append(f"schedule added in Prefect: {_cron(schedule)}")
        elif ours and ours["active"] != schedule["active"] and schedule["id"] not in update.remove:
            word = "resumed" if schedule["active"] else "paused"
            update.kept.append(f"schedule {word} in Prefect: {_cron(schedule)}")
    if existing.get("paused"):
        update.kept.append("the deployment is paused")
    limit = (existing.get("global_concurrency_limit") or {}).get("limit")
    if "concurrency_limit" not in update.fields and limit != sent.get("concurrency_limit"):
        update.kept.append(f"concurrency limit set in Prefect: {_shown(limit)}")
