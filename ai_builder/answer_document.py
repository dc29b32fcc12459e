"""From a model's answer to the JSON form of a definition."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from prefect_luthier.ai_builder.answer_form import (
    ArtifactForm,
    JsonValue,
    NamedValue,
    ParameterForm,
    StepForm,
    TriggerForm,
    WorkflowForm,
)
from prefect_luthier.deployments.definition.model import Definition, Parameter, Step

# What a definition may have and the form of a whole workflow cannot say: it stays as it was.
_ONLY_IN_BASE = ("schema", "version", "license", "homepage", "actions")


class UnusableAnswer(Exception):
    """An answer that has the right form and still makes no definition; says why."""


def document_of(workflow: WorkflowForm) -> dict[str, Any]:
    """Return the JSON form of a whole answer.

    Raises:
        UnusableAnswer: Two items have one name, or a JSON text is none.
    """
    form = workflow
    document: dict[str, Any] = {"schema": 1, "id": form.id, "version": "0.1.0"}
    document |= _present(
        name=form.name,
        description=form.description,
        tags=form.tags,
        parallel=form.parallel,
        timeout=form.timeout,
        concurrency=form.concurrency,
        on_failure=form.on_failure,
    )
    document |= _filled(
        parameters=_named(form.parameters, "parameters", lambda p: (p.name, parameter_table(p))),
        requirements=_filled(commands=form.commands),
        triggers=[trigger_table(trigger) for trigger in form.triggers or ()],
        steps=_named(form.steps, "steps", lambda step: (step.id, step_table(step))),
        artifacts=_named(form.artifacts, "artifacts", lambda a: (a.name, artifact_table(a))),
    )
    return document


def rewritten(base: Mapping[str, Any], workflow: WorkflowForm) -> dict[str, Any]:
    """Return the JSON form of a whole answer that replaces a base.

    What the form cannot express stays, and so does what the base spells out though it is the
    default anyway.

    Raises:
        UnusableAnswer: As for ``document_of``.
    """
    document = document_of(workflow)
    document = {key: value for key, value in document.items() if key not in _ONLY_IN_BASE}
    document |= {key: base[key] for key in _ONLY_IN_BASE if key in base}
    document = with_spelt_defaults(base, document, Definition)
    for section, model in (("steps", Step), ("parameters", Parameter)):
        for name, table in document.get(section, {}).items():
            before = table_of(base, section).get(name)
            if isinstance(before, Mapping):
                document[section][name] = with_spelt_defaults(before, table, model)
    return document


def table_of(document: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return a section of a document; empty when it is missing or no table."""
    value = document.get(section, {})
    return dict(value) if isinstance(value, Mapping) else {}


def with_spelt_defaults(
    before: Mapping[str, Any], after: Mapping[str, Any], model: type[BaseModel]
) -> dict[str, Any]:
    """Return a table with the keys that the base gives although their value is the default."""
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    kept = {
        key: value
        for key, value in before.items()
        if key not in after and key in names and names[key].default == value
    }
    merged = {**after, **kept}
    order = [key for key in before if key in merged]
    return {key: merged[key] for key in dict.fromkeys([*order, *merged])}


def _named(
    items: Iterable[Any] | None, section: str, pair: Callable[[Any], tuple[str, dict[str, Any]]]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for item in items or ():
        name, table = pair(item)
        if name in result:
            raise UnusableAnswer(f"Two {section} are called {name!r}; names must be unique.")
        result[name] = table
    return result


def step_table(step: StepForm) -> dict[str, Any]:
    """Return the JSON form of a step.

    Raises:
        UnusableAnswer: A JSON text is none.
    """
    table = _present(
        name=step.name,
        description=step.description,
        uses=step.uses,
        run=step.run,
        when=step.when,
        foreach=step.foreach,
        workspace=step.workspace,
        timeout=step.timeout,
        on_failure=step.on_failure,
    )
    return table | _filled(
        needs=step.needs,
        inputs=_values(step.inputs),
        env={variable.name: variable.value for variable in step.env or ()},
        outputs={str(output.name): output.type for output in step.outputs or ()},
        retries=step.retries.model_dump(exclude_none=True) if step.retries else None,
    )


def parameter_table(parameter: ParameterForm) -> dict[str, Any]:
    """Return the JSON form of a parameter.

    Raises:
        UnusableAnswer: A JSON text is none.
    """
    form = parameter
    return {"type": form.type} | _present(
        title=form.title,
        description=form.description,
        required=form.required or None,
        default=None if form.default is None else _value(form.default, form.name),
        pattern=form.pattern,
        choices=form.choices or None,
        minimum=form.minimum,
        maximum=form.maximum,
    )


def trigger_table(trigger: TriggerForm) -> dict[str, Any]:
    """Return the JSON form of a trigger.

    Raises:
        UnusableAnswer: A JSON text is none.
    """
    return {"cron": trigger.cron} | _filled(
        timezone=trigger.timezone, parameters=_values(trigger.parameters)
    )


def artifact_table(artifact: ArtifactForm) -> dict[str, Any]:
    """Return the JSON form of an artifact.

    Raises:
        UnusableAnswer: A JSON text is none.
    """
    return {"path": artifact.path} | _present(
        retention=artifact.retention, description=artifact.description
    )


def _values(pairs: Iterable[NamedValue] | None) -> dict[str, Any]:
    values = {pair.name: _value(pair.value, pair.name) for pair in pairs or ()}
    return {name: value for name, value in values.items() if value is not None}


def _value(value: Any, name: str) -> Any:
    if not isinstance(value, JsonValue):
        return value
    try:
        return json.loads(value.json_text)
    except (ValueError, RecursionError) as error:
        raise UnusableAnswer(f"The json_text of {name!r} is no JSON: {error}.") from error


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _filled(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}
