"""Triggers: their times and the parameters of the runs they start."""

from __future__ import annotations

from typing import Any

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.cron import ALIASES, cron_problem
from prefect_luthier.deployments.definition.model import Parameter, Trigger
from prefect_luthier.deployments.definition.parameter_values import check_value
from prefect_luthier.deployments.definition.plugins import PluginFailed
from prefect_luthier.deployments.definition.templates import is_template
from prefect_luthier.errors import LuthierError
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import (
    closest,
    did_you_mean,
    surely_meant,
)


def check_triggers(checked: Checked) -> None:
    """Report triggers that never start, or start runs that cannot be planned."""
    seen: dict[str, int] = {}
    for index, trigger in enumerate(checked.definition.triggers):
        path: Path = ("triggers", index)
        if trigger.cron == UNKNOWN:
            continue
        _check_cron(checked, path, trigger)
        _check_timezone(checked, path, trigger)
        _check_values(checked, path, trigger)
        first = seen.setdefault(trigger.model_dump_json(), index)
        if first != index:
            checked.findings.warn(
                "duplicate-trigger",
                f"this trigger starts the same run as trigger {first + 1}.",
                path,
                related=checked.findings.document.value_span(("triggers", first)),
            )


def _check_cron(checked: Checked, path: Path, trigger: Trigger) -> None:
    problem = cron_problem(trigger.cron)
    if problem is None:
        return
    meant = ALIASES.get(trigger.cron.strip().lower())
    checked.findings.add(
        "bad-cron",
        f"cron {trigger.cron[:80]!r} cannot be used: {problem}. Write five fields: minute, hour, "
        "day of month, month, day of week, e.g. `0 7 * * 1-5`.",
        (*path, "cron"),
        candidates=(meant,) if meant else (),
        fix=checked.findings.replace_value((*path, "cron"), meant) if meant else None,
    )


def is_timezone(name: str) -> bool:
    """Return whether ``name`` is a time zone of the IANA database."""
    import zoneinfo  # noqa: PLC0415 - only for definitions with triggers

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _check_timezone(checked: Checked, path: Path, trigger: Trigger) -> None:
    name = trigger.timezone
    if is_timezone(name):
        return
    import zoneinfo  # noqa: PLC0415 - as above

    known = {zone.lower(): zone for zone in sorted(zoneinfo.available_timezones())}
    cities = {zone.rsplit("/", 1)[-1].lower(): zone for zone in known.values() if "/" in zone}
    lowered = name.lower().replace(" ", "_")
    near = known.get(lowered) or cities.get(lowered)
    meant = near or surely_meant(name, known.values())
    candidates = (meant,) if meant else closest(name, known.values())
    checked.findings.add(
        "bad-timezone",
        f'{name[:80]!r} is no IANA time zone such as "Europe/Berlin".{did_you_mean(candidates)}',
        (*path, "timezone"),
        candidates=candidates,
        fix=checked.findings.replace_value((*path, "timezone"), meant) if meant else None,
    )


def _check_values(checked: Checked, path: Path, trigger: Trigger) -> None:
    parameters = checked.definition.parameters
    for name, value in trigger.parameters.items():
        place = (*path, "parameters", name)
        if checked.is_pruned(place):
            continue
        if name not in parameters:
            _unknown(checked, place, name)
        elif not checked.is_pruned(("parameters", name)):
            _check_value(checked, place, parameters[name], value)
    for name, parameter in parameters.items():
        if parameter.required and parameter.default is None and name not in trigger.parameters:
            checked.findings.add(
                "trigger-missing-parameter",
                f"the runs of this trigger have no value for the required parameter {name!r}; "
                "the schedule stays off until registering gives one.",
                path,
                severity="warning",
                candidates=(name,),
                related=checked.findings.document.key_span(("parameters", name)),
            )


def _unknown(checked: Checked, place: Path, name: str) -> None:
    parameters = checked.definition.parameters
    meant = surely_meant(name, parameters)
    candidates = closest(name, parameters)
    checked.findings.add(
        "unknown-parameter",
        f"the workflow has no parameter {name!r}.{did_you_mean(candidates)}",
        place,
        at_key=True,
        candidates=candidates,
        fix=checked.findings.rename_key(place, meant) if meant else None,
    )


def _check_value(checked: Checked, place: Path, parameter: Parameter, value: Any) -> None:
    if is_template(value):
        checked.findings.add(
            "template-not-allowed", "a trigger's parameters are plain values.", place
        )
        return
    try:
        check_value(parameter, value)
    except ValueError as error:
        checked.findings.add(
            "bad-trigger-parameter", f"the value for {place[-1]!r} {error}.", place
        )
    except PluginFailed:
        return  # reported at the parameter
    except LuthierError as error:
        checked.findings.add(error.code, str(error), place)
