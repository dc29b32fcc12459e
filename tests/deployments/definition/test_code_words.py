"""A value that a command takes apart again is told, and no other."""

from __future__ import annotations

import pytest

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.code_words import code_readers
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.templates import placeholders
from prefect_luthier.deployments.definition.validate import validate

X = "${{ params.x }}"


@pytest.mark.parametrize(
    ("command", "readers"),
    [
        (f"sh -c 'echo {X}'", ["sh -c"]),
        (f'cd /tmp && sudo bash -lc "ls {X} | wc -l"', ["bash -lc"]),
        (f"xargs -n1 /bin/sh -c 'rm {X}'", ["sh -c"]),
        (f"eval echo a {X}", ["eval"]),
        (f"python3 -c 'print({X})' {X}", ["python3 -c", None]),
        (f"ssh -p 22 host ls {X}", ["ssh"]),
        (f"echo x\nperl -ne {X} file", ["perl -ne"]),
        (f"sh -c 'echo \"$1\"' sh {X}", [None]),
        (f"ssh -p {X} {X} uptime", [None, None]),
        (f"sh script.sh {X}", [None]),
        (f"python -m json.tool {X}", [None]),
        (f"echo sh -c; echo {X}", [None]),
        (f"echo 'eval {X}' {X}", [None, None]),
        (f"medieval {X}", [None]),
    ],
    ids=str,
)
def test_what_reads_a_value_as_code(command: str, readers: list[str | None]) -> None:
    """Code is what stands right behind the option; arguments of that code are safe."""
    assert code_readers(command, placeholders(command)) == readers


def test_it_is_a_warning_at_the_value() -> None:
    """The author may know better; the reader of a draft wants to know."""
    text = f'id = "w"\n[parameters.x]\ndefault = "a"\n[steps.a]\nrun = "sh -c \'echo {X}\'"\n'
    report = validate(Source.from_text(text), Catalog())
    assert report.ok
    (finding,) = report.diagnostics
    assert (finding.code, finding.severity) == ("read-as-code", "warning")
    assert finding.span is not None
    line = text.splitlines()[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == X


def test_many_values_are_read_in_time() -> None:
    """Long commands with thousands of values take no longer than they must."""
    command = "sh -c " + f"'a' {X} " * 20_000
    assert len(code_readers(command, placeholders(command))) == 20_000
