"""`luthier init`: a first definition to start from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.errors import UsageError
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style

_TEMPLATE = """schema = 1
id = "{id}"
version = "0.1.0"
name = "{name}"
description = "Say what it is for: Prefect shows this text."
tags = []

# What the person who starts a run fills in. `luthier schema` lists every type.
[parameters.greeting]
type = "string"
default = "Hello"
description = "The first word"

# Steps run as soon as the steps they need are done.
[steps.greet]
run = "echo ${{{{ params.greeting }}}} from $(hostname)"

[steps.save]
uses = "file.write@1"
needs = ["greet"]
when = "steps.greet.outputs.stdout != ''"
inputs = {{ path = "greeting.txt", content = "${{{{ steps.greet.outputs.stdout }}}}" }}

# Files to keep from the run, with their checksum.
[artifacts.greeting]
path = "greeting.txt"
retention = "30d"
"""


def init(
    file: Annotated[Path, typer.Argument(help="File to write.")] = Path("workflow.toml"),
    *,
    name: Annotated[str | None, typer.Option(help="Title; default: the folder's name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a first definition, valid and ready to run."""
    title = name or file.absolute().parent.name or "workflow"
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "workflow"
    workflow_id = slug if slug[0].isalpha() else f"workflow-{slug}"
    text = _TEMPLATE.format(id=workflow_id, name=title.replace("\\", "").replace('"', "'"))
    try:
        with file.open("x") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise UsageError(
            "file-exists", f"{file} is already there.", "Name another file to write."
        ) from error
    except OSError as error:
        raise UsageError("cannot-write", f"cannot write {file}: {error.strerror}.") from error
    if as_json:
        print_json({"path": str(file), "id": workflow_id})
        return
    say(f"{style('✓', 'green')} wrote {file}")
    say(f"  luthier validate {file}   check it\n  luthier run {file}        run it here")
