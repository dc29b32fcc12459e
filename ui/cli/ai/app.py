"""`luthier ai`: finds the sub-command and loads only its module."""

from __future__ import annotations

from prefect_luthier.ui.cli.lazy_group import lazy_app

COMMANDS: dict[str, tuple[str, str]] = {
    "plan": ("plan:plan", "Turn a request into actions, without doing anything."),
    "execute": ("execute:execute", "Do the actions of a plan; each takes effect once."),
    "job": ("job:job", "Show one job, or cancel it."),
    "jobs": ("jobs:jobs", "List jobs, and effects that wait for a person."),
    "resolve": ("resolve:resolve", "Say whether an effect of unknown outcome happened."),
}

app = lazy_app(
    "prefect_luthier.ui.cli.ai",
    COMMANDS,
    name="ai",
    about="Plan actions from a request, permit them, and do each of them once.",
)
