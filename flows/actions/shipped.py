"""The catalog of the built-in actions as data, so that validating need not import them.

After a change of an action, write the data anew; a test compares them:

    python -m prefect_luthier.flows.actions.shipped
"""

from __future__ import annotations

import json
from pathlib import Path

from prefect_luthier.catalog import Catalog, CatalogEntry, read_catalog

SHIPPED_CATALOG = Path(__file__).with_name("shipped.json")


def shipped_catalog() -> Catalog:
    """Return the entries of the built-in actions, as this release ships them."""
    return read_catalog(SHIPPED_CATALOG)


def current_entries() -> list[CatalogEntry]:
    """Return the entries of the built-in actions, made from their code."""
    from prefect_luthier.flows.actions.builtin import (  # noqa: PLC0415 - what the data saves
        BUILTIN_ACTIONS,
    )

    return [action.entry for action in BUILTIN_ACTIONS.values()]


if __name__ == "__main__":
    data = Catalog(current_entries()).to_json()
    SHIPPED_CATALOG.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
