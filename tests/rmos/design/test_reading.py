"""Designs and contexts are read strictly: one meaning, or every finding at once."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.library.library import find_machine, find_material

SPEC: dict[str, Any] = {
    "soundhole_diameter_mm": 101.6,
    "edge_land_mm": 5.0,
    "channel_depth_mm": 1.5,
    "inlay_thickness_mm": 1.7,
    "glue_gap_mm": 0.05,
    "depth_per_pass_mm": 0.75,
    "rings": [
        {"width_mm": 0.5, "land_after_mm": 0.0, "pattern": "line", "material": "ebony"},
        {"width_mm": 4, "pattern": "herringbone", "tile_length_mm": 3.0, "material": "hard-maple"},
    ],
}
CONTEXT: dict[str, Any] = {
    "material": "sitka-spruce",
    "top_thickness_mm": 2.8,
    "tool": {"diameter_mm": 1.59, "flutes": 2, "flute_length_mm": 6.35, "stickout_mm": 12.0},
    "machine": "shapeoko-3",
    "spindle_rpm": 24000,
    "feed_mm_min": 508,
    "plunge_mm_min": 254,
    "target_diameter_mm": 116.0,
    "intent": {"rings": [3, 7], "patterns": ["herringbone", "lines"], "complexity": "medium"},
}

MACHINE: dict[str, Any] = find_machine("shapeoko-3").model_dump(mode="json")


def changed(document: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """Return a document with one value set; ``...`` takes it out."""
    found = copy.deepcopy(document)
    *path, last = pointer.split("/")[1:]
    at: Any = found
    for part in path:
        at = at[int(part)] if isinstance(at, list) else at[part]
    key = int(last) if isinstance(at, list) else last
    if value is ...:
        del at[key]
    else:
        at[key] = value
    return found


def codes(reading: Any) -> list[tuple[str, str]]:
    """Return code and pointer of every finding."""
    return [(each.code, each.pointer) for each in reading.diagnostics]


def test_the_documented_design_is_read() -> None:
    """The documented example is a design, with the documented defaults."""
    reading = spec_from_json(json.dumps(SPEC))
    assert reading.diagnostics == ()
    assert reading.ok
    assert reading.value is not None
    assert reading.value.rings[1].tile_tapered is False
    assert reading.value.rings[0].strip_thickness_mm is None


def test_the_documented_context_is_read() -> None:
    """Ids become entries, aliases become patterns, an inline tool is taken as it is."""
    reading = context_from_json(json.dumps(CONTEXT).encode())
    assert reading.diagnostics == ()
    context = reading.value
    assert context is not None
    assert context.material == find_material("sitka-spruce")
    assert context.machine == find_machine("shapeoko-3")
    assert (context.tool.id, context.tool.shank_diameter_mm) == ("inline", 3.175)
    assert context.intent.patterns == ("herringbone", "line")


@pytest.mark.parametrize(
    ("read", "document"),
    [(spec_from_json, SPEC), (context_from_json, CONTEXT)],
    ids=["spec", "context"],
)
def test_what_is_written_is_read_again(read, document) -> None:
    """The JSON of a value is read as the same value with the same digest."""
    value = read(json.dumps(document)).value
    again = read(value.model_dump_json()).value
    assert again == value
    assert again.digest == value.digest


@pytest.mark.parametrize(
    ("read", "document", "number", "others"),
    [
        (spec_from_json, SPEC, '"width_mm": 4,', ["4.0", "4e0", "0.4E1", "40e-1"]),
        (spec_from_json, SPEC, '"land_after_mm": 0.0,', ["0", "-0.0", "0e9", "-0"]),
        (context_from_json, CONTEXT, '"flutes": 2,', ["2.0", "2e0"]),
        (context_from_json, CONTEXT, '"rings": [3,', ["[3.0"]),
    ],
    ids=["length", "zero", "count", "rings"],
)
def test_a_number_is_the_same_however_it_is_written(read, document, number, others) -> None:
    """Where JSON has several spellings for a number, all of them give the same digest."""
    text = json.dumps(document)
    name = number.partition(": ")[0]
    for other in others:
        respelt = text.replace(number, f"{name}: {other},")
        assert respelt != text
        assert read(respelt).value.digest == read(text).value.digest


def test_another_name_is_read_as_the_library_id() -> None:
    """Customary names and spellings give the same design as the id."""
    other = changed(SPEC, "/rings/1/material", "Maple")
    assert spec_from_json(json.dumps(other)).value == spec_from_json(json.dumps(SPEC)).value


@pytest.mark.parametrize("place", ["ring", "soundboard"])
def test_an_inline_material_stands_where_an_id_may(place: str) -> None:
    """A material may be given itself; its cutting energy follows from its density."""
    wood = {"kind": "hardwood", "density_kg_m3": 710, "janka_n": 5000}
    if place == "ring":
        spec = spec_from_json(json.dumps(changed(SPEC, "/rings/0/material", wood))).value
        assert spec is not None
        material = spec.rings[0].material
    else:
        context = context_from_json(json.dumps(changed(CONTEXT, "/material", wood))).value
        assert context is not None
        material = context.material
    assert material.cutting_energy_j_mm3 == pytest.approx(0.485, abs=1e-3)
    assert material.id == "inline"


@pytest.mark.parametrize(
    ("pointer", "value", "code", "said"),
    [
        ("/soundhole_diameter_mm", float("nan"), "not-finite", "nan"),
        ("/channel_depth_mm", float("inf"), "not-finite", "inf"),
        ("/channel_depth_mm", -1.5, "bad-value", "-1.5"),
        ("/channel_depth_mm", 1e308, "bad-value", "at most 1,000,000"),
        ("/inlay_thickness_mm", 0, "bad-value", "more than 0"),
        ("/edge_land_mm", -0.1, "bad-value", "at least 0"),
        ("/glue_gap_mm", "0.05", "wrong-type", '"0.05"'),
        ("/glue_gap_mm", True, "wrong-type", "true"),
        ("/depth_per_pass_mm", None, "wrong-type", "null"),
        ("/depth_per_pass_mm", ..., "missing-field", "depth_per_pass_mm"),
        ("/rings", [], "bad-value", "at least one"),
        ("/rings", [SPEC["rings"][0]] * 10_000, "bad-value", "10000"),
        ("/rings", {}, "wrong-type", "a list"),
        ("/rings/0", 7, "wrong-type", "an object"),
        ("/rings/1/width_mm", [4], "wrong-type", "a number"),
        ("/rings/1/pattern", "herringbne", "bad-value", '"herringbone"'),
        ("/rings/1/pattern", "HERRINGBNE", "bad-value", '"herringbone"'),
        ("/rings/1/material", "ebnoy", "unknown-material", '"ebony"'),
        ("/rings/1/material", "\ud800", "bad-encoding", "\\ud800"),
        ("/rings/1/material", 5, "wrong-type", "5"),
        ("/rings/1/material", {"kind": "hardwood"}, "missing-field", "density_kg_m3"),
        ("/rings/1/thickness", 4, "unknown-key", "strip_thickness_mm"),
        ("/chanel_depth_mm", 1.5, "unknown-key", '"channel_depth_mm"'),
        ("/soundhole_diameter_mm", 4, "looks-like-inches", "101.6 mm"),
        ("/outer_diameter_mm", 4.5, "looks-like-inches", "114.3 mm"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_design_has_one_finding(pointer, value, code, said) -> None:
    """Each mistake is one finding, at its place, that says what was expected."""
    reading = spec_from_json(json.dumps(changed(SPEC, pointer, value)))
    assert reading.value is None
    (finding,) = reading.diagnostics
    assert finding.code == code
    assert finding.pointer.startswith(pointer)
    assert said in finding.message


@pytest.mark.parametrize(
    ("pointer", "value", "code", "said"),
    [
        ("/material", "sitka-spuce", "unknown-material", '"sitka-spruce"'),
        ("/tool", "downcut-1.95", "unknown-tool", '"downcut-1.59"'),
        ("/machine", "shapeoko-33", "unknown-machine", '"shapeoko-3"'),
        ("/machine", 7, "wrong-type", "an object"),
        ("/machine", ..., "missing-field", "machine"),
        ("/machine", {**MACHINE, "travel_mm": [425, 465]}, "bad-value", "2 of the 3"),
        ("/machine", {**MACHINE, "travel_mm": []}, "bad-value", "0 of the 3"),
        ("/machine", {**MACHINE, "travel_mm": [425, -465, 80]}, "bad-value", "more than 0"),
        ("/machine", {**MACHINE, "spindle_min_rpm": 40_000}, "bad-value", "above its fastest"),
        ("/intent/rings", [3], "bad-value", "1 of the 2"),
        ("/tool/diameter_mm", 0, "bad-value", "more than 0"),
        ("/tool/diameter_mm", 1e-300, "bad-value", "no figure of a workshop"),
        ("/tool/stickout_mm", 1e308, "bad-value", "no figure of a workshop"),
        ("/machine", {**MACHINE, "travel_mm": [425, 1e300, 80]}, "bad-value", "no figure"),
        ("/spindle_rpm", 1e7, "bad-value", "at most 1,000,000"),
        ("/tool/flutes", 2.5, "wrong-type", "whole number"),
        ("/tool/stickout_mm", ..., "missing-field", "stickout_mm"),
        ("/feed_mm_min", float("-inf"), "not-finite", "-inf"),
        ("/spindle", 24000, "unknown-key", '"spindle_rpm"'),
        ("/top_thickness_mm", 0.11, "looks-like-inches", "2.794 mm"),
        ("/target_diameter_mm", 4.5, "looks-like-inches", "114.3 mm"),
        ("/intent/rings", [7, 3], "bad-value", "larger"),
        ("/intent/rings", [0, 3], "bad-value", "at least 1"),
        ("/intent/patterns", ["xyz"], "bad-value", "one of"),
        ("/intent/palette", ["ebony", "gold"], "unknown-material", "gold"),
        ("/intent/complexity", "medum", "bad-value", '"medium"'),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_context_has_one_finding(pointer, value, code, said) -> None:
    """Each mistake is one finding, at its place, that says what was expected."""
    reading = context_from_json(json.dumps(changed(CONTEXT, pointer, value)))
    assert reading.value is None
    (finding,) = reading.diagnostics
    assert finding.code == code
    assert finding.pointer.startswith(pointer) or pointer.startswith(finding.pointer)
    assert said in finding.message


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "json-syntax", "ends before it is complete"),
        (json.dumps(SPEC)[:-20], "json-syntax", "ends before it is complete"),
        ("{'a': 1}", "json-syntax", "double quotes"),
        (b"\xff\xfe{}", "bad-encoding", "byte 0"),
        (json.dumps(SPEC).encode("utf-16"), "bad-encoding", "UTF-8"),
        ("[" * 100_000, "too-deep", "deep"),
        ('{"glue_gap_mm": ' + "9" * 5000 + "}", "json-syntax", "digits"),
        (" " * 5_000_000 + "{}", "too-large", "4 MiB"),
        ("[]", "wrong-type", "a list"),
        ("null", "wrong-type", "null"),
        ('"text"', "wrong-type", '"text"'),
    ],
    ids=["empty", "truncated", "quotes", "bytes", "utf-16", "deep", "digits", "large", "list",
         "null", "text"],
)  # fmt: skip
def test_what_is_no_json_object_has_one_finding(text, code, said) -> None:
    """Text that is no JSON, or none that can be meant, is one finding and no crash."""
    reading = spec_from_json(text, "ring.json")
    assert reading.value is None
    (finding,) = reading.diagnostics
    assert finding.code == code
    assert said in finding.message


def test_a_key_given_twice_is_refused() -> None:
    """JSON leaves open which of two values counts; here none does."""
    text = json.dumps(SPEC).replace('"glue_gap_mm": 0.05', '"glue_gap_mm": 0.05, "glue_gap_mm": 9')
    assert codes(spec_from_json(text)) == [("duplicate-key", "/glue_gap_mm")]


@pytest.mark.parametrize(
    ("read", "document", "said"),
    [(spec_from_json, CONTEXT, "a context"), (context_from_json, SPEC, "a design")],
    ids=["spec", "context"],
)
def test_swapped_documents_are_one_finding(read, document, said) -> None:
    """A context where the design should be is named as such, not key by key."""
    (finding,) = read(json.dumps(document), "a.json").diagnostics
    assert finding.code == "other-document"
    assert f"a.json is {said}" in finding.message


def test_all_findings_come_at_once() -> None:
    """Nothing hides behind the first mistake."""
    wrong = changed(SPEC, "/soundhole_diameter_mm", 4)
    wrong = changed(wrong, "/rings/0/material", "ebnoy")
    wrong = changed(wrong, "/rings/1/width_mm", -4)
    wrong = changed(wrong, "/depth_per_pass_mm", ...)
    assert set(codes(spec_from_json(json.dumps(wrong)))) == {
        ("looks-like-inches", "/soundhole_diameter_mm"),
        ("unknown-material", "/rings/0/material"),
        ("bad-value", "/rings/1/width_mm"),
        ("missing-field", "/depth_per_pass_mm"),
    }


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Editors on Windows write one."""
    assert spec_from_json(b"\xef\xbb\xbf" + json.dumps(SPEC).encode()).ok


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
POINTERS = [
    "/rings", "/rings/0", "/rings/0/material", "/rings/1/pattern", "/rings/1/tile_length_mm",
    "/soundhole_diameter_mm", "/outer_diameter_mm",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pointer=st.sampled_from(POINTERS), value=JSON)
def test_any_value_anywhere_is_read_or_refused(pointer, value) -> None:
    """Whatever stands in a document, there is a design or a finding, and never a crash."""
    reading = spec_from_json(json.dumps(changed(SPEC, pointer, value)))
    assert (reading.value is None) == any(each.is_error for each in reading.diagnostics)
    if reading.value is not None:
        assert spec_from_json(reading.value.model_dump_json()).value == reading.value


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Bytes of any kind are findings, never a crash."""
    assert spec_from_json(data).diagnostics
