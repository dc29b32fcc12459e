"""Registered workflows are offered to the offline drafter only by name."""

from __future__ import annotations

import pytest

from prefect_luthier.ai_builder.offered_catalog import without_unnamed_workflows
from prefect_luthier.catalog import parse_catalog

CATALOG = parse_catalog(
    [
        {"slug": "git.log", "kind": "action", "description": "Reads a history"},
        {"slug": "shop", "kind": "service", "description": "Sells"},
        {"slug": "repo-digest", "kind": "workflow", "description": "a digest of my repository"},
    ]
)


@pytest.mark.parametrize(
    ("request_text", "offered"),
    [
        ("a digest of my repository", False),
        ("run repo-digest every day", True),
        ("run the Repo Digest, then tell me", True),
    ],
    ids=["same-words", "slug", "spoken"],
)
def test_a_workflow_is_offered_when_it_is_named(request_text: str, offered: bool) -> None:
    """Actions and services always are; a workflow is when its name stands in the request."""
    slugs = without_unnamed_workflows(CATALOG, request_text).slugs
    assert {"git.log", "shop"} <= set(slugs)
    assert ("repo-digest" in slugs) == offered
