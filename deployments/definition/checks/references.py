"""Resolve the names in expressions: parameters, outputs of steps, the item, the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from prefect_luthier.deployments.definition.cel_tokens import Reference
from prefect_luthier.deployments.definition.checks.context import Checked, Site
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.plugins import PluginFailed
from prefect_luthier.deployments.definition.scope import (
    RUN_FIELDS,
    output_variable,
    parameter_variable,
)
from prefect_luthier.diagnostics import Fix
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import did_you_mean

Resolved = tuple[int, str]
"""How many parts of a reference name its variable, and the name of the type of that."""


class Resolver:
    """Resolves references where they stand, and reports those that lead nowhere."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked

    def resolve(self, site: Site, reference: Reference, offset: int) -> Resolved | None:
        """Return what a reference names and its type, None when it is reported.

        Args:
            site: The text it stands in.
            reference: The dotted name.
            offset: Where its expression begins in the text.
        """
        here = _Reference(self._checked, site, reference, offset)
        root = reference.parts[0]
        if root == "params":
            return here.parameter()
        if root == "steps":
            return here.step()
        if root == "run":
            return here.run()
        return here.item()


class _Reference:
    def __init__(self, checked: Checked, site: Site, reference: Reference, offset: int) -> None:
        self.checked = checked
        self.site = site
        self.reference = reference
        self.offset = offset
        self.parts = reference.parts

    # The part of the reference at fault, as offsets in the text.
    def _range(self, part: int) -> tuple[int, int]:
        end = self.reference.ends[part]
        return self.offset + end - len(self.parts[part]), self.offset + end

    def _report(
        self,
        code: str,
        message: str,
        part: int,
        candidates: Sequence[str] = (),
        fix: Fix | None = None,
    ) -> None:
        findings = self.checked.findings
        span = findings.inner_span(self.site.path, *self._range(part))
        findings.add(code, message, self.site.path, span=span, candidates=candidates, fix=fix)

    def _unknown(self, code: str, message: str, part: int, known: Iterable[str]) -> None:
        names = [name for name in known if name != UNKNOWN]
        candidates, meant = self.checked.findings.suggest(self.parts[part], names)
        fix = None
        if meant:
            fix = self.checked.findings.replace_inside(
                self.site.path, *self._range(part), meant, f'write "{meant}"'
            )
        self._report(code, message + did_you_mean(candidates), part, candidates, fix)

    def parameter(self) -> Resolved | None:
        parameters = self.checked.definition.parameters
        if len(self.parts) == 1:
            self._report(
                "unknown-parameter",
                "name one parameter: `params.<name>`.",
                0,
                [f"params.{name}" for name in list(parameters)[:5]],
            )
            return None
        name = self.parts[1]
        parameter = parameters.get(name)
        if parameter is None:
            self._unknown(
                "unknown-parameter", f"the workflow has no parameter {name!r}.", 1, parameters
            )
            return None
        self.checked.used_parameters.add(name)
        if parameter.type == "secret" and not self.site.secret:
            self._secret(name)
            return None
        try:
            return 2, parameter_variable(parameter)
        except PluginFailed:
            return 2, "dyn"

    def _secret(self, name: str) -> None:
        self._report(
            "secret-leak",
            f"the secret {name!r} would be visible in `{self.site.field}`; it may only stand in a "
            "value of `env`, or in an input that its action declares as a password.",
            1,
            ("env",),
        )

    def step(self) -> Resolved | None:
        steps = self.checked.definition.steps
        if len(self.parts) == 1:
            self._report("unknown-step", "name one step: `steps.<id>.outputs.<name>`.", 0)
            return None
        name = self.parts[1]
        if name not in steps:
            self._unknown("unknown-step", f"there is no step {name!r}.", 1, self._reachable_first())
            return None
        if self.site.step is None:
            if self.site.field == "artifact":
                self._report(
                    "reference-not-allowed",
                    "the path of an artifact can read parameters and `run` only.",
                    0,
                )
                return None
            return len(self.parts), "dyn"  # a template nobody uses yet
        if self.site.field == "workspace":
            self._report("reference-not-allowed", "`workspace` can read parameters only.", 0)
            return None
        if name == self.site.step:
            self._report("step-not-needed", f"step {name!r} cannot read its own outputs.", 1)
            return None
        if not self.checked.graph.reaches(self.site.step, name):
            self._not_needed(name)
            return None
        return self._step_field(name)

    def _reachable_first(self) -> list[str]:
        steps = list(self.checked.definition.steps)
        if self.site.step is None or len(steps) > 2_000:  # noqa: PLR2004 - similarity alone decides in huge graphs
            return steps
        needed = self.checked.graph.transitive_needs(self.site.step)
        return sorted(steps, key=lambda step: step not in needed)

    def _not_needed(self, name: str) -> None:
        step_id = self.site.step or ""
        circle = self.checked.graph.reaches(name, step_id)
        reason = f"{name!r} needs {step_id!r}" if circle else f"{step_id!r} does not need it"
        self._report(
            "step-not-needed",
            f"step {name!r} may not have run before {step_id!r} reads it: {reason}."
            + ("" if circle else f' Add "{name}" to its `needs`.'),
            1,
            () if circle else (name,),
            None if circle else self._add_need(name),
        )

    def _add_need(self, name: str) -> Fix | None:
        findings = self.checked.findings
        document = findings.document
        path: Path = ("steps", self.site.step or "", "needs")
        place = document.places.get(path)
        if place is not None:
            inner = document.text[slice(*place.value)][1:-1].strip()
            if "\n" in inner or "#" in inner:
                return None
            items = f'{inner.rstrip(",").rstrip()}, "{name}"' if inner else f'"{name}"'
            return findings.edit(f'add "{name}" to `needs`', [(place.value, f"[{items}]")])
        table = document.places.get(path[:-1])
        if table is None or document.source.format != "toml":
            return None
        if document.text[table.value[0]] != "[":
            return None
        end = table.value[1]
        rest = re.compile(r"[^\n]*").match(document.text, end)
        at = rest.end() if rest else end
        newline = "\r\n" if document.text[:at].endswith("\r") else "\n"
        at -= newline == "\r\n"
        return findings.edit(
            f'add "{name}" to `needs`', [((at, at), f'{newline}needs = ["{name}"]')]
        )

    def _step_field(self, name: str) -> Resolved | None:
        if len(self.parts) == 2:  # noqa: PLR2004 - steps.<id>
            self._report("unknown-output", f"name an output: `steps.{name}.outputs.<name>`.", 1)
            return None
        field = self.parts[2]
        outputs = self.checked.outputs(name)
        if field == "state":
            if self.site.field == "when":
                return 3, "string"
            self._report("state-outside-when", "the state of a step can only be read in `when`.", 2)
            return None
        if field != "outputs":
            self._no_such_field(name, field)
            return None
        if len(self.parts) == 3:  # noqa: PLR2004 - steps.<id>.outputs
            if outputs is None:
                return 3, "dyn"
            self._report(
                "unknown-output",
                f"name one output: `steps.{name}.outputs.<name>`.",
                2,
                tuple(outputs)[:5],
            )
            return None
        if outputs is None:
            return 4, "dyn"
        output = self.parts[3]
        if output not in outputs:
            self._no_such_output(name, output, outputs)
            return None
        return 4, output_variable(outputs[output])

    def _no_such_field(self, name: str, field: str) -> None:
        outputs = self.checked.outputs(name) or {}
        if field in outputs:
            fix = self.checked.findings.replace_inside(
                self.site.path, *self._range(2), f"outputs.{field}", f'write "outputs.{field}"'
            )
            self._report(
                "unknown-output",
                f"{field!r} is an output of {name!r}: write `steps.{name}.outputs.{field}`.",
                2,
                (f"outputs.{field}",),
                fix,
            )
            return
        self._unknown(
            "unknown-output",
            f"step {name!r} has `outputs` and `state`, but no {field!r}.",
            2,
            ("outputs", "state"),
        )

    def _no_such_output(self, name: str, output: str, outputs: Iterable[str]) -> None:
        step = self.checked.step(name)
        if step.foreach is not None:
            self._report(
                "unknown-output",
                f"step {name!r} runs for each item, so that its one output is `items`, a list of "
                f"the outputs of each run.",
                3,
                ("items",),
            )
            return
        declared = ", ".join(list(outputs)[:8]) or "none"
        hint = "" if step.run is None else f" A command declares more in `[steps.{name}.outputs]`."
        self._unknown(
            "unknown-output",
            f"step {name!r} has no output {output!r}; it has {declared}.{hint}",
            3,
            outputs,
        )

    def run(self) -> Resolved | None:
        if len(self.parts) > 1 and self.parts[1] in RUN_FIELDS and self.site.field != "workspace":
            return 2, "string"
        if len(self.parts) == 1 or self.site.field == "workspace":
            self._report(
                "unknown-name",
                "`run` has the fields id, date and started, and `workspace` reads parameters only.",
                0,
                tuple(f"run.{name}" for name in RUN_FIELDS),
            )
        else:
            self._unknown("unknown-name", f"`run` has no field {self.parts[1]!r}.", 1, RUN_FIELDS)
        return None

    def item(self) -> Resolved | None:
        root = self.parts[0]
        step = self.checked.step(self.site.step) if self.site.step else None
        inside = step is not None and step.foreach is not None
        if inside and self.site.field not in ("when", "foreach", "workspace"):
            return 1, "int" if root == "index" else "dyn"
        if self.site.step is None and self.site.field != "artifact":
            return 1, "dyn"
        where = (
            f"`{self.site.field}` is read once, before the items"
            if inside
            else "this step has no `foreach`"
        )
        self._report("unknown-name", f"`{root}` has no value here: {where}.", 0)
        return None
