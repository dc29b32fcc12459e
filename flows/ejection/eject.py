"""Eject a definition with the code of the actions that it uses."""

from __future__ import annotations

import inspect
import re

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.eject import Support, eject
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import Action
from prefect_luthier.flows.actions.installed import installed_actions
from prefect_luthier.flows.ejection.linking import PACKAGE, Key, link

_CARRIED = f"{PACKAGE}.flows.ejection"
_EXPRESSIONS = f"{PACKAGE}.deployments.definition.expressions"
_REPLACEMENTS = {
    f"{PACKAGE}.subprocesses": f"{_CARRIED}.programs",
    f"{PACKAGE}.ai_builder.token_budget": f"{_CARRIED}.unmetered",
}
# What the generated part of every program calls.
_ALWAYS: tuple[Key, ...] = (
    *((f"{_CARRIED}.scope", name) for name in ("Scope", "Step", "Outputs")),
    (f"{_CARRIED}.run", "run_steps"),
    *((f"{_CARRIED}.commands", name) for name in ("shell", "text", "word")),
)


def ejected(definition: Definition, catalog: Catalog) -> str:
    """Return a Python program that does what the definition does, without Luthier.

    Raises:
        LuthierError: A step uses something whose code cannot be carried along.
    """
    actions = _used_actions(definition, catalog)
    draft = eject(definition, catalog, _without_code(actions))
    roots: list[Key] = [*_ALWAYS]
    roots += [(f"{_CARRIED}.acting", "act")] if actions else []
    roots += [(_EXPRESSIONS, "evaluate")] if "evaluate(" in draft else []
    wished: dict[Key, str] = {}
    for action in actions.values():
        roots += _roots(action)
        wished[_roots(action)[0]] = re.sub(r"\W", "_", action.slug) + "_action"
    if any("embedded(" in link(_roots(action), _REPLACEMENTS).code for action in actions.values()):
        roots.insert(0, (f"{_CARRIED}.embedding", "embedded"))
    linked = link(roots, _REPLACEMENTS, wished)
    names = {
        reference: (linked.names[_roots(action)[0]], linked.names[_roots(action)[1]])
        for reference, action in actions.items()
    }
    return eject(definition, catalog, Support(linked.imports, linked.code, names))


def _without_code(actions: dict[str, Action]) -> Support:
    return Support((), "", dict.fromkeys(actions, ("run", "Inputs")))


def _used_actions(definition: Definition, catalog: Catalog) -> dict[str, Action]:
    installed = {f"{action.slug}@{action.version}": action for action in installed_actions()}
    used: dict[str, Action] = {}
    for step_id in definition.steps:
        step = definition.resolved_step(step_id)
        entry = catalog.find(step.uses) if step.uses and step.run is None else None
        if entry is not None and f"{entry.slug}@{entry.version}" in installed:
            reference = f"{entry.slug}@{entry.version}"
            used[reference] = installed[reference]
    return used


def _roots(action: Action) -> list[Key]:
    """Return where an action's function and the model of its inputs are defined."""
    found: list[Key] = []
    for part in (action.run, action.inputs):
        module = inspect.getmodule(part)
        name = getattr(part, "__qualname__", "")
        if module is None or "." in name or not module.__name__.startswith(PACKAGE):
            raise LuthierError(
                "cannot-eject",
                f"the code of {action.slug!r} belongs to another package and cannot be copied.",
                "Call that package from the ejected program instead.",
            )
        found.append((module.__name__, name))
    return found
