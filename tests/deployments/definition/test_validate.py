"""Every mistake has its code, at its place, with its candidates and its repair."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import pytest

from prefect_luthier.deployments.definition.fixing import fixed
from prefect_luthier.deployments.definition.source import Source

HEAD = 'id = "w"\n'
STEP = '[steps.a]\nrun = "true"\n'
P = "[parameters.p]\n"
USES_P = '[steps.a]\nrun = "echo ${{ params.p }}"\n'


def two(second: str, first: str = 'run = "true"') -> str:
    """Return a workflow of step `a` and a step `b` that needs it."""
    return f'{HEAD}[steps.a]\n{first}\n[steps.b]\nneeds = ["a"]\n{second}\n'


# name: (text, code, the source text that the finding points at)
MISTAKES = {
    "value-missing": (HEAD + "name =\n" + STEP, "toml-syntax", "name ="),
    "unquoted-text": (HEAD + "name = hello there\n" + STEP, "toml-syntax", "hello there"),
    "colon": (HEAD + 'name: "x"\n' + STEP, "toml-syntax", ":"),
    "unclosed-text": (HEAD + 'name = "x\n' + STEP, "toml-syntax", ""),
    "unclosed-list": (HEAD + 'tags = ["x"\n' + STEP, "toml-syntax", 'tags = ["x"'),
    "unclosed-header": (HEAD + "[steps.a\nrun = 'true'\n", "toml-syntax", ""),
    "duplicate-key": (HEAD + 'id = "v"\n' + STEP, "duplicate-key", "id"),
    "duplicate-table": (HEAD + STEP + STEP, "duplicate-key", "a"),
    "unknown-key": (HEAD + 'autor = "x"\n' + STEP, "unknown-key", "autor"),
    "unknown-step-key": (HEAD + STEP + 'timeot = "3s"\n', "unknown-key", "timeot"),
    "foreign-word": (HEAD + STEP + "depends_on = []\n", "unknown-key", "depends_on"),
    "wrong-type": (HEAD + "name = 3\n" + STEP, "wrong-type", "3"),
    "text-for-list": (HEAD + STEP + '[steps.b]\nrun = "true"\nneeds = "a"\n', "wrong-type", '"a"'),
    "step-no-table": (HEAD + "steps = { a = 3 }\n", "wrong-type", "3"),
    "date": (HEAD + "name = 2020-01-01\n" + STEP, "wrong-type", "2020-01-01"),
    "not-a-number": (HEAD + P + 'type = "number"\ndefault = nan\n' + USES_P, "wrong-type", "nan"),
    "huge-integer": (HEAD + P + 'type="integer"\ndefault = 9223372036854775808\n' + USES_P,
                     "wrong-type", "9223372036854775808"),
    "missing-id": (STEP, "missing-field", None),
    "missing-cron": (HEAD + "[[triggers]]\ntimezone='UTC'\n" + STEP, "missing-field", "triggers"),
    "no-steps": (HEAD + "[steps]\n", "no-steps", "[steps]"),
    "schema": ("schema = 2\n" + HEAD + STEP, "unsupported-schema", "2"),
    "workflow-id": ('id = "My Flow"\n' + STEP, "bad-id", '"My Flow"'),
    "step-id": (HEAD + '[steps.a-b]\nrun = "true"\n', "bad-id", "a-b"),
    "newline-id": (HEAD + '[steps."a\\n"]\nrun = "true"\n', "bad-id", '"a\\n"'),
    "capital-id": (HEAD + '[steps.A]\nrun = "true"\n', "bad-id", "A"),
    "cel-word": (HEAD + '[steps.in]\nrun = "true"\n', "reserved-name", "in"),
    "version": (HEAD + 'version = "1"\n' + STEP, "bad-version", '"1"'),
    "duration": (HEAD + STEP + 'timeout = "5 minutes"\n', "bad-duration", '"5 minutes"'),
    "zero-duration": (HEAD + STEP + 'timeout = "0s"\n', "bad-duration", '"0s"'),
    "negative-retries": (HEAD + STEP + "retries = { max = -1 }\n", "out-of-range", "-1"),
    "cron": (HEAD + '[[triggers]]\ncron = "61 * * * *"\n' + STEP, "bad-cron", '"61 * * * *"'),
    "cron-never": (HEAD + '[[triggers]]\ncron = "0 0 31 2 *"\n' + STEP, "bad-cron", '"0 0 31 2 *"'),
    "timezone": (HEAD + '[[triggers]]\ncron = "0 0 * * *"\ntimezone = "Europe/Berln"\n' + STEP,
                 "bad-timezone", '"Europe/Berln"'),
    "timezone-path": (HEAD + '[[triggers]]\ncron = "0 0 * * *"\ntimezone = "../../etc/passwd"\n' + STEP,
                      "bad-timezone", '"../../etc/passwd"'),
    "pattern": (HEAD + P + "pattern = '('\n" + USES_P, "bad-pattern", "'('"),
    "default-pattern": (HEAD + P + "pattern = '^\\d+$'\ndefault = 'x'\n" + USES_P,
                        "default-breaks-pattern", "'x'"),
    "slow-pattern": (HEAD + P + "pattern = '^(a|aa|b?a)+$'\ndefault = '" + "a" * 60 + "!'\n" + USES_P,
                     "slow-pattern", None),
    "parameter-type": (HEAD + P + 'type = "strng"\n' + USES_P, "unknown-parameter-type", '"strng"'),
    "default-type": (HEAD + P + 'type = "integer"\ndefault = "x"\n' + USES_P, "bad-default", '"x"'),
    "default-quoted": (HEAD + P + 'type = "integer"\ndefault = "5"\n' + USES_P, "bad-default", '"5"'),
    "default-choice": (HEAD + P + 'type = "choice"\nchoices = ["red", "green"]\ndefault = "gren"\n' + USES_P,
                       "default-not-a-choice", '"gren"'),
    "no-choices": (HEAD + P + 'type = "choice"\n' + USES_P, "missing-choices", '"choice"'),
    "required-default": (HEAD + P + 'required = true\ndefault = "x"\n' + USES_P,
                         "required-with-default", "true"),
    "range": (HEAD + P + 'type = "integer"\nminimum = 3\nmaximum = 2\n' + USES_P, "bad-range", "3"),
    "default-above": (HEAD + P + 'type = "integer"\nmaximum = 2\ndefault = 3\n' + USES_P,
                      "bad-default", "3"),
    "unused-parameter": (HEAD + P + STEP, "unused-parameter", "p"),
    "trigger-parameter": (HEAD + P + "default='x'\n[[triggers]]\ncron='0 0 * * *'\nparameters={q=1}\n" + USES_P,
                          "unknown-parameter", "q"),
    "trigger-value": (HEAD + P + "type='integer'\ndefault=1\n[[triggers]]\ncron='0 0 * * *'\nparameters={p='x'}\n" + USES_P,
                      "bad-trigger-parameter", "'x'"),
    "trigger-required": (HEAD + P + "required=true\n[[triggers]]\ncron='0 0 * * *'\n" + USES_P,
                         "trigger-missing-parameter", "[[triggers]]"),
    "unknown-parameter": (HEAD + P + "default = 'x'\n" + USES_P + 'when = "params.q == \'\'"\n', "unknown-parameter", "q"),
    "unknown-need": (HEAD + STEP + '[steps.b]\nrun = "true"\nneeds = ["zz"]\n', "unknown-step", '"zz"'),
    "self-need": (HEAD + STEP + 'needs = ["a"]\n', "self-need", '"a"'),
    "duplicate-need": (HEAD + STEP + '[steps.b]\nrun = "true"\nneeds = ["a", "a"]\n', "duplicate-need", '"a"'),
    "cycle": (HEAD + STEP + 'needs = ["b"]\n[steps.b]\nrun = "true"\nneeds = ["a"]\n', "cycle", '"b"'),
    "unknown-step": (two('run = "true"\nwhen = "steps.c.outputs.stdout == \'\'"'), "unknown-step", "c"),
    "unknown-output": (two('run = "true"\nwhen = "steps.a.outputs.stdot == \'\'"'), "unknown-output", "stdot"),
    "no-outputs-word": (two('run = "true"\nwhen = "steps.a.stdout == \'\'"'), "unknown-output", "stdout"),
    "not-needed": (HEAD + STEP + '[steps.b]\nrun = "true"\nwhen = "steps.a.outputs.stdout == \'\'"\n',
                   "step-not-needed", "a"),
    "own-output": (HEAD + STEP + 'when = "steps.a.outputs.stdout == \'\'"\n', "step-not-needed", "a"),
    "state-in-run": (two('run = "echo ${{ steps.a.state }}"'), "state-outside-when", "state"),
    "syntax": (two('run = "true"\nwhen = "steps.a.outputs.stdout =="'), "expression-syntax", "="),
    "python-and": (two('run = "true"\nwhen = "true and run.id == \'x\'"'), "expression-syntax", "and"),
    "types": (two('run = "true"\nwhen = "steps.a.outputs.exit_code > \'x\'"'), "expression-type", ">"),
    "float-literal": (HEAD + P + 'type = "number"\ndefault = 1\n' + USES_P + 'when = "params.p > 3"\n', "expression-type", ">"),
    "function": (HEAD + STEP + 'when = "siz(run.id) > 3"\n', "unknown-function", "siz"),
    "name": (HEAD + STEP + 'when = "foo == 3"\n', "unknown-name", "foo"),
    "item": (HEAD + '[steps.a]\nrun = "echo ${{ item }}"\n', "unknown-name", "item"),
    "run-field": (HEAD + '[steps.a]\nrun = "echo ${{ run.dat }}"\n', "unknown-name", "dat"),
    "not-boolean": (HEAD + STEP + 'when = "1 + 1"\n', "when-not-boolean", '"1 + 1"'),
    "never": (HEAD + STEP + 'when = "false && run.id == \'\'"\n', "unreachable-step", None),
    "always": (HEAD + STEP + 'when = "true"\n', "constant-when", '"true"'),
    "braces-in-when": (HEAD + P + "default='x'\n" + USES_P + 'when = "${{ params.p == \'\' }}"\n', "template-in-expression", None),
    "not-a-list": (HEAD + STEP + 'foreach = "run.id"\n', "foreach-not-list", '"run.id"'),
    "unclosed-braces": (HEAD + '[steps.a]\nrun = "echo ${{ run.id"\n', "template-syntax", "${{"),
    "braces-without-dollar": (HEAD + P + "default='x'\n[steps.a]\nrun = \"echo {{ params.p }}\"\n", "template-syntax", "{{ params.p }}"),
    "one-brace": (HEAD + P + "default='x'\n[steps.a]\nrun = \"echo ${params.p}\"\n", "template-syntax", "${params.p}"),
    "steps-list": (HEAD + '[[steps]]\nrun = "true"\n', "wrong-type", "[[steps]]"),
    "triggers-table": (HEAD + '[triggers]\ncron = "0 0 * * *"\n' + STEP, "wrong-type", "[triggers]"),
    "retries-number": (HEAD + STEP + "retries = 3\n", "wrong-type", "3"),
    "shell-action": (HEAD + '[steps.a]\nuses = "shell"\n', "unknown-action", '"shell"'),
    "here-document": (HEAD + "[steps.a]\nrun = '''\ncat <<X\n${{ run.id }}\nX\n'''\n", "unsafe-placement", "${{ run.id }}"),
    "backticks": (HEAD + '[steps.a]\nrun = "echo `echo ${{ run.id }}`"\n', "unsafe-placement", "${{ run.id }}"),
    "secret-in-run": (HEAD + P + 'type = "secret"\nrequired = true\n' + USES_P, "secret-leak", "p"),
    "secret-in-when": (HEAD + P + 'type = "secret"\nrequired = true\n' + STEP + 'when = "params.p == \'\'"\n', "secret-leak", "p"),
    "secret-in-input": (HEAD + P + 'type = "secret"\nrequired = true\n[steps.a]\nuses = "mail.send"\ninputs = { to = "${{ params.p }}" }\n',
                        "secret-leak", "p"),
    "secret-in-artifact": (HEAD + P + 'type = "secret"\nrequired = true\n' + STEP + '[artifacts.x]\npath = "${{ params.p }}"\n',
                           "secret-leak", "p"),
    "unknown-action": (HEAD + '[steps.a]\nuses = "mail.sned"\n', "unknown-action", '"mail.sned"'),
    "unknown-version": (HEAD + '[steps.a]\nuses = "mail.send@7"\ninputs = { to = "x" }\n', "unknown-action", '"mail.send@7"'),
    "bad-version-word": (HEAD + '[steps.a]\nuses = "mail.send@latest"\n', "unknown-action", '"mail.send@latest"'),
    "service": (HEAD + '[steps.a]\nuses = "crm"\n', "not-executable", '"crm"'),
    "own-workflow": ('id = "nightly"\n[steps.a]\nuses = "nightly"\n', "recursive-workflow", '"nightly"'),
    "missing-input": (HEAD + '[steps.a]\nuses = "mail.send"\n', "missing-input", "a"),
    "unknown-input": (HEAD + '[steps.a]\nuses = "mail.send"\ninputs = { to = "x", subjct = "y" }\n', "unknown-input", "subjct"),
    "wrong-input": (HEAD + '[steps.a]\nuses = "mail.send"\ninputs = { to = "x", copies = "many" }\n', "bad-input", '"many"'),
    "wrong-item": (HEAD + '[steps.a]\nuses = "mail.send"\ninputs = { to = "x", lines = ["a", 3] }\n', "bad-input", "3"),
    "wrong-expression": (HEAD + '[steps.a]\nuses = "mail.send"\ninputs = { to = "x", copies = "${{ run.id }}" }\n', "bad-input", '"${{ run.id }}"'),
    "text-for-number": (HEAD + '[steps.a]\nuses = "mail.send"\ninputs = { to = "x", copies = "n ${{ run.id }}" }\n', "bad-input", None),
    "no-model": (HEAD + '[steps.a]\nuses = "think"\n', "no-model", '"think"'),
    "action-command": (HEAD + '[steps.a]\nuses = "needs.tool"\n', "missing-command", '"needs.tool"'),
    "required-command": (HEAD + '[requirements]\ncommands = ["no-such-tool"]\n' + STEP, "missing-command", '"no-such-tool"'),
    "run-command": (HEAD + '[steps.a]\nrun = "echo x | no-such-tool --fast"\n', "missing-command", "no-such-tool"),
    "both": (HEAD + '[steps.a]\nrun = "true"\nuses = "open.output"\n', "run-and-uses", "run"),
    "neither": (HEAD + "[steps.a]\nneeds = []\n", "no-action", "[steps.a]"),
    "empty-command": (HEAD + '[steps.a]\nrun = " "\n', "no-action", '" "'),
    "inputs-of-command": (HEAD + STEP + "inputs = { x = 1 }\n", "inputs-without-action", "inputs"),
    "outputs-of-action": (HEAD + '[steps.a]\nuses = "open.output"\noutputs = { x = "string" }\n', "outputs-of-action", "outputs"),
    "output-type": (HEAD + STEP + 'outputs = { x = "strin" }\n', "bad-value", '"strin"'),
    "reserved-output": (HEAD + STEP + 'outputs = { stdout = "string" }\n', "reserved-name", "stdout"),
    "nested-template": (HEAD + '[actions.t]\nuses = "u"\n[actions.u]\nrun = "true"\n[steps.a]\nuses = "t"\n[steps.b]\nuses = "u"\n', "nested-template", '"u"'),
    "unused-template": (HEAD + '[actions.t]\nrun = "true"\n' + STEP, "unused-template", "t"),
    "on-failure": (HEAD + STEP + 'on_failure = "contineu"\n', "bad-value", '"contineu"'),
    "workspace-up": (HEAD + STEP + 'workspace = "../x"\n', "workspace-escapes", '"../x"'),
    "workspace-root": (HEAD + STEP + 'workspace = "/srv"\n', "workspace-escapes", '"/srv"'),
    "artifact-root": (HEAD + STEP + '[artifacts.x]\npath = "/etc/passwd"\n', "bad-artifact-path", '"/etc/passwd"'),
    "artifact-up": (HEAD + STEP + '[artifacts.x]\npath = "a/../../b"\n', "bad-artifact-path", '"a/../../b"'),
    "env-name": (HEAD + STEP + 'env = { "A-B" = "x" }\n', "bad-env-name", '"A-B"'),
    "own-variable": (HEAD + STEP + 'env = { LUTHIER_OUTPUT = "x" }\n', "reserved-name", "LUTHIER_OUTPUT"),
    "nul": (HEAD + 'name = "a\\u0000b"\n' + STEP, "bad-text", '"a\\u0000b"'),
    "foreign-schema": (HEAD + '[steps.a]\nuses = "broken.schema"\n', "bad-catalog-schema", '"broken.schema"'),
}  # fmt: skip

WARNINGS = {"unused-parameter", "unused-template", "constant-when", "bad-catalog-schema",
            "trigger-missing-parameter"}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_is_found_at_its_place(name, check):
    """A mistake gives its code, and the finding points at the text at fault."""
    text, code, pointed = MISTAKES[name]
    report = check(text)
    found = [d for d in report.diagnostics if d.code == code]
    assert found, [(d.code, d.message) for d in report.diagnostics]
    assert report.ok is all(d.severity == "warning" for d in found)
    assert report.ok is (code in WARNINGS or name in {"braces-without-dollar", "one-brace"})
    span = found[0].span
    assert span is not None or name == "missing-id"
    if pointed:
        lines = text.split("\n")
        assert lines[span.line - 1][span.column - 1 :].startswith(pointed)
    if not report.ok:
        assert report.definition is None
        assert report.digest is None


@pytest.mark.parametrize("name", MISTAKES)
def test_one_mistake_gives_no_second_error(name, check):
    """What follows from a mistake is not reported as well."""
    text, code, _ = MISTAKES[name]
    errors = {d.code for d in check(text).diagnostics if d.is_error}
    assert errors <= {code}


# name: what the text reads like after its repair
REPAIRS = {
    "braces-without-dollar": "echo ${{ params.p }}",
    "one-brace": "echo ${{ params.p }}",
    "triggers-table": "[[triggers]]",
    "retries-number": "retries = { max = 3 }",
    "unquoted-text": 'name = "hello there"',
    "colon": 'name = "x"',
    "unclosed-text": 'name = "x"',
    "unclosed-header": "[steps.a]",
    "unknown-step-key": 'timeout = "3s"',
    "foreign-word": "needs = []",
    "text-for-list": 'needs = ["a"]',
    "date": 'name = "2020-01-01"',
    "workflow-id": 'id = "my-flow"',
    "step-id": "[steps.a_b]",
    "version": 'version = "1.0.0"',
    "duration": 'timeout = "5m"',
    "timezone": 'timezone = "Europe/Berlin"',
    "parameter-type": 'type = "string"',
    "default-quoted": "default = 5",
    "default-choice": 'default = "green"',
    "required-default": 'default = "x"',
    "duplicate-need": 'needs = ["a"]',
    "self-need": "needs = []",
    "unknown-output": "steps.a.outputs.stdout",
    "no-outputs-word": "steps.a.outputs.stdout",
    "not-needed": 'needs = ["a"]',
    "python-and": "true && run.id",
    "float-literal": "params.p > 3.0",
    "function": "size(run.id)",
    "run-field": "run.date",
    "braces-in-when": "when = \"params.p == ''\"",
    "unknown-action": 'uses = "mail.send"',
    "unknown-input": 'subject = "y"',
    "outputs-of-action": 'uses = "open.output"',
    "output-type": 'x = "string"',
    "on-failure": 'on_failure = "continue"',
}


@pytest.mark.parametrize("name", REPAIRS)
def test_a_sure_repair_mends_the_mistake(name, catalog, machine):
    """`--fix` makes the repair, the finding is gone, and every other line keeps its bytes."""
    text, code, _ = MISTAKES[name]
    text = text.replace(HEAD, HEAD + "# a remark  \n\n")
    result = fixed(Source.from_text(text), catalog, machine)
    after = result.report.source.text
    assert REPAIRS[name] in after
    assert "# a remark  \n\n" in after or HEAD not in text
    assert code not in {d.code for d in result.report.diagnostics}
    assert len(after.split("\n")) - len(text.split("\n")) in (-1, 0, 1)


UNSURE = ["cycle", "unknown-version", "missing-id", "name", "secret-in-run", "both", "cron"]


@pytest.mark.parametrize("name", UNSURE)
def test_a_mistake_with_several_repairs_is_left_alone(name, catalog, machine):
    """Where it is not sure what was meant, `--fix` changes nothing."""
    text, code, _ = MISTAKES[name]
    result = fixed(Source.from_text(text), catalog, machine)
    assert result.report.source.text == text
    assert result.titles == ()
    assert code in {d.code for d in result.report.diagnostics}


def test_all_mistakes_are_reported_at_once(check):
    """Shape, names, graph, expressions, triggers and actions are all reported in one run."""
    report = check(
        'id = "W W"\nversion = "x"\nnmae = 1\n[parameters.p]\ntype = "integer"\ndefault = "q"\n'
        '[[triggers]]\ncron = "x"\n'
        '[steps.a]\nrun = "echo ${{ params.q }}"\nneeds = ["b"]\ntimeout = "soon"\n'
        '[steps.b]\nuses = "mail.sned"\nneeds = ["a", "c"]\nwhen = "params.p"\n'
        '[artifacts.x]\npath = "/x"\n'
    )
    assert {d.code for d in report.diagnostics} >= {
        *("bad-id", "bad-version", "unknown-key", "bad-default", "bad-cron", "unknown-parameter"),
        *("bad-duration", "unknown-action", "unknown-step", "cycle", "when-not-boolean"),
        "bad-artifact-path",
    }
    places = [(d.span.line, d.span.column) for d in report.diagnostics]
    assert places == sorted(places)


def test_several_syntax_errors_are_reported_at_once(check):
    """One syntax error does not hide the next."""
    report = check('id = w\nname = \n[steps.a]\nrun = "true"\nneeds = ["b" "c"]\ntimeout = 5s\n')
    assert [d.span.line for d in report.diagnostics] == [1, 2, 5, 6]


def test_a_cycle_shows_its_whole_path(check):
    """The message names every step of the circle, in order, and comes back to the first."""
    steps = "".join(
        f'[steps.{a}]\nrun = "true"\nneeds = ["{b}"]\n' for a, b in ("ab", "bc", "cd", "da")
    )
    (cycle,) = check(HEAD + steps).diagnostics
    assert "a -> b -> c -> d -> a" in cycle.message


def test_two_circles_are_two_findings(check):
    """Circles that do not touch are reported both."""
    pairs = (("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"))
    steps = "".join(f'[steps.{a}]\nrun = "true"\nneeds = ["{b}"]\n' for a, b in pairs)
    assert [d.code for d in check(HEAD + steps).diagnostics] == ["cycle", "cycle"]


def test_a_duplicate_shows_both_places(check):
    """A key given twice points at the second and names the first."""
    (duplicate,) = check('id = "w"\nname = "x"\nname = "y"\n' + STEP).diagnostics
    assert (duplicate.span.line, duplicate.related.line) == (3, 2)
    assert duplicate.fix is None  # which of the two is meant?


def test_an_identical_duplicate_is_removed(catalog):
    """A key given twice with the same value loses the second."""
    result = fixed(Source.from_text('id = "w"\nname = "x"\nname = "x"\n' + STEP), catalog)
    assert result.report.source.text == 'id = "w"\nname = "x"\n' + STEP


def test_an_id_is_renamed_with_all_its_references(catalog):
    """Renaming a step mends its header, its sub-tables, needs, conditions and commands."""
    text = (
        'id = "w"\n[steps.get-it]  # first\nrun = "echo"\n[steps.get-it.retries]\nmax = 2\n'
        '[steps.b]\nneeds = [ "get-it" ]  # keep\nwhen = "steps.get-it.outputs.stdout != \'\'"\n'
        'run = "echo ${{ steps.get-it.outputs.stdout }} get-it"\n'
    )
    result = fixed(Source.from_text(text), catalog)
    assert result.report.ok
    assert result.report.source.text == text.replace("[steps.get-it", "[steps.get_it").replace(
        '"get-it"', '"get_it"'
    ).replace("steps.get-it.", "steps.get_it.")


def test_candidates_are_at_most_five(check):
    """A long list of similar names is cut."""
    steps = "".join(f'[steps.step_{i}]\nrun = "true"\n' for i in range(20))
    report = check(HEAD + steps + '[steps.z]\nrun = "true"\nneeds = ["step_x"]\n')
    (unknown,) = report.diagnostics
    assert len(unknown.candidates) == 5
    assert unknown.fix is None


def test_versions_are_hinted(check):
    """An action in another version names the versions that there are."""
    (unknown,) = check(HEAD + '[steps.a]\nuses = "mail.send@3"\n').diagnostics
    assert "2.1.0" in unknown.message
    assert unknown.candidates == ("mail.send@2", "mail.send@1")


def test_without_a_machine_programs_and_models_are_not_asked_for(catalog):
    """A definition for another machine is judged by itself."""
    from prefect_luthier.deployments.definition.validate import validate

    text = HEAD + '[steps.a]\nuses = "think"\n[steps.b]\nrun = "no-such-tool"\n'
    assert validate(Source.from_text(text), catalog).ok


def test_json_has_positions_and_pointers(check):
    """The JSON form is checked the same way, with places in its own text."""
    text = '{"id": "w",\n "steps": {"a": {"run": "true",\n   "needs": ["zz"]}}}'
    (unknown,) = check(text).diagnostics
    assert (unknown.code, unknown.pointer) == ("unknown-step", "/steps/a/needs/0")
    assert (unknown.span.line, unknown.span.column) == (3, 14)


def test_toml_and_json_have_the_same_digest(check):
    """The digest depends on what a definition says, not on how it is written."""
    toml = 'schema = 1\nid = "w"\n# remark\n[steps.a]\nrun = "true"\nneeds = []\n'
    assert check(toml).digest == check('{"steps": {"a": {"run": "true"}}, "id": "w"}').digest


def test_a_foreach_step_has_the_item_and_one_output(check):
    """`item` and `index` exist inside, `items` is what later steps read."""
    report = check(
        HEAD + P + 'type = "json"\ndefault = ["x"]\n[steps.a]\nforeach = "params.p"\n'
        'run = "echo ${{ item }} ${{ index + 1 }}"\n'
        '[steps.b]\nneeds = ["a"]\nrun = "echo ${{ steps.a.outputs.items[0].stdout }}"\n'
    )
    assert report.ok, report.diagnostics


def test_an_action_without_schema_takes_any_inputs_and_outputs(check):
    """What the catalog does not say is not guessed at."""
    report = check(
        HEAD + '[steps.a]\nuses = "open.output"\ninputs = { any = [1, { x = 2 }] }\n'
        '[steps.b]\nneeds = ["a"]\nrun = "echo ${{ steps.a.outputs.whatever }}"\n'
    )
    assert report.ok, report.diagnostics


def test_a_secret_may_stand_in_env_and_password_inputs(check):
    """These are the two places where a secret is bound at the last moment."""
    report = check(
        HEAD + P + 'type = "secret"\nrequired = true\n'
        '[steps.a]\nrun = "true"\nenv = { TOKEN = "Bearer ${{ params.p }}" }\n'
        '[steps.b]\nuses = "mail.send"\ninputs = { to = "x", password = "${{ params.p }}" }\n'
    )
    assert report.ok, report.diagnostics


@pytest.mark.parametrize(
    "run",
    [
        "for f in *; do echo $f; done",
        "if true; then echo x; fi",
        "cat <<EOF\nanything here\nEOF",
        "echo 'no-such-tool' \"no-such-tool\" # no-such-tool",
        "X=1 echo $X; Y=$(echo a | cat)",
        "./script.sh; $TOOL x; sub/dir/tool y",
        "helper() { echo x; }; helper",
        "case x in a) b;; esac",
        "echo 2>&1 | cat; (echo a; echo b)",
        "while read -r line; do echo; done",
        "echo ${{ run.id }} && ${{ run.id }} x",
        "[ -f x ] && echo; [[ a = b ]] || true",
    ],
)
def test_shell_text_is_not_taken_for_programs(run, check):
    """Only what surely is a program's name is looked for on the PATH."""
    report = check(f"{HEAD}[steps.a]\nrun = '''{run}'''\n")
    assert not [d for d in report.diagnostics if d.code == "missing-command"]
