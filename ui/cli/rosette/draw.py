"""`luthier rosette draw`: the design to scale, as an SVG picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.canonical import digest_bytes
from prefect_luthier.errors import UsageError
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.rosette.documents import (
    SpecOption,
    read_context,
    read_spec,
    refuse_same_input,
)


def draw(
    spec: SpecOption,
    *,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="FILE",
            help="The context: its wood is drawn, and rings with violations are outlined.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write here instead of to stdout."),
    ] = None,
    dimensions: Annotated[
        bool, typer.Option(help="Draw dimension lines, and a label for each ring.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Draw a design to scale: one unit of the picture is one millimetre.

    The same design always gives the same bytes. The picture follows the reader's light or dark
    scheme, and needs nothing beside itself.

    [bold]Example[/bold]

        luthier rosette draw --spec docs/examples/rosette/om28-herringbone.json -o rosette.svg
    """
    if as_json and output is None:
        raise UsageError("no-output", "--json describes a file.", "Say where: -o design.svg.")
    if context is not None:
        refuse_same_input(spec, context)
    design = read_spec(spec)
    conditions = read_context(context) if context is not None else None
    findings: tuple[Violation, ...] = score(design, conditions).violations if conditions else ()
    picture = design_svg(design, conditions, dimensions=dimensions, findings=findings)
    if output is None:
        typer.echo(picture, nl=False)
        return
    _write(output, picture)
    if as_json:
        sha256 = digest_bytes(picture.encode()).removeprefix("sha256:")
        print_json({"path": str(output), "sha256": sha256, "digest": design.digest})
    else:
        say(f"wrote {output}")


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "unwritable-file", f"cannot write {str(path)!r}: {error.strerror}."
        ) from error
