"""`luthier rosette`: finds the sub-command and loads only its module."""

from __future__ import annotations

import typer

from prefect_luthier.ui.cli.lazy_group import lazy_group

COMMANDS: dict[str, tuple[str, str]] = {
    "search": ("search:search", "Search for a design that suits the wishes and can be made."),
    "score": ("score:score", "Say whether a design can be made, and how well."),
    "toolpaths": ("toolpaths:toolpaths", "Write the verified programs that cut a design."),
    "draw": ("draw:draw", "Draw a design to scale, with its dimensions."),
    "library": ("library:library", "List the materials, tools and machines, with their sources."),
}

app = typer.Typer(
    cls=lazy_group("prefect_luthier.ui.cli.rosette", COMMANDS),
    name="rosette",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


@app.callback()
def _root() -> None:
    """Design a guitar rosette: from what the customer wants to verified toolpaths."""
