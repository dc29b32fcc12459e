"""Expressions: do they parse, do their names exist, do their types fit where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from prefect_luthier.deployments.definition.cel_compiler import (
    CelError,
    Use,
    compiled,
    result_type,
    share,
)
from prefect_luthier.deployments.definition.cel_tokens import references, tokens
from prefect_luthier.deployments.definition.checks.context import Checked, Site, texts
from prefect_luthier.deployments.definition.checks.names import bad_names
from prefect_luthier.deployments.definition.checks.references import Resolver
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.deployments.definition.code_words import code_readers
from prefect_luthier.deployments.definition.shell_words import contexts, unsafe_place
from prefect_luthier.deployments.definition.templates import (
    CLOSE,
    OPEN,
    Placeholder,
    is_template,
    scan,
)

_NAME = r"(?:params|steps|run)(?:\.\w+)+|item(?:\.\w+)*|index"
_NEAR_MISS = re.compile(
    rf"(?<!\$)\{{\{{\s*(?P<name>{_NAME})\s*\}}\}}|\$\{{\s*(?P<other>(?:params|steps)(?:\.\w+)+)\s*\}}(?!\}})"
)
# A condition is longer than this only by mistake; CEL itself takes 100,000 characters.
MAX_EXPRESSION_LENGTH = 10_000


def check_expressions(checked: Checked) -> None:
    """Report what is wrong in every `when`, `foreach` and placeholder."""
    check = ExpressionCheck(checked)
    for site in _sites(checked):
        if checked.findings.full:
            return
        if site.text == UNKNOWN or checked.is_pruned(site.path):
            continue
        if site.field in ("when", "foreach"):
            check.bare(site)
        else:
            check.near_misses(site)
            if is_template(site.text):
                check.template(site)


def _sites(checked: Checked) -> Iterator[Site]:
    definition = checked.definition
    used = {step.uses for step in definition.steps.values()}
    for step_id in definition.steps:
        step = checked.step(step_id)
        for field in ("when", "foreach", "run", "workspace"):
            text = getattr(step, field)
            if text is not None:
                yield Site(checked.written_at(step_id, field), text, step_id, field)
        for key, value in step.env.items():
            yield Site(checked.written_at(step_id, "env", key), value, step_id, "env", secret=True)
    for name, template in definition.actions.items():
        if name not in used:
            path = ("actions", name)
            yield from (
                Site((*path, *inner), text, None, str(inner[0]), secret=True)
                for inner, text in texts({"run": template.run or "", "env": template.env})
            )
    for name, artifact in definition.artifacts.items():
        yield Site(("artifacts", name, "path"), artifact.path, None, "artifact")


class ExpressionCheck:
    """Checks single expressions of one definition."""

    def __init__(self, checked: Checked) -> None:
        self._checked = checked
        self._resolver = Resolver(checked)
        self._bad_names = bad_names(checked)

    def bare(self, site: Site) -> None:
        """Check a `when` or `foreach`, which is an expression without braces."""
        text = site.text
        if is_template(text):
            self._braces(site)
            return
        kind = self.expression(site, text, 0)
        if kind is None:
            return
        if site.field == "when":
            self._condition(site, kind)
        elif not (kind == "DYN" or kind.startswith("LIST")):
            self._checked.findings.add(
                "foreach-not-list",
                f"`foreach` needs a list, but `{text[:80]}` is {_name(kind)}.",
                site.path,
            )

    def near_misses(self, site: Site) -> None:
        """Warn of `{{ params.x }}` and `${params.x}`, which stay text but look like more."""
        for match in _NEAR_MISS.finditer(site.text):
            name = match["name"] or match["other"]
            text = f"{OPEN} {name} {CLOSE}"
            start, end = match.span()
            self._checked.findings.warn(
                "template-syntax",
                f"`{match.group()[:60]}` stays as it is; a placeholder is written `{text[:60]}`.",
                site.path,
                span=self._checked.findings.inner_span(site.path, start, end),
                fix=self._checked.findings.replace_inside(
                    site.path, start, end, text, f"write `{text[:60]}`"
                ),
            )

    def template(self, site: Site) -> None:
        """Check the placeholders of a text."""
        for placeholder in self.placeholders(site):
            self.expression(site, placeholder.expression, placeholder.expression_start)

    def placeholders(self, site: Site) -> list[Placeholder]:
        """Return the placeholders of a text; one that is not closed is reported."""
        found, unclosed = scan(site.text)
        if unclosed is not None:
            self._checked.findings.add(
                "template-syntax",
                f"`{OPEN}` is not closed by `{CLOSE}`. To write it as plain text, "
                f"use `{OPEN} '{OPEN}' {CLOSE}`.",
                site.path,
                span=self._checked.findings.inner_span(site.path, unclosed, unclosed + len(OPEN)),
            )
        if site.field == "run":
            self._placements(site, found)
            if unclosed is None:
                self._read_again(site, found)
        return found

    def expression(self, site: Site, expression: str, offset: int) -> str | None:
        """Check one expression.

        Args:
            site: The text it stands in.
            expression: The CEL text.
            offset: Where it begins in the text.

        Returns:
            Name of its CEL type, None when it is wrong.
        """
        findings = self._checked.findings
        if any(name in expression for name in self._bad_names):
            return None  # the name is reported, and its repair mends the expression
        if len(expression) > MAX_EXPRESSION_LENGTH:
            findings.add(
                "expression-too-long",
                f"the expression has {len(expression):,} characters; "
                f"{MAX_EXPRESSION_LENGTH:,} are allowed.",
                site.path,
            )
            return None
        uses: list[Use] = []
        sound = True
        for reference in references(expression):
            resolved = self._resolver.resolve(site, reference, offset)
            sound = sound and resolved is not None
            uses.append((reference, *(resolved or (len(reference.parts), "dyn"))))
        try:
            kind = result_type(expression, uses)
        except CelError as error:
            from prefect_luthier.deployments.definition.checks.cel_errors import (  # noqa: PLC0415 - only with findings
                report_cel_errors,
            )

            report_cel_errors(self._checked, site, expression, offset, str(error))
            return None
        return kind if sound else None

    def _placements(self, site: Site, found: list[Placeholder]) -> None:
        for placeholder, context in zip(found, contexts(site.text, found), strict=True):
            place = unsafe_place(context)
            if place is None or context.startswith("arithmetic"):
                continue
            self._checked.findings.add(
                "unsafe-placement",
                f"`{OPEN} {placeholder.expression[:60]} {CLOSE}` stands inside {place}, where no "
                "quoting protects the command from its value. Give it in `env` and write the "
                "variable there.",
                site.path,
                span=self._checked.findings.inner_span(
                    site.path, placeholder.start, placeholder.end
                ),
            )

    def _read_again(self, site: Site, found: list[Placeholder]) -> None:
        for placeholder, reader in zip(found, code_readers(site.text, found), strict=True):
            if reader is None:
                continue
            self._checked.findings.warn(
                "read-as-code",
                f"`{reader}` reads the value of `{OPEN} {placeholder.expression[:60]} {CLOSE}` as "
                "code once more, and its quotes protect nothing there. Give it in `env` and read "
                "the variable in that code.",
                site.path,
                span=self._checked.findings.inner_span(
                    site.path, placeholder.start, placeholder.end
                ),
            )

    def _braces(self, site: Site) -> None:
        found = self.placeholders(site)
        if not found:
            return
        whole = len(found) == 1 and site.text.strip() == site.text[found[0].start : found[0].end]
        self._checked.findings.add(
            "template-in-expression",
            f"`{site.field}` is an expression already; write it without `{OPEN} {CLOSE}`.",
            site.path,
            fix=self._checked.findings.replace_value(site.path, found[0].expression)
            if whole
            else None,
        )

    def _condition(self, site: Site, kind: str) -> None:
        findings = self._checked.findings
        if kind not in ("BOOL", "DYN"):
            findings.add(
                "when-not-boolean",
                f"`when` needs true or false, but `{site.text[:80]}` is {_name(kind)}.",
                site.path,
            )
            return
        constant = _constant(site.text)
        if constant is False:
            findings.add(
                "unreachable-step",
                f"step {site.step!r} never runs: `{site.text[:80]}` is always false.",
                site.path,
            )
        elif constant is True:
            findings.warn(
                "constant-when",
                f"`{site.text[:80]}` is always true.",
                site.path,
                fix=findings.remove(site.path, "remove `when`"),
            )


_JUNCTIONS = frozenset({"&", "|", "?"})


def _constant(expression: str) -> object:
    """Return the value that an expression has whatever its names stand for, else None."""
    found = references(expression)
    if found and not any(token.text in _JUNCTIONS for token in tokens(expression)):
        return None  # it cannot be known without its names
    shared = share(expression, [(reference, len(reference.parts), "dyn") for reference in found])
    if shared is None:
        return None
    try:
        return compiled(shared[0]).eval(data={}).plain_value()
    except (CelError, RuntimeError, ValueError, TypeError):
        return None


_NAMES = {
    "STRING": "text",
    "INT": "a whole number",
    "UINT": "a whole number",
    "DOUBLE": "a number",
    "BOOL": "true or false",
    "NULL": "null",
    "TIMESTAMP": "a time",
    "DURATION": "a duration",
    "BYTES": "bytes",
}


def _name(kind: str) -> str:
    return _NAMES.get(
        kind, "a list" if kind.startswith("LIST") else "a map" if kind.startswith("MAP") else kind
    )
