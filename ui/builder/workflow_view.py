"""A definition as its picture and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cron_descriptor import (
    CasingTypeEnum,
    FormatException,
    Options,
    get_description,
)

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.graph import layers, step_graph
from prefect_luthier.deployments.definition.model import Definition, Trigger
from prefect_luthier.ui.dag_icons import icon_name
from prefect_luthier.ui.dag_picture import Mark, PictureStep, draw


def picture_of(
    definition: Definition, catalog: Catalog, marks: Mapping[str, Mark] | None = None
) -> str:
    """Return the SVG picture of a definition, or of a run of it."""
    placed = layers(definition)
    needs = step_graph(definition).needs
    steps = [
        _picture_step(definition, step, needs[step], catalog) for layer in placed for step in layer
    ]
    return draw(
        steps,
        placed,
        title=definition.name or definition.id,
        starts="" if marks is not None else schedules_words(definition),
        marks=marks,
    )


def _picture_step(
    definition: Definition, step_id: str, needs: tuple[str, ...], catalog: Catalog
) -> PictureStep:
    step = definition.resolved_step(step_id)
    entry = catalog.find(step.uses) if step.uses else None
    return PictureStep(
        id=step_id,
        title=step.name or step_id,
        detail=step.uses or step.run or "",
        icon=icon_name(step.uses, entry.kind if entry else None),
        needs=needs,
        when=step.when,
        foreach=step.foreach,
    )


def sketch_of_plan(plan: Mapping[str, Any]) -> Definition:
    """Return as much of a definition as its picture needs, from a stored plan.

    A run of a file has a plan in the database, and no definition.
    """
    steps = {
        step["id"]: {
            key: step[key]
            for key in ("name", "needs", "uses", "run", "when", "foreach")
            if step.get(key) is not None
        }
        for step in plan["steps"]
    }
    return Definition.model_validate(
        {"id": plan["workflow"], "version": plan["version"], "name": plan["name"], "steps": steps}
    )


def schedules_words(definition: Definition) -> str:
    """Return when a workflow starts by itself; empty when it does not."""
    return "; ".join(schedule_words(trigger) for trigger in definition.triggers)


def schedule_words(trigger: Trigger) -> str:
    """Return when a trigger fires, e.g. ``At 07:00, Monday through Friday (Europe/Berlin)``."""
    return f"{cron_words(trigger.cron)} ({trigger.timezone})"


def cron_words(cron: str) -> str:
    """Return a cron line in words; one that cannot be read stays as it is."""
    options = Options()
    options.use_24hour_time_format = True
    options.casing_type = CasingTypeEnum.Sentence
    try:
        return str(get_description(cron, options))
    except (FormatException, ValueError, IndexError, TypeError):
        return cron
