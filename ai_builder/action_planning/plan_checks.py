"""What every plan must keep to: offered actions, valid inputs, addresses that were stated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import jsonschema_rs

from prefect_luthier.ai_builder.action_planning.mail_request import ADDRESS
from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.ai_builder.action_planning.recipients import RECIPIENT_INPUTS, texts_in
from prefect_luthier.catalog import CatalogEntry

ADDRESS_INPUTS = frozenset({*RECIPIENT_INPUTS, "reply_to", "from", "sender"})
DEFAULT_ACCOUNT = "default"
MAX_FINDINGS = 10


@dataclass(frozen=True)
class PlanFinding:
    """What is wrong with one action of a plan.

    Args:
        code: Stable and hyphenated.
        message: The reason, with the value quoted.
        is_missing: Whether only the person can mend it, by saying something more.
    """

    code: str
    message: str
    is_missing: bool = False


def check_plan(
    actions: Sequence[PlannedAction], offered: Iterable[CatalogEntry], words: str
) -> list[PlanFinding]:
    """Return what is wrong with the actions of a plan.

    Args:
        actions: What was planned.
        offered: What may be planned.
        words: Everything that the person wrote; an address that is not in it was made up.
    """
    entries = {entry.slug: entry for entry in offered}
    stated = {address.casefold() for address in ADDRESS.findall(words)}
    found: list[PlanFinding] = []
    for number, action in enumerate(actions):
        entry = entries.get(action.action)
        if entry is None:
            found.append(
                PlanFinding("unknown-action", f"action {number}: {action.action!r} is not offered.")
            )
            continue
        found += _invalid_inputs(number, action, entry)
        found += _invented_addresses(number, action, stated)
        found += _invented_account(number, action, words)
    return found[:MAX_FINDINGS]


def _invalid_inputs(
    number: int, action: PlannedAction, entry: CatalogEntry
) -> Iterator[PlanFinding]:
    validator = jsonschema_rs.validator_for(entry.input_schema or {"type": "object"})
    for error in validator.iter_errors(action.params):
        place = "/".join(str(part) for part in error.instance_path)
        yield PlanFinding(
            "bad-input", f"action {number} ({action.action}), {place or 'params'}: {error.message}"
        )


def _invented_addresses(
    number: int, action: PlannedAction, stated: set[str]
) -> Iterator[PlanFinding]:
    for name, value in action.params.items():
        if name not in ADDRESS_INPUTS:
            continue
        for address in texts_in(value):
            plain = {found.casefold() for found in ADDRESS.findall(address)}
            if not plain or not plain <= stated or address.count("@") > len(plain):
                yield PlanFinding(
                    "unstated-address",
                    f"action {number} ({action.action}): the request names no address "
                    f"{address!r} for `{name}`.",
                    is_missing=True,
                )


def _invented_account(number: int, action: PlannedAction, words: str) -> Iterator[PlanFinding]:
    """Find an account that nobody asked for: whose name a message bears is the person's choice."""
    account = action.params.get("account", DEFAULT_ACCOUNT)
    if account == DEFAULT_ACCOUNT or str(account).casefold() in words.casefold():
        return
    yield PlanFinding(
        "unstated-account",
        f"action {number} ({action.action}): the request names no account {account!r}.",
    )
