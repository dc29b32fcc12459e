"""Which entries of a catalog a drafter is offered for a request."""

from __future__ import annotations

from prefect_luthier.catalog import Catalog


def without_unnamed_workflows(catalog: Catalog, request: str) -> Catalog:
    """Leave out the registered workflows that a request does not name.

    A workflow is described by the request that it was drafted from. To a drafter that compares
    words, the same request made again would mean a run of that workflow: in the end, of itself.

    Args:
        catalog: Everything there is.
        request: The operator's words.
    """
    said = _plain(request)
    return Catalog(
        entry for entry in catalog if entry.kind != "workflow" or _plain(entry.slug) in said
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())
