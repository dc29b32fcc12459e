"""Whether the runs that are already scheduled would still be accepted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from prefect_luthier.deployments.register.payload import Payload


@dataclass(frozen=True)
class BrokenSchedule:
    """A schedule whose runs the new parameter form would refuse.

    Args:
        schedule: Its rule, for people.
        reasons: What the form says against its parameters.
    """

    schedule: str
    reasons: tuple[str, ...]


def broken_schedules(
    schema: Payload, parameters: Mapping[str, Any], schedules: Iterable[Mapping[str, Any]]
) -> list[BrokenSchedule]:
    """Return the active schedules whose runs ``schema`` would refuse.

    Args:
        schema: The parameter schema to come.
        parameters: The deployment's own parameters to come.
        schedules: The schedules in Prefect; each may override parameters.
    """
    validator = jsonschema_rs.validator_for(schema)
    broken = []
    for schedule in schedules:
        if not schedule.get("active"):
            continue
        effective = {**parameters, **(schedule.get("parameters") or {})}
        reasons = tuple(
            f"{'.'.join(map(str, error.instance_path)) or 'parameters'}: {error.message}"
            for error in validator.iter_errors(effective)
        )
        if reasons:
            rule = schedule.get("schedule") or {}
            name = rule.get("cron") or rule.get("rrule") or f"every {rule.get('interval')} s"
            broken.append(BrokenSchedule(str(name), reasons))
    return broken
