"""Parameter types and validators that installed packages add, found when they are needed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from prefect_luthier.deployments.definition.parameter_types import (
    BUILTIN_PARAMETER_TYPES,
    ParameterType,
)
from prefect_luthier.errors import LuthierError

TYPES_GROUP = "prefect_luthier.parameter_types"
VALIDATORS_GROUP = "prefect_luthier.validators"

_GROUP = re.compile(rb"^\[(prefect_luthier\.\w+)\]", re.MULTILINE)


class PluginFailed(LuthierError):
    """A plug-in cannot be loaded or raised an error."""

    def __init__(self, group: str, name: str, error: BaseException) -> None:
        super().__init__(
            "plugin-failed",
            f"the plug-in {name!r} ({group}) failed: {type(error).__name__}: {error}",
            "Update or remove the package that provides it.",
        )


def parameter_type(name: str) -> ParameterType | None:
    """Return the parameter type of that name, built in or from a plug-in; None when unknown.

    Raises:
        PluginFailed: The plug-in of that name cannot be loaded.
    """
    return BUILTIN_PARAMETER_TYPES.get(name) or plugin_parameter_type(name)


@cache
def plugin_parameter_type(name: str) -> ParameterType | None:
    """Return the parameter type that an installed package registers under ``name``.

    Raises:
        PluginFailed: The plug-in of that name cannot be loaded, or is no `ParameterType`.
    """
    if not is_group_used(TYPES_GROUP):
        return None
    loaded, failures = load_entry_points(TYPES_GROUP, name)
    if failures:
        raise failures[0]
    kind = loaded.get(name)
    if kind is not None and not isinstance(kind, ParameterType):
        raise PluginFailed(TYPES_GROUP, name, TypeError("it is no ParameterType"))
    return kind


def is_group_used(group: str) -> bool:
    """Return whether an installed package adds anything to one of Luthier's entry-point groups."""
    return group.encode() in used_groups()


@cache
def used_groups() -> frozenset[bytes]:
    """Return the names of Luthier's entry-point groups that installed packages add to.

    Reading the few files itself takes a tenth of the time of `importlib.metadata`, which also
    parses each of them; a definition without plug-ins should not pay for plug-ins.
    """
    return frozenset(
        group
        for folder in sys.path
        for file in _metadata(folder)
        for group in _GROUP.findall(_contents(file))
    )


def _metadata(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                if entry.name.endswith((".dist-info", ".egg-info")):
                    yield os.path.join(entry.path, "entry_points.txt")  # noqa: PTH118 - strings are enough, and faster
    except OSError:
        return


def _contents(file: str) -> bytes:
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - as above
            return stream.read()
    except OSError:
        return b""


def load_entry_points(
    group: str, name: str | None = None
) -> tuple[dict[str, Any], list[PluginFailed]]:
    """Return what the entry points of a group load, by name, and those that failed."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - 40 ms, only with plug-ins

    selected = entry_points(group=group) if name is None else entry_points(group=group, name=name)
    loaded: dict[str, Any] = {}
    failures: list[PluginFailed] = []
    for point in selected:
        try:
            loaded[point.name] = point.load()
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything; it is reported
            failures.append(PluginFailed(group, point.name, error))
    return loaded, failures
