"""``luthier ai resolve``: a person says what became of an effect."""

from __future__ import annotations

from typing import Annotated

import typer

from prefect_luthier.deployments.jobs.resolution import resolve_effect
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say


def resolve(
    job: Annotated[str, typer.Argument(help="The job's id, or the effect's client_request_id.")],
    *,
    sent: Annotated[
        bool | None, typer.Option("--sent/--not-sent", help="What you found out.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="How you know.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Settle an effect of unknown outcome, after looking for its Message-ID.

    An effect that was not sent may then be executed again under the same client_request_id.
    """
    if sent is None:
        raise UsageError("no-answer", "say what you found out.", "Give --sent or --not-sent.")
    settings = load_settings()
    document = resolve_effect(settings, job, sent=sent, note=note, actor=acting_user(settings))
    if as_json:
        print_json(document)
    say(f"{document['client_request_id']}: {document['state']}")
