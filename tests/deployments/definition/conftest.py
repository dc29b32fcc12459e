"""What the tests of the definition share: a catalog, a machine, and a short way to validate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prefect_luthier.catalog import Capabilities, Catalog, CatalogEntry
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import Report, validate

Check = Callable[..., Report]


@pytest.fixture
def catalog() -> Catalog:
    """A catalog of foreign actions, a service and a workflow."""
    mail = {
        "type": "object",
        "properties": {
            "to": {"type": "string"},
            "subject": {"type": "string"},
            "copies": {"type": "integer"},
            "urgent": {"type": "boolean"},
            "lines": {"type": "array", "items": {"type": "string"}},
            "password": {"type": "string", "format": "password"},
        },
        "required": ["to"],
    }
    sent = {"type": "object", "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}
    return Catalog(
        [
            CatalogEntry(
                slug="mail.send", kind="action", version="2.1.0", description="Send mail",
                input_schema=mail, output_schema=sent,
            ),
            CatalogEntry(slug="mail.send", kind="action", version="1.4.2", description="Old"),
            CatalogEntry(
                slug="think", kind="action", description="Ask a model",
                capabilities=Capabilities(model=True),
                output_schema={"type": "object", "properties": {"text": {"type": "string"}}},
            ),
            CatalogEntry(
                slug="needs.tool", kind="action", description="Needs a program",
                capabilities=Capabilities(commands=("no-such-tool",)),
            ),
            CatalogEntry(slug="open.output", kind="action", description="Says nothing of outputs"),
            CatalogEntry(slug="crm", kind="service", description="A service"),
            CatalogEntry(slug="nightly", kind="workflow", description="A workflow"),
            CatalogEntry(
                slug="broken.schema", kind="action", description="Its schema is wrong",
                input_schema={"type": "bogus"},
            ),
        ]
    )  # fmt: skip


@pytest.fixture
def machine() -> Environment:
    """A machine with `git`, `echo` and `true`, and no language model."""
    return Environment(
        lambda command: command in {"git", "echo", "true", "cat", "ls"}, has_model=False
    )


@pytest.fixture
def check(catalog: Catalog, machine: Environment) -> Check:
    """Return a function that validates a text on that machine, with that catalog."""

    def run(text: str, **options: object) -> Report:
        return validate(Source.from_text(text, **options), catalog, machine)  # type: ignore[arg-type]

    return run
