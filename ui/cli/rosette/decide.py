"""`luthier rosette approve`, `reject`, `revise`, `override`, `revoke` and `archive`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.rmos.approval.rules import Decision
from prefect_luthier.rmos.store.designs import decision_json
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.rosette.attach import ActorOption
from prefect_luthier.ui.cli.rosette.bind import NoteOption

DesignArgument = Annotated[
    str, typer.Argument(metavar="DESIGN", help="Id of a design on record; its start is enough.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "--note", help="Why; at least ten characters.")
]
VersionOption = Annotated[
    int | None,
    typer.Option(
        "--if-version", min=0, help="Refuse when the design is not at this version any more."
    ),
]


def override(
    design: DesignArgument,
    reason: ReasonOption,
    *,
    actor: ActorOption = "",
    version: VersionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept a design although the figures are against it, with a reason of ten characters.

    A RED design needs a second person: not the one who submitted it. The reason stays on record.

    [bold]Example[/bold]

        luthier rosette override 3f2a --reason "test cut on scrap was clean" --actor bert
    """
    _decide(design, "override", reason, actor, version, as_json=as_json)


def _decide(
    design: str, decision: Decision, note: str, actor: str, version: int | None, *, as_json: bool
) -> None:
    records = open_records()
    row, step = records.decide(design, decision, records.author(actor), note=note, version=version)
    if as_json:
        print_json(decision_json(row, step))
        return
    say(f"{style('✓', 'green')} design {str(row.id)[:8]}: {step.source} → {step.target}")


def _command(decision: Decision, teaching: str) -> Callable[..., None]:
    """Return the command for a decision that needs no reason; ``teaching`` is its help."""

    def command(
        design: DesignArgument,
        *,
        note: NoteOption = "",
        actor: ActorOption = "",
        version: VersionOption = None,
        as_json: JsonOption = False,
    ) -> None:
        _decide(design, decision, note, actor, version, as_json=as_json)

    command.__doc__ = teaching
    return command


approve = _command(
    "approve",
    """Approve a design, so that its programs may be made.

    GREEN designs can be approved; YELLOW ones need a score of 70; RED ones cannot be approved, only
    overridden by a second person. Of two people who approve at the same moment, one does.
    """,
)
reject = _command(
    "reject", "Reject a design. It stays on record, and can be sent back for a revision."
)
revise = _command(
    "request_revision",
    "Send a design back; `luthier rosette bind --design ID …` then submits its revision.",
)
revoke = _command(
    "revoke",
    "Take an approval back; what was released for the design is no longer handed out.",
)
archive = _command("archive", "Put a design away that is made, or rejected for good.")
