"""The ``luthier`` command: finds the subcommand and loads only its module."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer
from typer.main import get_command

from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.ui.cli.lazy_group import lazy_group
from prefect_luthier.ui.cli.output import report_error, report_unexpected

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("stack:up", "Start everything: database, Prefect server, worker, builder."),
    "down": ("stack:down", "Stop everything that `up` started."),
    "status": ("status:status", "Show the stack, or one run."),
    "init": ("init:init", "Write a first workflow.toml to start from."),
    "draft": ("draft:draft", "Turn a request in plain language into a definition."),
    "validate": ("validate:validate", "Check definitions and show every finding."),
    "plan": ("plan:plan", "Show what a run would do, with its parameters resolved."),
    "run": ("run:run", "Run a workflow and watch its steps."),
    "resume": ("run:resume", "Continue a failed run from the steps that did not finish."),
    "runs": ("runs:runs", "List the newest runs."),
    "logs": ("logs:logs", "Print what a run wrote."),
    "cancel": ("cancel:cancel", "Cancel a run and everything it started."),
    "register": ("register:register", "Make a definition a Prefect deployment."),
    "unregister": ("register:unregister", "Remove a workflow's deployment."),
    "list": ("register:list_workflows", "List the registered workflows."),
    "schema": ("schema:schema", "Print the JSON Schema of definitions, for editors."),
    "eject": ("eject:eject", "Turn a definition into Python that runs without Luthier."),
    "catalog": ("catalog:catalog", "List the actions a definition may use."),
    "rosette": ("rosette.app:app", "Design a guitar rosette: from constraints to toolpaths."),
    "ai": ("ai.app:app", "Plan actions from a request, and do each of them once."),
    "metrics": ("metrics:metrics", "Print the metrics, or serve them to Prometheus."),
    "eval": ("evaluate:evaluate", "Draft many requests and score the results."),
    "self-test": ("self_test:self_test", "Check this installation from end to end."),
}


app = typer.Typer(
    cls=lazy_group("prefect_luthier.ui.cli", COMMANDS),
    name="luthier",
    help="Describe an automation in plain language; run it as a checked Prefect deployment.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - 40 ms, only when asked

        typer.echo(f"luthier {version('prefect-luthier')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """Describe an automation in plain language; run it as a checked Prefect deployment."""


def main() -> None:
    """Run the command line; every failure becomes one message and an exit code."""
    as_json = "--json" in sys.argv[1:]
    if sys.argv[1:2] == ["validate"]:
        _start_quickly()
    try:
        # On its own, Typer would explain wrong options to people only, and print no document.
        code = get_command(app)(prog_name="luthier", standalone_mode=not as_json)
        sys.exit(code if isinstance(code, int) else 0)
    except LuthierError as error:
        sys.exit(report_error(error, as_json=as_json))
    except KeyboardInterrupt:
        sys.stderr.write("cancelled\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the outermost edge
        if wrong := _wrong_usage(error):
            sys.exit(report_error(wrong, as_json=as_json))
        sys.exit(report_unexpected(error, as_json=as_json))


def _wrong_usage(error: Exception) -> UsageError | None:
    """Return what Typer has against the arguments, None for any other error."""
    explain = getattr(error, "format_message", None)
    if explain is None:
        return None
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "luthier"
    return UsageError("wrong-usage", str(explain()), f"`{command} --help` explains it.")


def _start_quickly() -> None:
    """Leave out what a command pays for that ends at once, as editors and hooks call it."""
    # Pydantic would read the metadata of every installed package for plug-ins of its own;
    # validation starts no program that could inherit this.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()  # a tenth of the time goes into looking for cycles among imported classes


if __name__ == "__main__":
    main()
