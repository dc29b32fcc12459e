"""What a workflow may do once it runs: programs, hosts, secrets, files, models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from prefect_luthier.catalog import Capabilities, Catalog
from prefect_luthier.deployments.definition.model import Definition, Step

PermissionKind = Literal["shell", "command", "network", "secret", "files", "model", "other"]


@dataclass(frozen=True, order=True)
class Permission:
    """One thing that a workflow may do.

    Args:
        kind: What sort of thing.
        name: Which: a program, a host, a secret, ``read`` or ``write``.
    """

    kind: PermissionKind
    name: str = ""


def permissions(definition: Definition, catalog: Catalog) -> frozenset[Permission]:
    """Return everything that the steps of a definition may do.

    A step whose action the catalog lacks adds nothing: such a definition is not valid.
    """
    found = {Permission("command", name) for name in definition.requirements.commands}
    found |= {
        Permission("secret", name)
        for name, parameter in definition.parameters.items()
        if parameter.type == "secret"
    }
    for step_id in definition.steps:
        found |= set(_of_step(definition.resolved_step(step_id), catalog))
    return frozenset(found)


def _of_step(step: Step, catalog: Catalog) -> Iterator[Permission]:
    if step.run is not None:
        yield Permission("shell")
    entry = catalog.find(step.uses) if step.uses else None
    if entry is None:
        return
    wanted = entry.capabilities
    if isinstance(wanted, Capabilities):
        yield from _of_capabilities(wanted)
    else:
        yield from (Permission("other", name) for name in wanted)


def _of_capabilities(wanted: Capabilities) -> Iterator[Permission]:
    yield from (Permission("network", host) for host in wanted.network)
    yield from (Permission("secret", name) for name in wanted.secrets)
    yield from (Permission("command", name) for name in wanted.commands)
    if wanted.files != "none":
        yield Permission("files", wanted.files)
    if wanted.model:
        yield Permission("model")
