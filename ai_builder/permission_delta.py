"""What a draft may do that its base could not: the part that a person must look at."""

from __future__ import annotations

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.permissions import Permission, permissions


def permission_delta(
    base: Definition | None, draft: Definition, catalog: Catalog
) -> tuple[Permission, ...]:
    """Return the permissions that ``draft`` needs and ``base`` does not have, sorted.

    Args:
        base: The definition that was changed; None for a new one, of which all is new.
        draft: The proposed definition.
        catalog: Where the actions of their steps are found.
    """
    held = permissions(base, catalog) if base is not None else frozenset()
    return tuple(sorted(permissions(draft, catalog) - held))
