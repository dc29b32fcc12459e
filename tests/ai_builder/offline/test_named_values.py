"""Values that stand beside the name of an input are taken."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offline.named_values import named_value
from prefect_luthier.ai_builder.offline.slots import Slot


def _slot(name: str, kind: str = "string", choices: tuple[str, ...] = ()) -> Slot:
    return Slot(name, "other", kind, True, "", choices)


@pytest.mark.parametrize(
    ("slot", "text", "value"),
    [
        pytest.param(_slot("zone"), "open zone 4 now", "4", id="number-as-name"),
        pytest.param(_slot("channel"), "post it in the channel Ops", "Ops", id="capital"),
        pytest.param(_slot("table"), "load it into the table prices", "prices", id="last-word"),
        pytest.param(_slot("minutes", "integer"), "water for 20 minutes", 20, id="number-first"),
        pytest.param(_slot("days", "integer"), "older than 30 days", 30, id="number-of-days"),
    ],
)
def test_a_named_value_is_taken(slot: Slot, text: str, value: object) -> None:
    """By its place beside the name, in the type of the input."""
    assert named_value(slot, text) == value


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        pytest.param(_slot("field"), "plan the field sprayer pass", id="part-of-a-name"),
        pytest.param(_slot("table"), "join the table with the rest", id="preposition"),
        pytest.param(_slot("priority", choices=("low",)), "with priority 7", id="not-allowed"),
        pytest.param(_slot("count", "integer"), "count the rows", id="no-number"),
    ],
)
def test_words_are_no_values(slot: Slot, text: str) -> None:
    """What only happens to follow the name is left."""
    assert named_value(slot, text) is None
