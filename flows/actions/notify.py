"""`notify`: tell people something where they look: event, log and artifact in Prefect."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)

Level = Literal["info", "warning", "error"]

_MARKS = {"info": "ℹ️", "warning": "⚠️", "error": "❌"}  # noqa: RUF001 - it is an icon

EVENT = "luthier.notification"


class NotifyInputs(ActionInputs):
    """What to tell."""

    message: str = Field(min_length=1, description="The text, Markdown allowed.")
    title: str = Field(default="Notification", min_length=1, description="Its heading.")
    level: Level = Field(default="info", description="How urgent it is.")


class NotifyOutputs(ActionOutputs):
    """What was told."""

    title: str = Field(description="The heading.")
    message: str = Field(description="The text.")
    event_id: str = Field(description="Prefect event that automations can react to.")


async def _run(inputs: NotifyInputs, context: ActionContext) -> NotifyOutputs:
    from prefect.artifacts import acreate_markdown_artifact  # noqa: PLC0415 - Prefect is slow
    from prefect.events import emit_event  # noqa: PLC0415

    context.log(f"{inputs.level}: {inputs.title}: {inputs.message}")
    event = emit_event(
        event=EVENT,
        resource={
            "prefect.resource.id": f"luthier.run.{context.run_id or 'none'}",
            "luthier.step": context.step,
        },
        payload={"title": inputs.title, "message": inputs.message, "level": inputs.level},
    )
    await acreate_markdown_artifact(
        markdown=f"## {_MARKS[inputs.level]} {inputs.title}\n\n{inputs.message}\n",
        description=f"Notification of step {context.step}" if context.step else "Notification",
    )
    return NotifyOutputs(
        title=inputs.title, message=inputs.message, event_id=str(event.id) if event else ""
    )


NOTIFY = Action(
    slug="notify",
    version="1.0.0",
    description="Notify people: tell, alert, warn or send a message, shown in Prefect as an "
    "event, a log line and an artifact; Prefect automations can forward it.",
    inputs=NotifyInputs,
    outputs=NotifyOutputs,
    run=_run,
)
