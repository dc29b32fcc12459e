"""`luthier rosette replay` and `diff`: the same again, and two runs side by side."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from prefect_luthier.flows.rosette.records import open_records
from prefect_luthier.rmos.replay.comparison import compare
from prefect_luthier.rmos.store.subjects import replay_of, view_of
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.table_view import show_table

_SHOWN = 40


def replay(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A search, a design, an artifact.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Do a search, or every decision about a design, again from its stored inputs.

    The digests of what comes out are compared with the stored ones; where they differ, the drift is
    shown with its cause: the engine, the library's data, the policy, or a record that was changed.
    The exit code is 0 when everything is the same and 1 when it is not.
    """
    records = open_records()
    with records.session() as session:
        report = replay_of(session, wanted)
    document = report.to_json()
    if as_json:
        print_json(document)
    else:
        _show_replay(document)
    if not report.same:
        raise typer.Exit(1)


def _show_replay(document: dict[str, Any]) -> None:
    matching, compared = document["matching"], document["compared"]
    mark = style("✓", "green") if document["same"] else style("✗", "red")
    say(
        f"{mark} {document['kind']} {document['id']}: {matching} of {compared} digests are the same"
    )
    for note in document["notes"]:
        say(f"  {note}")
    for drift in document["drifts"][:_SHOWN]:
        place = " ".join(filter(None, (drift.get("what"), drift["where"])))
        say(f"  {drift['cause']}: {place}: {_short(drift['stored'])} → {_short(drift['now'])}")
    more = len(document["drifts"]) - _SHOWN
    if more > 0:
        say(f"  … and {more} more; --json has them all")


def diff(
    one: Annotated[str, typer.Argument(metavar="A", help="A search, SEARCH:N, a design…")],
    other: Annotated[str, typer.Argument(metavar="B", help="The one to compare with.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs field by field, and their scores constraint by constraint.

    The exit code is 0 when they are the same and 1 when they differ.

    [bold]Example[/bold]

        luthier rosette diff 7c1f:3 7c1f:12
    """
    records = open_records()
    with records.session() as session:
        document = compare(view_of(session, one), view_of(session, other))
    if as_json:
        print_json(document)
    else:
        _show_diff(document)
    if not document["same"]:
        raise typer.Exit(1)


def _show_diff(document: dict[str, Any]) -> None:
    a, b = document["a"], document["b"]
    say(f"{a['kind']} {a['id']}\n{b['kind']} {b['id']}")
    if document["same"]:
        say(f"{style('✓', 'green')} they are the same")
        return
    rows = [
        (f"{part}{each['pointer']}", _short(each["before"]), _short(each["after"]))
        for part in ("inputs", "context", "spec", "outcome")
        for each in document[part]
    ]
    rows += [
        (name, _short(document[name]["a"]), _short(document[name]["b"]))
        for name in ("decision", "risk", "score")
        if document[name]["a"] != document[name]["b"]
    ]
    show_table(("field", "A", "B"), rows)
    margins = [
        (each["code"], _short(each["a"]), _short(each["b"]), _short(each["delta"]))
        for each in document["constraints"]
        if each["delta"] != 0
    ]
    show_table(("margin", "A", "B", "change"), margins)
    for name, label in (("only_a", "only A"), ("only_b", "only B")):
        for each in document["violations"][name]:
            say(f"  {label}: {each['severity']} {each['code']}: {each['message']}")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "—" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"  # noqa: PLR2004 - fits beside another
