"""The actions of this installation: what ships, and what plug-ins add by entry point."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import TYPE_CHECKING

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.plugins import is_group_used
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.shipped import shipped_catalog

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from prefect_luthier.flows.actions.contract import Action

ENTRY_POINT_GROUP = "prefect_luthier.actions"

Name = tuple[str, str]
"""Slug and version of an action."""


@cache
def installed_actions() -> tuple[Action, ...]:
    """Return all actions; a plug-in may add versions of a slug, but not replace one.

    Raises:
        LuthierError: A plug-in cannot be loaded, is no `Action`, or takes a name in use.
    """
    from prefect_luthier.flows.actions.builtin import (  # noqa: PLC0415 - only to run them
        BUILTIN_ACTIONS,
    )

    builtin = tuple(BUILTIN_ACTIONS.values())
    return (*builtin, *_plug_in_actions({(action.slug, action.version) for action in builtin}))


@cache
def installed_catalog() -> Catalog:
    """Return the installed actions as a catalog, without loading those that ship.

    Raises:
        LuthierError: As for ``installed_actions``.
    """
    shipped = shipped_catalog()
    added = _plug_in_actions({(entry.slug, entry.version) for entry in shipped})
    return shipped.merged(action.entry for action in added)


def find_action(reference: str) -> Action | None:
    """Return the action that a full reference ``slug@x.y.z`` names, or None."""
    for action in installed_actions():
        if f"{action.slug}@{action.version}" == reference:
            return action
    return None


def _plug_in_actions(taken: Collection[Name]) -> tuple[Action, ...]:
    actions: dict[Name, Action] = {}
    for entry_point in _entry_points():
        for action in _load(entry_point):
            name = (action.slug, action.version)
            if name in taken or name in actions:
                raise LuthierError(
                    "duplicate-action",
                    f"the plug-in {entry_point.value!r} adds {action.slug}@{action.version}, "
                    "which exists already.",
                    "Give it another slug or version, or uninstall one of them.",
                )
            actions[name] = action
    return tuple(actions.values())


def _entry_points() -> Iterable[EntryPoint]:
    if not is_group_used(ENTRY_POINT_GROUP):
        return ()
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes long, only with plug-ins

    return entry_points(group=ENTRY_POINT_GROUP)


def _load(entry_point: object) -> tuple[Action, ...]:
    """Return the action, or the actions, that an entry point names."""
    from prefect_luthier.flows.actions.contract import Action  # noqa: PLC0415 - only with plug-ins

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
