"""The library of materials, tools and machines, and where each of its figures comes from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.library.model import Machine, Material, Tool
from prefect_luthier.suggestions import closest, did_you_mean

Entry = TypeVar("Entry", bound=BaseModel)

# Each by a statement of its own: so that a program that this is copied into can carry them.
_MATERIALS = Path(__file__).with_name("materials.toml")
_TOOLS = Path(__file__).with_name("tools.toml")
_MACHINES = Path(__file__).with_name("machines.toml")
_CHIPLOADS = Path(__file__).with_name("chiploads.toml")
_SOURCES = Path(__file__).with_name("sources.toml")
_FILES = {
    "materials.toml": _MATERIALS,
    "tools.toml": _TOOLS,
    "machines.toml": _MACHINES,
    "chiploads.toml": _CHIPLOADS,
    "sources.toml": _SOURCES,
}


@dataclass(frozen=True)
class Figure:
    """One value of an entry, and how far it can be trusted."""

    value: Any
    unit: str
    source: str
    is_estimate: bool = False


@dataclass(frozen=True)
class Shelf(Generic[Entry]):
    """All entries of one kind.

    Args:
        kind: ``material``, ``tool`` or ``machine``.
        entries: The entries by id, in the order of the data file.
        figures: Each entry's figures by field, by id.
        aliases: Other names by which an id is known.
    """

    kind: str
    entries: Mapping[str, Entry]
    figures: Mapping[str, Mapping[str, Figure]]
    aliases: Mapping[str, str]

    def get(self, name: str) -> Entry | None:
        """Return the entry of an id or of another name for it, if there is one."""
        key = name.strip().lower().replace(" ", "-").replace("_", "-")
        return self.entries.get(self.aliases.get(key, key))

    def candidates(self, name: str) -> tuple[str, ...]:
        """Return the ids most like a name that does not exist, best first."""
        names = closest(name.lower(), [*self.entries, *self.aliases])
        return tuple(dict.fromkeys(self.aliases.get(found, found) for found in names))

    def find(self, name: str) -> Entry:
        """Return the entry of an id.

        Raises:
            LuthierError: There is none (``unknown-material``, ``-tool`` or ``-machine``).
        """
        found = self.get(name)
        if found is None:
            raise LuthierError(
                f"unknown-{self.kind}",
                f"the library has no {self.kind} {name!r}.{did_you_mean(self.candidates(name))}",
                f"`luthier rosette library {self.kind}s` lists what there is.",
            )
        return found


@dataclass(frozen=True)
class Library:
    """The materials, tools and machines that a design may name, and the sources of figures."""

    materials: Shelf[Material]
    tools: Shelf[Tool]
    machines: Shelf[Machine]
    sources: Mapping[str, str]


@cache
def load_library() -> Library:
    """Return the library that ships with Luthier."""
    return Library(
        materials=_shelf("material", Material),
        tools=_shelf("tool", Tool),
        machines=_shelf("machine", Machine),
        sources=read_data("sources.toml"),
    )


def find_material(name: str | Material) -> Material:
    """Return the material of an id; a material is returned as it is.

    Raises:
        LuthierError: The library has no such material (``unknown-material``).
    """
    return name if isinstance(name, Material) else load_library().materials.find(name)


def find_tool(name: str | Tool) -> Tool:
    """Return the tool of an id; a tool is returned as it is.

    Raises:
        LuthierError: The library has no such tool (``unknown-tool``).
    """
    return name if isinstance(name, Tool) else load_library().tools.find(name)


def find_machine(name: str | Machine) -> Machine:
    """Return the machine of an id; a machine is returned as it is.

    Raises:
        LuthierError: The library has no such machine (``unknown-machine``).
    """
    return name if isinstance(name, Machine) else load_library().machines.find(name)


def read_data(name: str) -> dict[str, Any]:
    """Return one of the library's data files."""
    return tomllib.loads(data_file(name).read_text("utf-8"))


def data_file(name: str) -> Path:
    """Return where one of the library's data files is."""
    return _FILES[name]


def read_figure(value: Mapping[str, Any]) -> Figure:
    """Return a figure as the data files write it."""
    return Figure(value["value"], value["unit"], value["source"], value.get("estimate", False))


def _shelf(kind: str, model: type[Entry]) -> Shelf[Entry]:
    entries: dict[str, Entry] = {}
    figures: dict[str, dict[str, Figure]] = {}
    aliases: dict[str, str] = {}
    for name, fields in read_data(f"{kind}s.toml").items():
        aliases |= dict.fromkeys(fields.pop("aliases", ()), name)
        figures[name] = {
            field: read_figure(value) for field, value in fields.items() if isinstance(value, dict)
        }
        values = {field: figure.value for field, figure in figures[name].items()}
        entries[name] = model.model_validate({**fields, **values, "id": name})
    return Shelf(kind, entries, figures, aliases)
