"""The flows that ship with Luthier, as deployments: data, so that `luthier up` imports none.

After a change of a flow's parameters, write the data anew; a test compares them:

    python -m prefect_luthier.flows.builtin_deployments
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any, get_type_hints

from prefect_luthier.canonical import digest

DATA = Path(__file__).with_name("builtin_deployments.json")

NAME = "luthier"
"""Name of every built-in deployment: ``flow/luthier``."""

_TAGS = ("built-in", "rosette")
_DIGITS = 12

ENTRYPOINTS: tuple[str, ...] = (
    "prefect_luthier.flows.draft_workflow.draft_workflow",
    "prefect_luthier.flows.plan_actions.plan_actions",
    "prefect_luthier.flows.rosette.search_rosette.search_rosette",
    "prefect_luthier.flows.rosette.search_rosette.quick_check",
    "prefect_luthier.flows.rosette.score_rosette.score_rosette",
    "prefect_luthier.flows.rosette.bind_candidate.bind_candidate",
    "prefect_luthier.flows.rosette.advance_design.advance_design",
    "prefect_luthier.flows.rosette.make_toolpaths.make_toolpaths",
    "prefect_luthier.flows.rosette.commission_rosette.commission_rosette",
)

Payload = dict[str, Any]


def builtin_deployments() -> list[Payload]:
    """Return the deployments of this release: for each, its flow's name and what Prefect gets."""
    loaded: list[Payload] = json.loads(DATA.read_text())
    return loaded


def current_deployments() -> list[Payload]:
    """Return the deployments, made from the code of the flows."""
    return [_deployment(entrypoint) for entrypoint in ENTRYPOINTS]


def _deployment(entrypoint: str) -> Payload:
    module, _, name = entrypoint.rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    description = inspect.cleandoc(flow.description or "").partition("\n\nArgs:")[0]
    content = {
        "name": NAME,
        "description": description,
        "tags": list(_TAGS),
        "entrypoint": entrypoint,
        "parameter_openapi_schema": _form(flow),
        "enforce_parameter_schema": True,
    }
    # The version says what was sent, and which description: so a later release can tell what a
    # person wrote instead.
    version = f"{digest(content)[7:][:_DIGITS]}.{digest(description)[7:][:_DIGITS]}"
    return {"flow": flow.name, "deployment": content | {"version": version}}


def _form(flow: Any) -> Payload:
    """Return the schema of a flow's form; each field has the title and text of its annotation."""
    schema: Payload = flow.parameters.model_dump(mode="json")
    hints = get_type_hints(flow.fn, include_extras=True)
    for name, field in schema["properties"].items():
        said = getattr(hints[name], "__metadata__", ())
        titles = [each.title for each in said if each.title]
        field["title"] = titles[-1] if titles else name.replace("_", " ").capitalize()
        if texts := [each.description for each in said if each.description]:
            field.setdefault("description", texts[-1])
    return schema


if __name__ == "__main__":
    DATA.write_text(json.dumps(current_deployments(), indent=1, ensure_ascii=False) + "\n")
