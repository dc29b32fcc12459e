"""Read a design or a context from JSON: the value, or everything that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from prefect_luthier.diagnostics import Diagnostic, has_errors
from prefect_luthier.pointers import to_pointer
from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.design.document_findings import Path, findings_of
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.design.strict_json import parse_strictly
from prefect_luthier.rmos.library.cutting_energy import energy_by_density_j_mm3
from prefect_luthier.rmos.library.library import Library, Shelf, load_library
from prefect_luthier.rmos.library.model import Machine, Material, Tool
from prefect_luthier.suggestions import did_you_mean

Model = TypeVar("Model", bound=BaseModel)

_MM_IN_INCH = 25.4
_LARGEST_IN_INCHES = {
    "soundhole_diameter_mm": 12.0,
    "target_diameter_mm": 12.0,
    "outer_diameter_mm": 12.0,
    "top_thickness_mm": 0.25,
}
"""Values up to these are no millimetres of a guitar, and would be usual in inches."""

_SPEC_MODELS: dict[Path, type[BaseModel]] = {
    (): RosetteSpec,
    ("rings", "*"): Ring,
    ("rings", "*", "material"): Material,
}
_CONTEXT_MODELS: dict[Path, type[BaseModel]] = {
    (): Context,
    ("material",): Material,
    ("tool",): Tool,
    ("machine",): Machine,
    ("intent",): Intent,
}


@dataclass(frozen=True)
class Reading(Generic[Model]):
    """What was read.

    Args:
        value: The design or context; None when there are errors.
        diagnostics: Every finding, with the JSON pointer of its place.
    """

    value: Model | None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


def spec_from_json(
    text: str | bytes, name: str = "the design", library: Library | None = None
) -> Reading[RosetteSpec]:
    """Return the design in a JSON document, or all of its findings.

    Args:
        text: The document.
        name: Its name in messages.
        library: Where the ids of materials are looked up.
    """
    return _read(RosetteSpec, _SPEC_MODELS, text, name, library or load_library())


def context_from_json(
    text: str | bytes, name: str = "the context", library: Library | None = None
) -> Reading[Context]:
    """Return the context in a JSON document, or all of its findings.

    Args:
        text: The document; material, tool and machine are library ids or inline objects.
        name: Its name in messages.
        library: Where the ids are looked up.
    """
    return _read(Context, _CONTEXT_MODELS, text, name, library or load_library())


def _read(
    model: type[Model],
    models: dict[Path, type[BaseModel]],
    text: str | bytes,
    name: str,
    library: Library,
) -> Reading[Model]:
    parsed = parse_strictly(text, name)
    data, found = parsed.data, parsed.diagnostics
    if data is None and found:
        return Reading(None, tuple(found))
    if swapped := _swapped(model, data, name):
        return Reading(None, (swapped,))
    resolved = _Resolved(library)
    prepared = resolved.context(data) if model is Context else resolved.spec(data)
    found += resolved.found
    value: Model | None = None
    try:
        value = model.model_validate_json(json.dumps(prepared), strict=True)
    except ValidationError as error:
        reported = {diagnostic.pointer for diagnostic in found}
        also = findings_of(error, data, models)
        found += [diagnostic for diagnostic in also if diagnostic.pointer not in reported]
    found += _inches(data)
    return Reading(None if has_errors(found) else value, tuple(found))


class _Resolved:
    """Puts library entries in the place of ids."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self.found: list[Diagnostic] = []

    def spec(self, data: Any) -> Any:
        """Return a design with the library's own ids."""
        if not isinstance(data, dict) or not isinstance(data.get("rings"), list):
            return data
        return {**data, "rings": [self._ring(*each) for each in enumerate(data["rings"])]}

    def context(self, data: Any) -> Any:
        """Return a context with entries in the place of ids."""
        if not isinstance(data, dict):
            return data
        resolved = dict(data)
        shelves: dict[str, Shelf[Any]] = {
            "material": self._library.materials,
            "tool": self._library.tools,
            "machine": self._library.machines,
        }
        for key, shelf in shelves.items():
            if key in data:
                entry = self._entry(data[key], (key,), shelf)
                if entry is None:  # any entry stands in, so that the rest is checked
                    entry = next(iter(shelf.entries.values()))
                is_entry = isinstance(entry, BaseModel)
                resolved[key] = entry.model_dump(mode="json") if is_entry else entry
        if isinstance(data.get("intent"), dict):
            resolved["intent"] = self._intent(data["intent"])
        return resolved

    def _ring(self, index: int, ring: Any) -> Any:
        if not isinstance(ring, dict):
            return ring
        resolved = dict(ring)
        if "material" in ring:
            path: Path = ("rings", index, "material")
            entry = self._entry(ring["material"], path, self._library.materials)
            if isinstance(entry, Material):
                resolved["material"] = entry.id
            elif entry is not None:
                resolved["material"] = entry
        return resolved

    def _intent(self, intent: dict[str, Any]) -> dict[str, Any]:
        resolved = dict(intent)
        if isinstance(intent.get("palette"), list):
            entries = [
                self._entry(each, ("intent", "palette", index), self._library.materials)
                for index, each in enumerate(intent["palette"])
            ]
            resolved["palette"] = [
                entry.id if isinstance(entry, Material) else given
                for entry, given in zip(entries, intent["palette"], strict=True)
            ]
        return resolved

    def _entry(self, value: Any, path: Path, shelf: Shelf[Any]) -> Any:
        """Return the entry of an id, anything else as it is, and None for an unknown id."""
        if isinstance(value, dict):
            return _with_cutting_energy(value) if shelf.kind == "material" else value
        if not isinstance(value, str):
            return value
        entry = shelf.get(value)
        if entry is None:
            candidates = shelf.candidates(value)
            hint = did_you_mean(candidates) or " `luthier rosette library` lists what there is."
            message = f'the library has no {shelf.kind} "{value[:60]}".{hint}'
            self.found.append(
                Diagnostic(
                    f"unknown-{shelf.kind}",
                    "error",
                    message,
                    to_pointer(path),
                    candidates=candidates,
                )
            )
        return entry


def _with_cutting_energy(material: dict[str, Any]) -> dict[str, Any]:
    """Return an inline material; its cutting energy follows from the density when not given."""
    if "cutting_energy_j_mm3" in material:
        return material
    density = material.get("density_kg_m3")
    known = density if isinstance(density, int | float) else 0.0  # a finding of its own
    return {**material, "cutting_energy_j_mm3": energy_by_density_j_mm3(known)}


def _swapped(model: type[BaseModel], data: Any, name: str) -> Diagnostic | None:
    """Return a finding when the document is the other one of the two."""
    other, words = (
        (Context, "a context, not a design")
        if model is RosetteSpec
        else (RosetteSpec, "a design, not a context")
    )
    if not isinstance(data, dict):
        return None
    own, others = set(model.model_fields), set(other.model_fields)
    if data.keys() & (own - others) or not data.keys() & (others - own):
        return None
    return Diagnostic("other-document", "error", f"{name} is {words}.")


def _inches(data: Any) -> Iterable[Diagnostic]:
    """Return an error for every length that can only be meant in inches."""
    if not isinstance(data, dict):
        return
    for key, largest in _LARGEST_IN_INCHES.items():
        value = data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= largest:
            message = (
                f"{key} is {value:g} mm, far too small for a guitar: is it meant in inches? "
                f"{value:g} inches are {value * _MM_IN_INCH:.4g} mm."
            )
            yield Diagnostic("looks-like-inches", "error", message, f"/{key}")
