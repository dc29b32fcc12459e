"""No input hangs the validator or makes it raise."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import json
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.fixing import fixed
from prefect_luthier.deployments.definition.source import MAX_SOURCE_BYTES, Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.diagnostics import render
from prefect_luthier.errors import UsageError

OK = 'id = "w"\n[steps.a]\nrun = "true"\n'

HOSTILE = {
    "empty": b"",
    "blank": b"\n \n",
    "nul": b"\0",
    "nul-in-text": b'id = "w\0"\n',
    "invalid-utf8": b'id = "\xff\xfe"\n',
    "utf16": OK.encode("utf-16"),
    "deep-list": b"id = " + b"[" * 200_000,
    "deep-closed-list": b"id = " + b"[" * 5_000 + b"]" * 5_000,
    "deep-table": b"id = " + b"{a=" * 50_000,
    "deep-key": b".".join([b"a"] * 100_000) + b" = 1",
    "deep-header": b"[" + b".".join([b"a"] * 100_000) + b"]",
    "deep-json": b'{"id":' * 100_000,
    "deep-json-list": b'{"id":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested-inputs": OK.encode() + b"inputs = " + b"{a=" * 90 + b"1" + b"}" * 90,
    "json-nan": b'{"id": NaN}',
    "json-list": b"{[]",
    "json-surrogate": b'{"id": "w", "name": "\\ud800", "steps": {"a": {"run": "true"}}}',
    "json-huge-number": b'{"id": ' + b"9" * 10_000 + b"}",
    "toml-huge-number": b"id = " + b"9" * 10_000,
    "many-quotes": b'"""' * 50_000,
    "many-errors": b"x = \n" * 5_000,
    "many-brackets": b"[[a]\n" * 5_000,
    "long-line": b"a" * 1_000_000,
    "unicode-lines": 'id = "w\u2028\u0085x"\nname = 3\n[steps.a]\nrun = "true"\n'.encode(),
    "deep-expression": OK.encode() + b'when = "' + b"(" * 5_000 + b"true" + b")" * 5_000 + b'"',
    "long-expression": OK.encode() + b'when = "true' + b" || true" * 20_000 + b'"',
    "open-braces": OK.encode().replace(b"true", b"${{ " * 2_000),
    "many-placeholders": OK.encode().replace(b"true", b"${{ run.id }}" * 20_000),
    "many-quotes-in-run": OK.encode().replace(b'"true"', b"'''" + b'"`$(' * 20_000 + b"'''"),
    "strange-names": b'id = "w"\n[steps."\\u0000"]\nrun="true"\n[steps.""]\nrun="true"\n[steps."a/b~c"]\nrun="true"\n',
    "slow-pattern": b'id="w"\n[parameters.p]\npattern="^(([a-z])+.)+[A-Z]([a-z])+$"\ndefault="' + b"a" * 40 + b'"\n[steps.a]\nrun="true"\n',
    "huge-pattern": b'id="w"\n[parameters.p]\npattern="' + b"(" * 5_000 + b'"\n[steps.a]\nrun="true"\n',
    "huge-repeat": b'id="w"\n[parameters.p]\npattern="a{99999999999999}"\ndefault="x"\n[steps.a]\nrun="true"\n',
}  # fmt: skip


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gives_findings(name):
    """Text of any kind gives findings in seconds, and repairs do not raise either."""
    source = Source.from_bytes(HOSTILE[name], name)
    report = validate(source, Catalog())
    if name not in {"many-placeholders", "many-quotes-in-run", "nested-inputs", "open-braces"}:
        assert not report.ok
    assert all(d.message for d in report.diagnostics)
    for diagnostic in report.diagnostics[:50]:
        assert render(diagnostic, source.lines, name)
    json.dumps(report.to_json())
    fixed(source, Catalog())


def test_a_byte_order_mark_is_a_warning_with_a_repair():
    """The mark does not make a definition invalid, and `--fix` removes nothing else."""
    source = Source.from_bytes(b"\xef\xbb\xbf" + OK.encode(), "x")
    report = validate(source, Catalog())
    assert report.ok
    assert [d.code for d in report.diagnostics] == ["byte-order-mark"]
    assert fixed(source, Catalog()).report.source.text == OK


def test_windows_line_ends_are_kept():
    """CRLF counts as one line end, and repairs keep it."""
    text = (
        OK.replace('"w"', '"W w"').replace("\n", "\r\n")
        + '[steps.b]\r\nrun = "true"\r\nneeds = ["a", "a"]\r\n'
    )
    result = fixed(Source.from_text(text), Catalog())
    assert result.report.ok
    assert result.report.source.text == text.replace("W w", "w-w").replace('["a", "a"]', '["a"]')


def test_columns_count_characters():
    """A finding behind letters outside ASCII stands where an editor shows it."""
    report = validate(
        Source.from_text('id = "w"\n[steps.a]\nrun = "echo é🎸 ${{ params.x }}"\n'), Catalog()
    )
    (unknown,) = report.diagnostics
    line = report.source.lines[2]
    assert line[unknown.span.column - 1 : unknown.span.end_column - 1] == "x"


def test_places_inside_escaped_text():
    """Escapes before an expression do not shift the place of a finding in it."""
    text = 'id = "w"\n[steps.a]\nrun = "\\t\\u00e9 \\"x\\" ${{ params.x }}"\n'
    report = validate(Source.from_text(text), Catalog())
    (unknown,) = report.diagnostics
    assert report.source.lines[2][unknown.span.column - 1 :].startswith("x }}")


def test_places_inside_text_of_several_lines():
    """A finding in a text of several lines stands on its own line."""
    text = 'id = "w"\n[steps.a]\nrun = """\necho \\\n  x\necho ${{ params.x }}"""\n'
    (unknown,) = validate(Source.from_text(text), Catalog()).diagnostics
    assert (unknown.span.line, unknown.span.column) == (6, 17)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("shape", ["chain", "wide", "cycle", "dense", "wrong"])
def test_ten_thousand_steps(shape):
    """A definition of 10,000 steps is validated in seconds, whatever its graph."""
    count = 10_000
    needs = {
        "chain": lambda i: [i - 1] if i else [],
        "wide": lambda i: [0] if i else [],
        "cycle": lambda i: [(i - 1) % count],
        "dense": lambda i: range(max(0, i - 10), i),
        "wrong": lambda i: [count + i],
    }[shape]
    text = 'id = "w"\n' + "".join(
        f'[steps.s{i}]\nrun = "true"\nneeds = [{", ".join(f"""{chr(34)}s{n}{chr(34)}""" for n in needs(i))}]\n'
        for i in range(count)
    )
    started = time.monotonic()
    report = validate(Source.from_text(text), Catalog())
    assert time.monotonic() - started < 120  # it ends; about two seconds on an idle machine
    assert report.ok is (shape in {"chain", "wide", "dense"})
    if shape == "cycle":
        assert [d.code for d in report.diagnostics] == ["cycle"]
        assert len(report.diagnostics[0].message) < 500


def test_a_text_of_a_megabyte(tmp_path):
    """Long texts are held, and shown only in part."""
    text = OK.replace("true", "echo " + "x" * 1_000_000)
    assert validate(Source.from_text(text), Catalog()).ok
    report = validate(Source.from_text(OK.replace('"w"', f'"{"W" * 1_000_000}"')), Catalog())
    assert len(render(report.diagnostics[0], report.source.lines, "x")) < 1_000


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "kind", ["missing", "folder", "fifo", "device", "nul", "big", "unreadable"]
)
def test_what_is_no_readable_file_is_refused(kind, tmp_path):
    """A path that cannot be read as a file is a usage error, at once."""
    path = tmp_path / "x.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "big":
        with path.open("wb") as file:
            file.truncate(MAX_SOURCE_BYTES + 1)
    elif kind == "unreadable":
        path.symlink_to(path)
    name = {"device": "/dev/zero", "nul": "a\0b"}.get(kind, str(path))
    with pytest.raises(UsageError) as caught:
        Source.read(name)
    assert caught.value.exit_code == 2


PIECES = st.sampled_from(
    ["id", "steps", "a", "run", "needs", "when", "uses", "inputs", "env", "params", "outputs", "=",
     "[", "]", "[[", "]]", "{", "}", '"', "'", '"""', "'''", "\n", "\r\n", " ", ".", ",", "#", "\\",
     "${{", "}}", "steps.a.outputs.stdout", "params.p", "true", "1", "-1", "1.5", "nan", "2020-01-01",
     "é", "🎸", "\u2028", "\0", "`", "$(", "$((", "<<EOF", "&&", "==", "foreach", "item", "parameters",
     'type = "integer"', 'id = "w"\n', '[steps.a]\nrun = "true"\n', "[parameters.p]\n"]
)  # fmt: skip

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip

KEYS = st.sampled_from(
    ["schema", "id", "version", "name", "tags", "parameters", "triggers", "actions", "steps",
     "artifacts", "requirements", "timeout", "on_failure", "parallel", "p", "a"]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_text_gives_a_report(text):
    """Whatever is written, there is a report, its findings can be shown, and repairs terminate."""
    source = Source.from_text(text)
    report = validate(source, Catalog())
    assert report.ok or report.diagnostics
    for diagnostic in report.diagnostics:
        render(diagnostic, source.lines, "x")
    fixed(source, Catalog())


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(KEYS, JSON_VALUES, max_size=8), st.dictionaries(KEYS, JSON_VALUES, max_size=8)
)
def test_any_json_gives_a_report(whole, step):
    """Whatever values stand at known keys, there is a report, and findings have places."""
    data = whole | {"id": "w", "steps": {"a": {"run": "true"} | step}}
    report = validate(Source.from_text(json.dumps(data)), Catalog())
    assert report.ok or all(d.span for d in report.diagnostics)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_report(data):
    """Bytes that are no text at all give a report too."""
    report = validate(Source.from_bytes(data, "x"), Catalog())
    assert report.ok or report.diagnostics
