"""Actions to plan with."""

from typing import Any

import pytest

from prefect_luthier.catalog import CatalogEntry

MAIL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "to": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "cc": {"type": "array", "items": {"type": "string"}},
        "subject": {"type": "string"},
        "text": {"type": "string", "minLength": 1},
        "account": {"type": "string"},
        "client_request_id": {"type": "string"},
    },
    "required": ["to", "subject", "text"],
    "additionalProperties": False,
}


def mail_entry(slug: str) -> CatalogEntry:
    return CatalogEntry(
        slug=slug, kind="action", description=f"Send a mail ({slug}).", input_schema=MAIL_SCHEMA
    )


@pytest.fixture
def gmail() -> CatalogEntry:
    return mail_entry("gmail.send")


@pytest.fixture
def outlook() -> CatalogEntry:
    return mail_entry("outlook.send")
