"""`luthier eject`: a definition as Prefect Python that runs without Luthier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.errors import UsageError
from prefect_luthier.flows.ejection.eject import ejected
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.reading import read_valid, whole_catalog


def eject(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A definition; `-` is stdin.")],
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="File to write.")
    ] = None,
    catalog: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A catalog file to add.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a definition into plain Prefect Python that runs without Luthier."""
    definition, _ = read_valid(Path(file), catalog, for_this_machine=False)
    source = ejected(definition, whole_catalog(catalog))
    if output is not None:
        _write(output, source)
    if as_json:
        path = str(output) if output else None
        print_json({"path": path, "digest": definition.digest, "python": source})
    elif output is not None:
        say(f"wrote {output}; run it with: python {output} --help")
    else:
        typer.echo(source, nl=False)


def _write(path: Path, source: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(source, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(
            "unwritable-file", f"cannot write {str(path)!r}: {error.strerror}."
        ) from error
