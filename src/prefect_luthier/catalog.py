"""The catalog: everything a definition may refer to, as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from prefect_luthier.canonical import digest
from prefect_luthier.errors import UsageError

Kind = Literal["action", "service", "workflow"]

ANY_OBJECT: dict[str, Any] = {"type": "object"}

_REFERENCE = re.compile(r"(?P<slug>[^@]+)(?:@(?P<version>\d+(?:\.\d+){0,2}))?")


class Capabilities(BaseModel):
    """What an entry needs from the machine it runs on. Empty means: nothing."""

    model_config = ConfigDict(frozen=True, extra="allow")

    network: tuple[str, ...] = Field(default=(), description="Hosts it talks to; `*` is any.")
    secrets: tuple[str, ...] = Field(default=(), description="Names of secrets it reads.")
    commands: tuple[str, ...] = Field(default=(), description="Programs it starts.")
    files: Literal["none", "read", "write"] = Field(
        default="none", description="Its access to files of the workspace."
    )
    model: bool = Field(default=False, description="Whether it calls a language model.")


class CatalogEntry(BaseModel):
    """One action, service or workflow. Only slug, kind and description are required."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slug: str = Field(min_length=1, max_length=200)
    kind: Kind
    description: str
    version: str = "1.0.0"
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    capabilities: Capabilities | tuple[str, ...] = Capabilities()

    @property
    def reference(self) -> str:
        """The way a step names this entry: ``slug@major``."""
        return f"{self.slug}@{self.version.split('.')[0]}"

    @property
    def needs_model(self) -> bool:
        """Whether running this entry calls a language model."""
        return isinstance(self.capabilities, Capabilities) and self.capabilities.model


class Catalog:
    """An immutable set of entries, looked up by reference.

    Args:
        entries: The entries; of two with the same slug and version the later one wins.
    """

    def __init__(self, entries: Iterable[CatalogEntry] = ()) -> None:
        unique = {(entry.slug, entry.version): entry for entry in entries}
        self._by_slug: dict[str, list[CatalogEntry]] = {}
        for entry in unique.values():
            self._by_slug.setdefault(entry.slug, []).append(entry)
        for versions in self._by_slug.values():
            versions.sort(key=lambda entry: version_key(entry.version), reverse=True)

    def __iter__(self) -> Iterator[CatalogEntry]:
        """Iterate over all entries, newest version of a slug first."""
        for versions in self._by_slug.values():
            yield from versions

    def __len__(self) -> int:
        return sum(len(versions) for versions in self._by_slug.values())

    def __contains__(self, slug: object) -> bool:
        return slug in self._by_slug

    @property
    def slugs(self) -> list[str]:
        """All slugs, in the order in which they were given."""
        return list(self._by_slug)

    @cached_property
    def digest(self) -> str:
        """Digest of the whole catalog, recorded with every draft."""
        return digest(sorted(self.to_json(), key=lambda e: (e["slug"], e["version"])))

    def find(self, reference: str) -> CatalogEntry | None:
        """Return the newest entry that ``slug`` or ``slug@version-prefix`` names, or None."""
        slug, version = split_reference(reference)
        for entry in self._by_slug.get(slug, ()):
            if version is None or (entry.version + ".").startswith(version + "."):
                return entry
        return None

    def versions(self, slug: str) -> list[str]:
        """Return the versions of ``slug``, newest first."""
        return [entry.version for entry in self._by_slug.get(slug, ())]

    def merged(self, others: Iterable[CatalogEntry]) -> Catalog:
        """Return this catalog with ``others`` added; they win over entries of the same name."""
        return Catalog([*self, *others])

    def to_json(self) -> list[dict[str, Any]]:
        """Return the entries as a catalog file holds them."""
        return [entry.model_dump(mode="json", exclude_none=True) for entry in self]


def split_reference(reference: str) -> tuple[str, str | None]:
    """Return slug and version prefix of ``slug[@version]``; a bad version stays in the slug."""
    match = _REFERENCE.fullmatch(reference)
    return (match["slug"], match["version"]) if match else (reference, None)


def version_key(version: str) -> tuple[int, ...]:
    """Return a sort key for a dotted version; parts that are no numbers count as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in re.split(r"[.\-+]", version)[:3])


def read_catalog(path: Path) -> Catalog:
    """Read a catalog file: a JSON list of entries, or an object with ``entries``.

    Raises:
        UsageError: The file is missing, is no JSON, or an entry lacks a field.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            "unreadable-catalog", f"cannot read the catalog {str(path)!r}: {error.strerror}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(
            "bad-catalog", f"{str(path)!r} is not JSON: {error}.", "A catalog is a JSON list."
        ) from error
    return parse_catalog(data, str(path))


def parse_catalog(data: Any, origin: str = "catalog") -> Catalog:
    """Return the catalog in parsed JSON.

    Raises:
        UsageError: It is no list of entries; the first wrong place is named.
    """
    if isinstance(data, Mapping) and "entries" in data:
        data = data["entries"]
    try:
        return Catalog(TypeAdapter(list[CatalogEntry]).validate_python(data))
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"])
        raise UsageError(
            "bad-catalog",
            f"{origin}: entry {where}: {first['msg']}.",
            "Each entry needs at least slug, kind and description.",
        ) from error
