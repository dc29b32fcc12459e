"""`luthier ai`: finds the sub-command and loads only its module."""

from __future__ import annotations

import typer

from prefect_luthier.ui.cli.lazy_group import lazy_group

COMMANDS: dict[str, tuple[str, str]] = {
    "plan": ("plan:plan", "Turn a request into actions, without doing anything."),
    "execute": ("execute:execute", "Do the actions of a plan; each takes effect once."),
    "job": ("job:job", "Show one job, or cancel it."),
    "jobs": ("jobs:jobs", "List jobs, and effects that wait for a person."),
    "resolve": ("resolve:resolve", "Say whether an effect of unknown outcome happened."),
}

app = typer.Typer(
    cls=lazy_group("prefect_luthier.ui.cli.ai", COMMANDS),
    name="ai",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


@app.callback()
def _root() -> None:
    """Plan actions from a request, permit them, and do each of them once."""
