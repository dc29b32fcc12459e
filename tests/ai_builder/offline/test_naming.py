"""Names made from the words of a request."""

from __future__ import annotations

import re

import pytest

from prefect_luthier.ai_builder.offline.naming import title, workflow_id
from prefect_luthier.deployments.definition.model import ID_PATTERN

IDS = {
    "summarise the git history of the last 30 days": "summarise-git-history",
    "collect the logs": "collect-logs",
    "please pull the newest image for our vineyard": "pull-newest-image",
}


@pytest.mark.parametrize(("text", "expected"), IDS.items(), ids=list(IDS))
def test_an_id_says_what_is_done(text: str, expected: str) -> None:
    """The verb and its object make the id, without values and small words."""
    assert workflow_id([text]) == expected


@pytest.mark.parametrize(
    "text", ["", "???", "99 red", "é", "in of", "x" * 200, "a@b.c https://x.y"]
)
def test_an_id_is_always_valid(text: str) -> None:
    """Whatever is asked, the id is one that a definition may have."""
    assert re.fullmatch(ID_PATTERN, workflow_id([text]))


def test_a_title_ends_with_a_phrase() -> None:
    """A long request is cut in front of a clause, never after a small word."""
    assert title(
        "collect the logs of the shop, search them for oddities and open a case for each"
    ) == ("Collect the logs of the shop, search them for oddities")


def test_a_title_never_ends_with_a_conjunction() -> None:
    """A cut between two small words takes both away."""
    assert title("fetch https://example.org/a.json and then notify me that it is done") == (
        "Fetch https://example.org/a.json"
    )
