"""Turn a definition into plain Prefect Python that runs without Luthier."""

from __future__ import annotations

import json
import keyword
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.durations import parse_duration
from prefect_luthier.deployments.definition.eject_values import (
    command_source,
    expression_source,
    literal_source,
    text_source,
    value_source,
)
from prefect_luthier.deployments.definition.graph import step_graph
from prefect_luthier.deployments.definition.model import Definition, Parameter, Retries, Step
from prefect_luthier.deployments.definition.outputs import declared_outputs
from prefect_luthier.deployments.definition.plan import states_read
from prefect_luthier.errors import LuthierError

_MAX_DELAYS = 50  # Prefect takes no longer list
_LONGEST_WAIT_S = 24 * 3600.0
_WIDTH = 96


@dataclass(frozen=True)
class Support:
    """Code that the ejected program carries.

    Args:
        imports: Import statements it needs.
        code: Its definitions.
        actions: For each full reference ``slug@x.y.z``, the names of the action's function and
            of the model of its inputs.
    """

    imports: tuple[str, ...]
    code: str
    actions: Mapping[str, tuple[str, str]]


def eject(definition: Definition, catalog: Catalog, support: Support) -> str:
    """Return a Python program that does what the definition does.

    Args:
        definition: A valid definition.
        catalog: Where its actions are found.
        support: The code that carries its steps.

    Raises:
        LuthierError: A step uses something whose code cannot be carried along.
    """
    order = step_graph(definition).order
    body = [
        *(_step_function(definition, step_id, catalog, support) for step_id in order),
        _table(definition, order, catalog),
        _flow(definition),
        "# The rest carries the steps; it is the same for every workflow.",
        support.code,
        _main(definition),
    ]
    parts = [_heading(definition), _imports(support.imports, "\n".join(body)), *body]
    return "\n\n\n".join(part.rstrip() for part in parts if part) + "\n"


def flow_name(definition: Definition) -> str:
    """Return the name of the flow function."""
    return definition.id.replace("-", "_") + "_flow"


_OWN_IMPORTS = {
    "flow": "from prefect import flow",
    "argparse": "import argparse",
    "asyncio": "import asyncio",
    "json": "import json",
    "re": "import re",
    "sys": "import sys",
    "Any": "from typing import Any",
    "Literal": "from typing import Literal",
    "Cron": "from prefect.schedules import Cron",
}


def _imports(lines: Iterable[str], body: str) -> str:
    """Return the import statements, those from one module together."""
    own = {line for name, line in _OWN_IMPORTS.items() if re.search(rf"\b{name}\b", body)}
    typing = [line for line in lines if line.startswith(("    ", "if "))]
    names: dict[str, set[str]] = {}
    plain = []
    for line in {*own, *lines} - set(typing):
        module, separator, name = line.removeprefix("from ").partition(" import ")
        if separator and line.startswith("from "):
            names.setdefault(module, set()).add(name)
        else:
            plain.append(line)
    grouped = [
        f"from {module} import {', '.join(sorted(found))}" for module, found in names.items()
    ]
    parts = ["from __future__ import annotations", "\n".join([*sorted(plain), *sorted(grouped)])]
    return "\n\n".join([*parts, "\n".join(typing)] if typing else parts)


def _heading(definition: Definition) -> str:
    example = " ".join(f"--{name} …" for name, p in definition.parameters.items() if p.required)
    lines = [
        f"{definition.name or definition.id}.",
        "",
        *textwrap.wrap(definition.description or "", _WIDTH),
        *([""] if definition.description else []),
        f"Made from the workflow {definition.id} {definition.version}, {definition.digest}.",
        "It needs Prefect and the packages imported below. Run it with",
        "",
        f"    python {flow_name(definition).removesuffix('_flow')}.py {example}".rstrip(),
        *(
            ["", "and keep it running on its schedule with `--serve`."]
            if definition.triggers
            else []
        ),
    ]
    text = "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''")
    return f'"""{text}\n"""'


def _step_function(definition: Definition, step_id: str, catalog: Catalog, support: Support) -> str:
    step = definition.resolved_step(step_id)
    title = (step.description or step.name or f"Step {step_id}").replace("\\", "\\\\")
    title = " ".join(title.replace('"""', "'''").split()).rstrip("\"'") or step_id
    body = _shell_call(step) if step.run is not None else _action_call(step, catalog, support)
    return (
        f"async def {step_id}_step(s: Scope) -> Outputs:\n"
        f'    """{title}."""\n'
        f"    return await {textwrap.indent(body, '    ').lstrip()}"
    ).replace('.."""', '."""')


def _shell_call(step: Step) -> str:
    arguments = ["s", command_source(step.run or "")]
    arguments += _environment(step)
    if step.outputs:
        arguments.append(f"outputs={literal_source(dict(step.outputs))}")
    return _call("shell", [*arguments, *_workspace(step)])


def _action_call(step: Step, catalog: Catalog, support: Support) -> str:
    entry = catalog.find(step.uses or "")
    reference = f"{entry.slug}@{entry.version}" if entry else step.uses or ""
    names = support.actions.get(reference)
    if names is None:
        raise LuthierError(
            "cannot-eject",
            f"the code of {reference!r} is not installed, so that no program can carry it.",
            "Install the package that provides it; of another workflow, eject that by itself.",
        )
    arguments = ["s", *names, value_source(step.inputs), *_environment(step), *_workspace(step)]
    return _call("act", arguments)


def _environment(step: Step) -> list[str]:
    if not step.env:
        return []
    items = ", ".join(
        f"{literal_source(name)}: {text_source(value)}" for name, value in step.env.items()
    )
    return [f"env={{{items}}}"]


def _workspace(step: Step) -> list[str]:
    return [] if step.workspace == "inherit" else [f"workspace={text_source(step.workspace)}"]


def _call(name: str, arguments: list[str]) -> str:
    line = f"{name}({', '.join(arguments)})"
    if len(line) <= _WIDTH and "\n" not in line:
        return line
    return f"{name}(\n" + "".join(textwrap.indent(a, "    ") + ",\n" for a in arguments) + ")"


def _table(definition: Definition, order: list[str], catalog: Catalog) -> str:
    rows = [_row(definition, step_id, catalog) for step_id in order]
    body = "".join(textwrap.indent(row, "        ") + ",\n" for row in rows)
    return f"def _steps() -> list[Step]:\n    return [\n{body}    ]"


def _row(definition: Definition, step_id: str, catalog: Catalog) -> str:
    step = definition.resolved_step(step_id)
    arguments = [literal_source(step_id), f"{step_id}_step"]
    if step.needs:
        arguments.append(f"needs={literal_source(tuple(dict.fromkeys(step.needs)))}")
    if step.when is not None:
        arguments.append(f"when=lambda s: {expression_source(step.when)}")
        arguments.append(f"condition={literal_source(step.when)}")
        decides = states_read(step.when)
        arguments += [f"decides={literal_source(decides)}"] if decides else []
    if step.foreach is not None:
        arguments.append(f"foreach=lambda s: {expression_source(step.foreach)}")
    if step.timeout is not None:
        arguments.append(f"timeout_s={parse_duration(step.timeout):g}")
    arguments += _retry_arguments(step.retries)
    if (step.on_failure or definition.on_failure) == "continue":
        arguments.append("fail_fast=False")
    declared = tuple(declared_outputs(step, catalog))
    arguments += [f"declared={literal_source(declared)}"] if declared else []
    return _call("Step", arguments)


def _retry_arguments(retries: Retries | None) -> list[str]:
    if retries is None or retries.max == 0:
        return []
    first = parse_duration(retries.delay)
    delays = [
        round(min(first * retries.backoff**number, _LONGEST_WAIT_S), 3)
        for number in range(min(retries.max, _MAX_DELAYS))
    ]
    found = [f"retries={retries.max}", f"delays_s={literal_source(tuple(delays))}"]
    return [*found, f"jitter={retries.jitter:g}"] if retries.jitter else found


def _flow(definition: Definition) -> str:
    parameters = dict(
        sorted(definition.parameters.items(), key=lambda item: not _is_required(item[1]))
    )
    signature = "".join(f"    {_declaration(name, p)},\n" for name, p in parameters.items())
    given = ", ".join(
        f"{literal_source(name)}: {_identifier(name)}" for name in definition.parameters
    )
    options = [
        f"name={literal_source(definition.id)}",
        f"version={literal_source(definition.version)}",
    ]
    return (
        f"async def _run_all(params: dict[str, Any]) -> Any:\n{_checks(definition)}"
        f"    return await {textwrap.indent(_run_call(definition), '    ').lstrip()}\n\n\n"
        f"@flow({', '.join(options)})\n"
        f"async def {flow_name(definition)}("
        + (f"\n{signature}) -> Any:\n" if signature else ") -> Any:\n")
        + f'    """Run the workflow {definition.id}."""\n'
        f"    return await _run_all({{{given}}})"
    )


def _run_call(definition: Definition) -> str:
    secrets = tuple(name for name, p in definition.parameters.items() if p.type == "secret")
    arguments = ["_steps()", "params"]
    arguments += [f"secrets={literal_source(secrets)}"] if secrets else []
    arguments += [f"parallel={definition.parallel}"] if definition.parallel else []
    if definition.timeout is not None:
        arguments.append(f"timeout_s={parse_duration(definition.timeout):g}")
    if definition.artifacts:
        paths = (
            f"{literal_source(name)}: {text_source(a.path)}"
            for name, a in definition.artifacts.items()
        )
        arguments.append(f"artifacts=lambda s: {{{', '.join(paths)}}}")
    return _call("run_steps", arguments)


def _checks(definition: Definition) -> str:
    lines = []
    for name, parameter in definition.parameters.items():
        value = f"params[{literal_source(name)}]"
        for condition, expected in _rules(parameter, value):
            lines.append(f"    if {value} is not None and not ({condition}):\n")
            lines.append(f"        raise ValueError({f'{name} must {expected}'!r})\n")
    return "".join(lines)


def _rules(parameter: Parameter, value: str) -> list[tuple[str, str]]:
    rules = []
    if parameter.pattern is not None:
        rules.append(
            (
                f"re.search({literal_source(parameter.pattern)}, {value})",
                f"match {parameter.pattern}",
            )
        )
    if parameter.minimum is not None:
        rules.append((f"{value} >= {parameter.minimum:g}", f"be at least {parameter.minimum:g}"))
    if parameter.maximum is not None:
        rules.append((f"{value} <= {parameter.maximum:g}", f"be at most {parameter.maximum:g}"))
    return rules


_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "path": "str",
          "secret": "str"}  # fmt: skip


def _is_required(parameter: Parameter) -> bool:
    return parameter.required and parameter.default is None


def _declaration(name: str, parameter: Parameter) -> str:
    if parameter.choices:
        kind = f"Literal[{', '.join(literal_source(c) for c in parameter.choices)}]"
        if any(isinstance(choice, float) for choice in parameter.choices):
            kind = "Any"  # a Literal holds no floats
    else:
        kind = _TYPES.get(parameter.type, "Any")
    if _is_required(parameter):
        return f"{_identifier(name)}: {kind}"
    optional = "" if parameter.default is not None or kind == "Any" else " | None"
    return f"{_identifier(name)}: {kind}{optional} = {_default(parameter)}"


def _default(parameter: Parameter) -> str:
    if parameter.type == "number" and isinstance(parameter.default, int):
        return literal_source(float(parameter.default))
    return literal_source(parameter.default)


def _identifier(name: str) -> str:
    taken = keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in _PREFECT_ARGUMENTS
    return f"{name}_" if taken else name


# Arguments that Prefect takes for itself when a flow is called.
_PREFECT_ARGUMENTS = frozenset({"return_state", "wait_for"})

_READERS = {"integer": "int", "number": "float", "json": "json.loads"}


def _main(definition: Definition) -> str:
    title = literal_source(definition.name or definition.id)
    lines = [
        "async def _main(given: dict[str, Any]) -> int:",
        f"    state = await {flow_name(definition)}(**given, return_state=True)",
        "    result = await state.aresult(raise_on_failure=False)",
        "    print(json.dumps(result, indent=2, ensure_ascii=False, default=str))",
        "    return 0 if state.is_completed() else 1",
        "",
        "",
        'if __name__ == "__main__":',
    ]
    if definition.triggers:
        lines += ['    if "--serve" in sys.argv[1:]:', f"        {_serve(definition)}"]
        lines.append("        raise SystemExit")
    lines.append(f"    arguments = argparse.ArgumentParser(description={title})")
    for name, parameter in definition.parameters.items():
        lines.append(f"    arguments.add_argument({', '.join(_argument(name, parameter))})")
    lines.append("    raise SystemExit(asyncio.run(_main(vars(arguments.parse_args()))))")
    return "\n".join(lines)


def _argument(name: str, parameter: Parameter) -> list[str]:
    options = [literal_source(f"--{name}"), f"dest={literal_source(_identifier(name))}"]
    if _is_required(parameter):
        options.append("required=True")
    elif parameter.default is not None:
        options.append(f"default={_default(parameter)}")
    if parameter.type == "boolean":
        options.append("action=argparse.BooleanOptionalAction")
    elif parameter.choices and not all(isinstance(c, str) for c in parameter.choices):
        options.append("type=json.loads")
    elif parameter.type in _READERS:
        options.append(f"type={_READERS[parameter.type]}")
    if parameter.description:
        options.append(f"help={literal_source(parameter.description.replace('%', '%%'))}")
    return options


def _serve(definition: Definition) -> str:
    schedules = ", ".join(
        f"Cron({literal_source(trigger.cron)}, timezone={literal_source(trigger.timezone)}"
        + (f", parameters={_parameters(trigger.parameters)}" if trigger.parameters else "")
        + ")"
        for trigger in definition.triggers
    )
    name = literal_source(definition.id)
    return f"{flow_name(definition)}.serve(name={name}, schedules=[{schedules}])"


def _parameters(values: Mapping[str, Any]) -> str:
    renamed = {_identifier(name): value for name, value in values.items()}
    return literal_source(json.loads(json.dumps(renamed)))
