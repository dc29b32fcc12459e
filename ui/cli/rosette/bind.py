"""`luthier rosette bind`: the gate that judges a candidate and records the verdict."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.errors import UsageError
from prefect_luthier.flows.rosette.records import BindRequest, Records, open_records
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.rmos.store.attachments import Declaration
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.rosette.attach import ActorOption, attach_file
from prefect_luthier.ui.cli.rosette.documents import read_context, read_spec

_ID = re.compile(r"(sha256:)?[0-9a-f]{4,64}", re.IGNORECASE)

NoteOption = Annotated[str, typer.Option("--note", help="What you say to it.")]


def bind(
    *,
    spec: Annotated[
        str, typer.Option(metavar="FILE|ID", help="The design: a file, or an attachment's id.")
    ] = "",
    context: Annotated[
        str, typer.Option(metavar="FILE|ID", help="The context: a file, or an attachment's id.")
    ] = "",
    attach: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|ID", help="What else belongs to it; may be repeated."),
    ] = None,
    search: Annotated[
        str, typer.Option(metavar="ID", help="Take the best design of this search.")
    ] = "",
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Take this attempt of the search instead.")
    ] = None,
    design: Annotated[
        str, typer.Option(metavar="ID", help="The design on record whose revision this is.")
    ] = "",
    name: Annotated[str, typer.Option(help="A name for people.")] = "",
    note: NoteOption = "",
    actor: ActorOption = "",
    as_json: JsonOption = False,
) -> None:
    """Submit a design: it is judged, and the verdict is recorded whatever it is.

    An ALLOW waits for a person's decision; a BLOCK is rejected at once, and stays on record with
    every violation. What cannot be read leaves nothing. The exit code is 0 for ALLOW, 1 otherwise.

    [bold]Examples[/bold]

        luthier rosette bind --spec design.json --context context.json --name "OM for Eva"

        luthier rosette bind --search 7c1f --note "the customer's choice"
    """
    _check_sources(spec, context, search)
    # Files are read before anything is attached: what is not valid leaves nothing.
    if spec and _is_file(spec):
        read_spec(spec)
    if context and _is_file(context):
        read_context(context)
    for named in (spec, context, *(attach or ())):
        _check_name(named)
    records = open_records()
    others = tuple(_id_of(records, each, actor) for each in attach or ())  # may be refused
    request = BindRequest(
        spec=_id_of(records, spec, actor),
        context=_id_of(records, context, actor),
        others=others,
        search=search,
        attempt=attempt,
        design=design,
        name=name,
        note=note,
    )
    bound = records.bind(request, records.author(actor))
    document = bound.to_json()
    if as_json:
        print_json(document)
    else:
        _show(Verdict.model_validate(bound.artifact.document["verdict"]), document)
    if document["decision"] != "ALLOW":
        raise typer.Exit(1)


def _check_sources(spec: str, context: str, search: str) -> None:
    if not search and not (spec and context):
        raise UsageError(
            "incomplete-candidate",
            "a candidate is a design and a context.",
            "Give --spec and --context, or --search.",
        )


def _is_file(text: str) -> bool:
    return Path(text).is_file()


def _check_name(text: str) -> None:
    """Refuse what is neither a file nor an id, before anything is attached."""
    if text and not _is_file(text) and not _ID.fullmatch(text):
        raise UsageError(
            "unreadable-file",
            f"{text} is neither a file nor the id of an attachment.",
            "`luthier rosette attachments` lists the ids.",
        )


def _id_of(records: Records, text: str, actor: str) -> str:
    """Return the id of an attachment; a file is attached first."""
    if not text or not _is_file(text):
        return text
    return attach_file(records, text, Declaration(Path(text).name), actor).sha256


def _show(verdict: Verdict, document: dict[str, object]) -> None:
    from prefect_luthier.ui.cli.rosette.verdict_view import show_verdict  # noqa: PLC0415 - rich

    short = str(document["design"])[:8]
    show_verdict(verdict, str(document["name"] or short))
    say(f"design {document['design']} is {document['state']}")
    if document["decision"] == "ALLOW":
        say(f"  decide: luthier rosette approve {short}   (or reject, revise, override)")
    else:
        say(f"  mend it: luthier rosette revise {short}, then bind --design {short} …")
