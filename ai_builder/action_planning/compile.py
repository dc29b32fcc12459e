"""From a plan to a workflow definition: what was planned runs on the one run flow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import chain, count
from typing import Any

from prefect_luthier.ai_builder.action_planning.plan import KEY_INPUT, PlannedAction
from prefect_luthier.ai_builder.toml_writer import write_json_form
from prefect_luthier.canonical import digest
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.templates import OPEN
from prefect_luthier.errors import LuthierError

_NO_NAME = re.compile(r"[^a-z0-9]+")


def compile_plan(
    actions: Sequence[PlannedAction], catalog: Catalog, workflow_id: str | None = None
) -> str:
    """Return the definition that does the actions of a plan, each in a step of its own.

    No step needs another: an action that fails does not keep the others from being done.
    Texts are taken as they are; nothing in them is an expression.

    Args:
        actions: What is to be done.
        catalog: Knows each action's version, and whether it takes a key.
        workflow_id: Id of the workflow; default: made from what is to be done.

    Raises:
        LuthierError: There is no action, or the catalog does not have one of them.
    """
    if not actions:
        raise LuthierError("empty-plan", "the plan has no actions.", "Ask for something else.")
    names = _step_names([action.action for action in actions])
    return write_json_form(
        {
            "schema": 1,
            "id": workflow_id or f"plan-{_fingerprint(actions)}",
            "version": "1.0.0",
            "name": "Planned actions",
            "description": ", ".join(sorted({action.action for action in actions})),
            "on_failure": "continue",
            "steps": {
                name: _step(action, catalog) for name, action in zip(names, actions, strict=True)
            },
        }
    )


def _step(action: PlannedAction, catalog: Catalog) -> dict[str, Any]:
    entry = catalog.find(action.action)
    if entry is None or entry.kind != "action":
        raise LuthierError(
            "unknown-action",
            f"there is no action {action.action!r}.",
            "`luthier catalog` lists those that are installed.",
        )
    inputs: dict[str, Any] = {key: _literal(value) for key, value in action.params.items()}
    if KEY_INPUT in (entry.input_schema or {}).get("properties", {}):
        inputs[KEY_INPUT] = action.client_request_id
    return {"uses": entry.reference, "inputs": inputs}


def _literal(value: Any) -> Any:
    """Return a value in which no text is read as an expression."""
    if isinstance(value, str):
        return _expression_for(value) if OPEN in value else value
    if isinstance(value, Mapping):
        return {key: _literal(each) for key, each in value.items() if each is not None}
    if isinstance(value, Sequence):
        return [_literal(each) for each in value]
    return value


def _expression_for(text: str) -> str:
    """Return the expression whose value is ``text``; no brace of it can end the expression."""
    quoted = json.dumps(text, ensure_ascii=False).replace("{", "\\u007b").replace("}", "\\u007d")
    return f"{OPEN} {quoted} }}}}"


def _step_names(slugs: Sequence[str]) -> list[str]:
    """Return a step id for each action: its slug, with a number where there are several."""
    bases = [f"s_{base}" if not base[:1].isalpha() else base for base in map(_plain, slugs)]
    names: list[str] = []
    for base in bases:
        alone = bases.count(base) == 1
        numbered = (f"{base}_{number}" for number in count(1))
        names.append(next(name for name in chain([base] * alone, numbered) if name not in names))
    return names


def _plain(slug: str) -> str:
    return _NO_NAME.sub("_", slug.lower()).strip("_")


def _fingerprint(actions: Sequence[PlannedAction]) -> str:
    return digest([action.client_request_id for action in actions]).removeprefix("sha256:")[:12]
