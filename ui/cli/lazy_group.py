"""Groups of commands whose modules are imported when a command is called."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from prefect_luthier.errors import UsageError
from prefect_luthier.suggestions import closest


def lazy_app(
    package: str, commands: Mapping[str, tuple[str, str]], *, name: str, about: str
) -> typer.Typer:
    """Return a sub-command with commands of its own, each in a module of ``package``.

    Args:
        package: As for `lazy_group`.
        commands: As for `lazy_group`.
        name: Name of the sub-command.
        about: First line of its help page.
    """
    app = typer.Typer(
        cls=lazy_group(package, commands),
        name=name,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
    )
    app.callback(help=about)(lambda: None)
    return app


def lazy_group(package: str, commands: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """Return a group class that lists ``commands`` without importing them.

    Args:
        package: Dotted name of the package with the commands' modules.
        commands: ``(module:function, summary)`` by command name, in the order of the help page.
    """

    class LazyGroup(TyperGroup):
        """A group whose commands are imported when they are called, not when they are listed."""

        _listing = False

        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
            """Return the commands in the order of the table."""
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
            """Return the command; while help is printed, only its name and summary."""
            if cmd_name not in commands:
                return None
            target, summary = commands[cmd_name]
            if self._listing:
                return _command(cmd_name, lambda: None, help=summary)
            module, _, name = target.partition(":")
            loaded = getattr(importlib.import_module(f"{package}.{module}"), name)
            if isinstance(loaded, typer.Typer):
                return get_command(loaded)
            return _command(cmd_name, loaded)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Return the command that is called; a name that does not exist gets candidates."""
            if args and not args[0].startswith("-") and args[0] not in commands:
                raise _unknown(ctx.command_path, args[0], commands)
            return super().resolve_command(ctx, args)

        def format_help(self, ctx: Any, formatter: Any) -> None:
            """Print the help page without importing the commands."""
            self._listing = True
            try:
                super().format_help(ctx, formatter)
            finally:
                self._listing = False

    return LazyGroup


def _unknown(group: str, name: str, commands: Iterable[str]) -> UsageError:
    near = [f"`{group} {candidate}`" for candidate in closest(name, commands)]
    listed = f"`{group} --help` lists the commands."
    return UsageError(
        "unknown-command",
        f"there is no command `{group} {name}`.",
        f"Did you mean {' or '.join(near)}? {listed}" if near else listed,
    )


def _command(name: str, function: Any, **options: Any) -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode="rich")
    app.command(name, **options)(function)
    return get_command(app)
