"""The actions of this installation: what ships, and what plug-ins add by entry point."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.plugins import is_group_used
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.builtin import BUILTIN_ACTIONS
from prefect_luthier.flows.actions.contract import Action

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINT_GROUP = "prefect_luthier.actions"


@cache
def installed_actions() -> tuple[Action, ...]:
    """Return all actions; a plug-in may add versions of a slug, but not replace one.

    Raises:
        LuthierError: A plug-in cannot be loaded, is no `Action`, or takes a name in use.
    """
    actions = {(action.slug, action.version): action for action in BUILTIN_ACTIONS.values()}
    for entry_point in _entry_points():
        for action in _load(entry_point):
            key = (action.slug, action.version)
            if key in actions:
                raise LuthierError(
                    "duplicate-action",
                    f"the plug-in {entry_point.value!r} adds {action.slug}@{action.version}, "
                    "which exists already.",
                    "Give it another slug or version, or uninstall one of them.",
                )
            actions[key] = action
    return tuple(actions.values())


def _entry_points() -> Iterable[EntryPoint]:
    if not is_group_used(ENTRY_POINT_GROUP):
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes long, only with plug-ins

    return entry_points(group=ENTRY_POINT_GROUP)


@cache
def installed_catalog() -> Catalog:
    """Return the installed actions as a catalog."""
    return Catalog(action.entry for action in installed_actions())


def find_action(reference: str) -> Action | None:
    """Return the action that a full reference ``slug@x.y.z`` names, or None."""
    for action in installed_actions():
        if f"{action.slug}@{action.version}" == reference:
            return action
    return None


def _load(entry_point: object) -> tuple[Action, ...]:
    """Return the action, or the actions, that an entry point names."""
    name = getattr(entry_point, "value", "")
    try:
        loaded = entry_point.load()  # type: ignore[attr-defined]
    except Exception as error:  # foreign code: whatever it raises, name the plug-in
        raise LuthierError(
            "broken-plugin",
            f"the plug-in {name!r} cannot be loaded: {type(error).__name__}: {error}.",
            "Repair or uninstall it.",
        ) from error
    actions = loaded if isinstance(loaded, list | tuple) else [loaded]
    for action in actions:
        if not isinstance(action, Action):
            raise LuthierError(
                "broken-plugin",
                f"the plug-in {name!r} gives a {type(action).__name__}, not an Action.",
                "It must name an `Action`, or a list of them.",
            )
    return tuple(actions)
