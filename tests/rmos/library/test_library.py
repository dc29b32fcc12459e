"""The library: every figure has a source, and names lead to entries."""

from __future__ import annotations

import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.library.chiploads import chipload_mm, side_hardness_n
from prefect_luthier.rmos.library.cutting_energy import energy_by_density_j_mm3
from prefect_luthier.rmos.library.library import (
    find_machine,
    find_material,
    find_tool,
    load_library,
    read_data,
)
from prefect_luthier.rmos.library.model import Machine, Material, Tool

UNITS = {
    "_kg_m3": "kg/m3", "_n": "N", "_j_mm3": "J/mm3", "_mm": "mm", "_mm_min": "mm/min",
    "_mm_s2": "mm/s2", "_rpm": "1/min", "_w": "W", "_load": "1",
}  # fmt: skip
SHELVES = {"materials": Material, "tools": Tool, "machines": Machine}


def figures():
    """Return every figure of the library with its place."""
    library = load_library()
    for name in SHELVES:
        for entry, fields in getattr(library, name).figures.items():
            yield from ((f"{name}/{entry}/{field}", field, fig) for field, fig in fields.items())


def test_every_figure_names_a_source_that_exists() -> None:
    """No figure without provenance."""
    sources = load_library().sources
    assert [place for place, _, figure in figures() if figure.source not in sources] == []


def test_every_source_is_used() -> None:
    """No source stands there for nothing."""
    text = str(read_data("chiploads.toml"))
    used = {figure.source for _, _, figure in figures()}
    unused = set(load_library().sources) - used - {"fpl-hardness"}  # a formula's source
    assert [source for source in unused if source not in text] == []


def test_every_figure_has_the_unit_of_its_field() -> None:
    """A figure's unit is the one that its field's name promises."""
    for place, field, figure in figures():
        ending = max((end for end in UNITS if field.endswith(end)), key=len)
        assert figure.unit == UNITS[ending], place


@pytest.mark.parametrize("name", SHELVES)
def test_every_quantity_of_an_entry_is_a_figure(name: str) -> None:
    """No number slips into an entry without its source; flutes are counted, not measured."""
    shelf = getattr(load_library(), name)
    for entry, value in shelf.entries.items():
        given = {
            field
            for field in value.model_fields_set - {"flutes"}
            if isinstance(getattr(value, field), float | tuple)
        }
        assert given == set(shelf.figures[entry]), entry


@pytest.mark.parametrize(
    ("wood", "janka"),
    [("holly", 4540), ("pear", 7380), ("european-spruce", 1680), ("hard-maple", 6450)],
)
def test_doubtful_hardnesses_are_the_checked_ones(wood: str, janka: float) -> None:
    """Holly and pear are far harder than some tables say."""
    assert find_material(wood).janka_n == janka


@pytest.mark.parametrize(
    ("find", "name", "target"),
    [
        (find_material, "walnut", "black-walnut"),
        (find_material, "Sitka Spruce", "sitka-spruce"),
        (find_material, "mop", "mother-of-pearl"),
        (find_tool, "1.59mm", "downcut-1.59"),
        (find_machine, "shapeoko3", "shapeoko-3"),
    ],
)
def test_customary_names_lead_to_entries(find, name: str, target: str) -> None:
    """Other names and spellings find the entry."""
    assert find(name).id == target


@pytest.mark.parametrize("name", SHELVES)
def test_aliases_lead_to_entries_and_hide_none(name: str) -> None:
    """An alias names an entry that exists, and is no id itself."""
    shelf = getattr(load_library(), name)
    assert set(shelf.aliases.values()) <= set(shelf.entries)
    assert not set(shelf.aliases) & set(shelf.entries)


@pytest.mark.parametrize(
    ("find", "kind"),
    [(find_material, "material"), (find_tool, "tool"), (find_machine, "machine")],
)
def test_an_unknown_name_is_an_error_with_advice(find, kind: str) -> None:
    """What does not exist is never replaced by something else."""
    with pytest.raises(LuthierError) as raised:
        find("nothing-like-it")
    assert raised.value.code == f"unknown-{kind}"
    assert f"library {kind}s" in raised.value.advice


def test_an_entry_is_found_as_itself() -> None:
    """Where an id may stand, the entry may stand too."""
    ebony = find_material("ebony")
    assert find_material(ebony) is ebony


@pytest.mark.parametrize(
    ("diameter", "chipload"),
    [
        pytest.param(0.79, 0.0047, id="smallest"),
        pytest.param(1.59, 0.0094, id="sixteenth"),
        pytest.param(3.175, 0.029, id="eighth"),
        pytest.param(2.3825, 0.0192, id="between"),
        pytest.param(6.35, 0.058, id="beyond"),
        pytest.param(0.395, 0.00235, id="below"),
    ],
)
def test_hobby_chiploads_follow_the_table(diameter: float, chipload: float) -> None:
    """At a row the table's figure, between two rows a mean, beyond in proportion."""
    tool = find_tool("downcut-1.59").model_copy(update={"diameter_mm": diameter})
    soft = find_material("sitka-spruce")
    assert chipload_mm(tool, soft, "hobby") == pytest.approx(chipload)


def test_industrial_chiploads_are_larger_by_the_known_factor() -> None:
    """The two tables stay apart by a factor of 2.6 to 4.4."""
    soft = find_material("sitka-spruce")
    for tool in load_library().tools.entries.values():
        ratio = chipload_mm(tool, soft, "industrial") / chipload_mm(tool, soft, "hobby")
        assert 2.5 < ratio < 4.5, tool.id


def test_harder_wood_takes_a_smaller_chip() -> None:
    """The chipload falls with the side hardness."""
    tool = find_tool("downcut-1.59")
    woods = ["sitka-spruce", "koa", "hard-maple", "ebony"]
    chips = [chipload_mm(tool, find_material(wood), "hobby") for wood in woods]
    assert chips == sorted(chips, reverse=True)
    assert len(set(chips)) == 4


@pytest.mark.parametrize("wood", ["sitka-spruce", "engelmann-spruce", "hard-maple", "black-walnut"])
def test_estimated_hardness_is_near_the_measured_one(wood: str) -> None:
    """The Wood Handbook's regression meets woods whose hardness is known within a third."""
    known = find_material(wood)
    guessed = side_hardness_n(known.model_copy(update={"janka_n": None}))
    assert guessed == pytest.approx(known.janka_n, rel=0.34)


def test_the_woods_cutting_energies_follow_the_stated_estimate() -> None:
    """The library's figures are those of the function that inline woods get."""
    for wood in load_library().materials.entries.values():
        if wood.kind in {"softwood", "hardwood"}:
            energy = energy_by_density_j_mm3(wood.density_kg_m3)
            assert wood.cutting_energy_j_mm3 == pytest.approx(energy, abs=0.0051), wood.id
