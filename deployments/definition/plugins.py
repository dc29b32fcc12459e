"""Parameter types and validators that installed packages add, found when they are needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from prefect_luthier.deployments.definition.parameter_types import (
    BUILTIN_PARAMETER_TYPES,
    ParameterType,
)
from prefect_luthier.errors import LuthierError

TYPES_GROUP = "prefect_luthier.parameter_types"
VALIDATORS_GROUP = "prefect_luthier.validators"


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
    """Return the parameter type that an installed package registers under ``name``."""
    loaded = load_entry_points(TYPES_GROUP, name)
    if not loaded:
        return None
    kind = loaded[name]
    if not isinstance(kind, ParameterType):
        raise PluginFailed(TYPES_GROUP, name, TypeError("it is no ParameterType"))
    return kind


def load_entry_points(group: str, name: str | None = None) -> dict[str, Any]:
    """Return what the entry points of a group load, by name.

    Raises:
        PluginFailed: One cannot be loaded.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - 40 ms, only with plug-ins

    selected = entry_points(group=group) if name is None else entry_points(group=group, name=name)
    loaded: dict[str, Any] = {}
    for point in selected:
        try:
            loaded[point.name] = point.load()
        except Exception as error:  # noqa: BLE001 - foreign code may raise anything; it is reported
            raise PluginFailed(group, point.name, error) from error
    return loaded
