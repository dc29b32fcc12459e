"""Expressions give plain values; templates keep types; commands get one shell word."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.deployments.definition.cel_to_python import to_python
from prefect_luthier.deployments.definition.eject_values import name_source
from prefect_luthier.deployments.definition.expressions import (
    ExpressionError,
    evaluate,
    interpolate,
    interpolate_command,
)
from prefect_luthier.deployments.definition.shell_words import UnsafePlacement
from prefect_luthier.errors import LuthierError

VALUES = {
    "params.n": 3,
    "params.x": 2.5,
    "params.t": "it's",
    "params.none": None,
    "params.list": [1, 2, 3],
    "params.map": {"a": {"b": True}},
    "steps.s.outputs.stdout": "done",
    "steps.s.state": "completed",
    "item": {"name": "x"},
    "index": 1,
    "run.id": "r1",
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("params.n + 1", 4),
        ("params.t + '!'", "it's!"),
        ("params.none == null", True),
        ("params.none == ''", False),
        ("params.list.filter(i, i > 1)", [2, 3]),
        ("params.map.a.b", True),
        ("has(params.map.c)", False),
        ("steps.s.outputs.stdout.size()", 4),
        ("steps.s.state == 'completed' && index == 1", True),
        ("item.name", "x"),
        ("params.n > 2.5", True),
        ("{'a': [params.n]}", {"a": [3]}),
        ("duration('90s')", "90s"),
        ("timestamp('2020-01-01T00:00:00Z')", "2020-01-01T00:00:00Z"),
        ("b'ab'", "ab"),
        ("params.n == 3 || params.map.missing", True),
    ],
)
def test_expressions_give_plain_json_values(expression, value):
    """Whatever CEL computes comes back as a JSON value."""
    assert evaluate(expression, VALUES) == value


@pytest.mark.parametrize(
    "expression",
    ["params.nope", "1 +", "params.map.c", "params.list[9]", "params.t + params.n", "1 / 0",
     "params.list.map(a, params.list.map(b, b.c))", "_dyn_0", "foo(1)", ""],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_named(expression):
    """A failure quotes the expression, and never shows an inner name."""
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, VALUES)
    assert f"`{expression}`" in str(caught.value)
    if expression != "_dyn_0":
        assert "_dyn_" not in str(caught.value)


def test_an_endless_computation_is_stopped():
    """Nested loops over a long list end with an error, not with a hang."""
    bindings = {"item": list(range(1_000))}
    with pytest.raises(ExpressionError):
        evaluate("item.map(a, item.map(b, item.map(c, a + b + c)))", bindings)


def test_one_placeholder_keeps_its_type():
    """A text that is exactly one placeholder becomes the value, others become text."""
    value = {
        "a": "${{ params.list }}",
        "b": ["${{ params.n }}", "n=${{ params.n }}", 7],
        "c": "${{ params.map }}!",
        "d": "${{ params.none }}|${{ params.x }}|${{ params.n == 3 }}",
        "e": "plain",
    }
    assert interpolate(value, VALUES) == {
        "a": [1, 2, 3],
        "b": [3, "n=3", 7],
        "c": '{"a":{"b":true}}!',
        "d": "|2.5|true",
        "e": "plain",
    }


def test_braces_inside_expressions_do_not_end_them():
    """Maps and texts with braces can stand in a placeholder."""
    assert interpolate("${{ {'a': {'b': 1}} }}", {}) == {"a": {"b": 1}}
    assert interpolate("x ${{ '}}' }} y", {}) == "x }} y"
    assert interpolate("${{ '${{' }}", {}) == "${{"


NASTY = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
) | st.sampled_from(["$(id)", "`id`", "'; id; '", '"; id; "', "\\", "$HOME", "a\nb", "-x", "*", "", "#", "!x", "~"])  # fmt: skip

PLACES = {
    "bare": "printf '%s' ${{ item }}",
    "double": "printf '%s' \"${{ item }}\"",
    "single": "printf '%s' '${{ item }}'",
    "joined": "printf '%s' \"\"${{ item }}''",
    "substitution": "x=$(printf '%s' ${{ item }}; printf .); printf '%s' \"${x%.}\"",
    "quoted-substitution": 'x="$(printf \'%s\' "${{ item }}"; printf .)"; printf \'%s\' "${x%.}"',
    "subshell": "(printf '%s' ${{ item }})",
    "assignment": "x=${{ item }}; printf '%s' \"$x\"",
    "after-comment": "# it's a \"comment\n\nprintf '%s' ${{ item }}",
    "after-document": "cat >/dev/null <<'EOF'\nit's $(echo \"x\nEOF\nprintf '%s' ${{ item }}",
    "default": "printf '%s' ${nothing:-${{ item }}}",
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25, deadline=None)
@given(value=NASTY)
def test_a_value_is_never_more_than_text_to_a_shell(place, value):
    """The real shell prints exactly the value, wherever the placeholder stands."""
    command = interpolate_command(PLACES[place], {"item": value})
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=10, check=True)
    assert done.stdout.decode() == value


@pytest.mark.parametrize(
    "command",
    [
        "cat <<EOF\n${{ item }}\nEOF",
        "cat <<'EOF'\n${{ item }}\nEOF",
        "echo `echo ${{ item }}`",
        "echo $((1 + ${{ item }}))",
        'echo "${x:-${{ item }}}"',
        "echo $'a ${{ item }}'",
        "echo \\${{ item }}",
        "echo $${{ item }}",
        "# ${{ item }}",
        'echo "\\${{ item }}"',
        'echo "$(case x in a) echo ${{ item }};; esac)"',
    ],
)
def test_where_quoting_does_not_protect_the_value_is_refused(command):
    """The refusal names the place and the way out."""
    with pytest.raises(UnsafePlacement, match="env"):
        interpolate_command(command, {"item": "$(id)"})


def test_whole_numbers_may_stand_in_arithmetic():
    """A number needs no quotes there, a text is refused."""
    assert interpolate_command("echo $((1 + ${{ item }}))", {"item": 2}) == "echo $((1 + 2))"


@pytest.mark.parametrize("depth", [150, 10_000])
def test_values_nested_too_deep_are_refused(depth):
    """A value from outside cannot exhaust the stack."""
    value: object = 1
    for _ in range(depth):
        value = [value]
    with pytest.raises(LuthierError):
        evaluate("item", {"item": value})


SAME = [
    "params.n > 2 && params.t != ''", "params.n == 3 ? 'yes' : 'no'", "!(params.n < 2)",
    "params.list.filter(i, i >= 2).map(i, i * 10)", "params.list.exists(i, i == 2)",
    "params.list.all(i, i > 0)", "size(params.list) + params.list.size()", "2 in params.list",
    "params.t.startsWith('it') || params.t.contains('z')", "-params.n + 1 - 2 * 3",
    "params.none == null", "steps.s.outputs.stdout.endsWith('e')", "[params.n, 'a', 1.5, true]",
    "params.map.a.b", "params.list[0] == 1", "string(params.n) + params.t", "'a\\n\"b\"'",
    "((1 + 2) * 3)", "index + 1", "item.name == 'x'", "run.id",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_python_of_an_expression_means_the_same(expression):
    """What is translated to Python gives the value that CEL gives."""
    source = to_python(expression, name_source)
    assert source is not None

    class Scope:
        def __init__(self):
            self.params = {k[7:]: v for k, v in VALUES.items() if k.startswith("params.")}
            self.run = {"id": "r1"}
            self.item, self.index = VALUES["item"], 1

        def outputs(self, step):
            return {"stdout": "done"}

        def state(self, step):
            return "completed"

    scope = {"s": Scope(), "text": str}
    assert eval(source, scope) == evaluate(expression, VALUES)


@pytest.mark.parametrize(
    "expression",
    ["params.n / 2", "params.n % 2", "params.t.matches('x')", "has(params.map.c)", "1u",
     "params.map.c || true", "timestamp('2020-01-01T00:00:00Z')", "b'x'", "r'x'", "{'a': 1}.a",
     "int(params.t)", "1 < 2 == true"],
)  # fmt: skip
def test_what_python_says_differently_is_not_translated(expression):
    """Division, missing keys, regular expressions and the like stay CEL."""
    assert to_python(expression, name_source) is None
