"""Parameter types and validators of installed packages, good and bad ones."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import sys
import textwrap

import pytest

from prefect_luthier.deployments.definition import plugins

TEXT = 'id = "w"\n[parameters.p]\ntype = "{kind}"\ndefault = "{default}"\n[steps.a]\nrun = "echo ${{{{ params.p }}}}"\n'


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package with entry points into a folder on the path."""

    def run(code: str, entry_points: str) -> None:
        (tmp_path / "luthier_plug.py").write_text(textwrap.dedent(code))
        metadata = tmp_path / "luthier_plug-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: luthier-plug\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(textwrap.dedent(entry_points))
        monkeypatch.syspath_prepend(str(tmp_path))
        plugins.used_groups.cache_clear()
        plugins.plugin_parameter_type.cache_clear()

    yield run
    sys.modules.pop("luthier_plug", None)
    plugins.used_groups.cache_clear()
    plugins.plugin_parameter_type.cache_clear()


COLOUR = """
    from prefect_luthier.deployments.definition.parameter_types import ParameterType

    def parse(value):
        if not (isinstance(value, str) and value.startswith("#")):
            raise ValueError("must be a colour such as #ff0000")
        return value.lower()

    colour = ParameterType("colour", parse, {"type": "string", "format": "color"}, cel="string")
"""


def test_a_parameter_type_is_added(install, check, catalog):
    """A type of a plug-in checks defaults and values, and shows in the form."""
    from prefect_luthier.deployments.definition.parameter_form import form_schema
    from prefect_luthier.deployments.definition.plan import make_plan

    install(COLOUR, "[prefect_luthier.parameter_types]\ncolour = luthier_plug:colour\n")
    report = check(TEXT.format(kind="colour", default="#FF0000"))
    assert report.ok, report.diagnostics
    assert form_schema(report.definition)["properties"]["p"]["format"] == "color"
    assert make_plan(report.definition, {}, catalog).parameters == {"p": "#ff0000"}
    (wrong,) = check(TEXT.format(kind="colour", default="red")).diagnostics
    assert wrong.code == "bad-default"
    assert "colour such as" in wrong.message


def test_a_validator_is_added(install, check):
    """A validator's findings get the place of their pointer."""
    install(
        """
        from prefect_luthier.diagnostics import Diagnostic

        def no_echo(definition):
            for name, step in definition.steps.items():
                if "echo" in (step.run or ""):
                    yield Diagnostic("no-echo", "error", "echo is not allowed.", f"/steps/{name}/run")
        """,
        "[prefect_luthier.validators]\nno_echo = luthier_plug:no_echo\n",
    )
    report = check('id = "w"\n[steps.a]\nrun = "echo"\n')
    assert not report.ok
    (finding,) = report.diagnostics
    assert (finding.code, finding.span.line, finding.span.column) == ("no-echo", 3, 7)


@pytest.mark.parametrize(
    ("code", "entry_points"),
    [
        ("1 / 0", "[prefect_luthier.validators]\nv = luthier_plug:v\n"),
        (
            "def v(d):\n    raise RuntimeError('boom')",
            "[prefect_luthier.validators]\nv = luthier_plug:v\n",
        ),
        ("def v(d):\n    return ['text']", "[prefect_luthier.validators]\nv = luthier_plug:v\n"),
        ("v = 3", "[prefect_luthier.validators]\nv = luthier_plug:v\n"),
        ("1 / 0", "[prefect_luthier.parameter_types]\nshade = luthier_plug:v\n"),
        ("v = 3", "[prefect_luthier.parameter_types]\nshade = luthier_plug:v\n"),
    ],
    ids=["import-fails", "raises", "returns-text", "no-function", "type-import-fails", "no-type"],
)
def test_a_plug_in_that_fails_is_a_finding(install, check, code, entry_points):
    """Foreign code cannot end the validation; it is named instead."""
    install(code, entry_points)
    kind = "shade" if "parameter_types" in entry_points else "string"
    report = check(TEXT.format(kind=kind, default="x"))
    assert not report.ok
    assert {d.code for d in report.diagnostics} == {"plugin-failed"}
    name = "shade" if kind == "shade" else "'v'"
    assert name in report.diagnostics[0].message
