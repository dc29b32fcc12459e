"""Turn the messages of the CEL compiler into findings with places and repairs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from prefect_luthier.deployments.definition.cel_tokens import ROOTS, Token, tokens
from prefect_luthier.deployments.definition.checks.context import Checked, Site
from prefect_luthier.diagnostics import Fix
from prefect_luthier.suggestions import (
    closest,
    did_you_mean,
    surely_meant,
)

_ERROR = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_UNDECLARED = re.compile(r"undeclared reference to '(?P<name>[^']*)'")
_OVERLOAD = re.compile(
    r"found no matching overload for '(?P<name>.*)' applied to '\((?P<types>.*)\)'"
)
_TOO_COMPLEX = re.compile(r"recursion|codepoint limit|too (?:deep|complex)", re.IGNORECASE)

FUNCTIONS = (
    "size", "contains", "startsWith", "endsWith", "matches", "has", "all", "exists", "exists_one",
    "filter", "map", "string", "int", "double", "bool", "uint", "bytes", "type", "dyn",
    "timestamp", "duration", "getFullYear", "getMonth", "getDate", "getDayOfWeek", "getHours",
    "getMinutes", "getSeconds",
)  # fmt: skip

# Words and signs of other languages, and what CEL writes.
_FOREIGN = {
    "and": "&&", "or": "||", "not": "!", "True": "true", "False": "false", "None": "null",
    "=": "==", "===": "==", "!==": "!=", "<>": "!=", "&": "&&", "|": "||",
}  # fmt: skip

_ROOT_SYNONYMS = {
    "parameters": "params",
    "inputs": "params",
    "param": "params",
    "parameter": "params",
    "step": "steps",
    "needs": "steps",
}

_TYPE_NAMES = {
    "string": "text",
    "int": "a whole number",
    "uint": "a whole number",
    "double": "a number",
    "bool": "true or false",
    "null_type": "null",
    "dyn": "any value",
}

_MAX_ERRORS = 3


def report_cel_errors(
    checked: Checked, site: Site, expression: str, offset: int, message: str
) -> None:
    """Add a finding for each error in a message of the compiler."""
    errors = _ERROR.findall(message)
    if _TOO_COMPLEX.search(message):
        reason = "the expression is nested too deep or too long; split it over several steps."
        checked.findings.add("expression-too-complex", reason, site.path)
        return
    if not errors:
        reason = f"the expression cannot be read: {message[:200]}"
        checked.findings.add("expression-syntax", reason, site.path)
        return
    here = _Expression(checked, site, expression, offset)
    if any("Syntax error" in text for _, _, text in errors):
        errors = errors[:1]  # the rest follows from the first
    for line, column, text in errors[:_MAX_ERRORS]:
        here.report(_offset(expression, int(line), int(column)), text)


def _offset(expression: str, line: int, column: int) -> int:
    starts = [0, *(match.end() for match in re.finditer("\n", expression))]
    start = starts[min(max(line, 1), len(starts)) - 1]
    return min(start + max(column, 1) - 1, len(expression))


class _Expression:
    def __init__(self, checked: Checked, site: Site, expression: str, offset: int) -> None:
        self.checked = checked
        self.site = site
        self.expression = expression
        self.offset = offset
        self.tokens = list(tokens(expression))

    def report(self, at: int, text: str) -> None:
        undeclared = _UNDECLARED.search(text)
        overload = _OVERLOAD.search(text)
        if text.startswith("Syntax error"):
            self._syntax(at, text)
        elif undeclared:
            self._undeclared(at, undeclared["name"])
        elif overload:
            self._overload(at, overload["name"], overload["types"].split(", "))
        else:
            self._add("expression-type", f"{text[:1].upper()}{text[1:200]}.", at, at + 1)

    def _add(  # noqa: PLR0917 - called with what stands in the text
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        candidates: Sequence[str] = (),
        fix: Fix | None = None,
    ) -> None:
        findings = self.checked.findings
        if start >= len(self.expression):  # the end of the text: show its last character
            start, end = max(0, len(self.expression) - 1), len(self.expression)
        span = findings.inner_span(self.site.path, self.offset + start, self.offset + end)
        findings.add(code, message, self.site.path, span=span, candidates=candidates, fix=fix)

    def _replace(self, token: Token, text: str) -> Fix | None:
        start, end = self.offset + token.start, self.offset + token.end
        return self.checked.findings.replace_inside(
            self.site.path, start, end, text, f'write "{text}"'
        )

    def _token_at(self, at: int) -> Token | None:
        return next((token for token in self.tokens if token.start <= at < token.end), None)

    def _syntax(self, at: int, text: str) -> None:
        token = self._foreign_token()
        if token is not None:
            meant = _FOREIGN[token.text]
            self._add(
                "expression-syntax",
                f"CEL writes `{meant}` instead of `{token.text}`.",
                token.start,
                token.end,
                (meant,),
                self._replace(token, meant),
            )
            return
        found = self._token_at(at)
        what = text.removeprefix("Syntax error: ").split(" expecting ")[0].rstrip()
        if not self.expression.strip():
            message = "the expression is empty."
        elif "<EOF>" in what and "extraneous" not in what and at >= len(self.expression):
            message = "the expression ends too early."
        else:
            message = f"the expression cannot be read here: {what}."
        self._add("expression-syntax", message, at, found.end if found else at + 1)

    def _foreign_token(self) -> Token | None:
        """Return the first word or sign that another language would put here."""
        for index, token in enumerate(self.tokens):
            before = self.tokens[index - 1] if index else None
            after = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
            if (
                token.kind == "name"
                and token.text in _FOREIGN
                and not (before and before.text == ".")
            ):
                return token
            if token.text == "=" and not (
                (before and before.text in "=!<>" and before.end == token.start)
                or (after and after.text == "=" and after.start == token.end)
            ):
                return token
        return None

    def _undeclared(self, at: int, name: str) -> None:
        token = self._token_at(at)
        function = self.expression[at : at + 1] == "("
        if function:
            candidates = closest(name, FUNCTIONS)
            meant = surely_meant(name, FUNCTIONS)
            called = next(
                (t for t in reversed(self.tokens) if t.end <= at and t.text == name), None
            )
            start, end = (called.start, called.end) if called else (at, at + 1)
            self._add(
                "unknown-function",
                f"there is no function `{name}`.{did_you_mean(candidates)}",
                start,
                end,
                candidates,
                self._replace(called, meant) if called and meant else None,
            )
            return
        root = name.split(".", maxsplit=1)[0]
        token = next((t for t in self.tokens if t.kind == "name" and t.text == root), token)
        candidates = self._names_like(root)
        meant = _FOREIGN.get(root) or (candidates[0] if self._is_sure(root, candidates) else None)
        start, end = (token.start, token.end) if token else (at, at + 1)
        self._add(
            "unknown-name",
            f"there is no name `{name}` here; expressions read `params.<name>`, "
            f"`steps.<id>.outputs.<name>` and `run.<field>`.{did_you_mean(candidates)}",
            start,
            end,
            candidates,
            self._replace(token, meant) if token and meant else None,
        )

    def _names_like(self, root: str) -> tuple[str, ...]:
        definition = self.checked.definition
        if root in _FOREIGN:
            return (_FOREIGN[root],)
        if root in _ROOT_SYNONYMS:
            return (_ROOT_SYNONYMS[root],)
        exact = [f"params.{root}"] if root in definition.parameters else []
        exact += [f"steps.{root}"] if root in definition.steps else []
        return tuple(exact) or closest(
            root, [*ROOTS, *(f"params.{p}" for p in definition.parameters)]
        )

    def _is_sure(self, root: str, candidates: Sequence[str]) -> bool:
        if len(candidates) != 1:
            return False
        if root in _ROOT_SYNONYMS:
            return True
        return candidates[0] in (f"params.{root}", f"steps.{root}")

    def _overload(self, at: int, name: str, types: list[str]) -> None:
        sign = name.strip("_").replace("@in", "in") or name
        shown = [_TYPE_NAMES.get(_plain(kind), _plain(kind)) for kind in types]
        token = self._token_at(at)
        self._add(
            "expression-type",
            f"`{sign}` does not work with {' and '.join(shown)}.",
            at,
            token.end if token else at + 1,
            fix=self._literal_fix(at, [_plain(kind) for kind in types]),
        )

    def _literal_fix(self, at: int, types: list[str]) -> Fix | None:
        """Return the repair that writes a constant as the type of what it is compared with."""
        if len(types) != 2:  # noqa: PLR2004 - only operators with two sides
            return None
        operators = [i for i, token in enumerate(self.tokens) if token.start >= at]
        if not operators:
            return None
        left = self.tokens[operators[0] - 1] if operators[0] else None
        width = 2 if self.expression[at : at + 2] in ("==", "!=", "<=", ">=") else 1
        right = next((token for token in self.tokens if token.start >= at + width), None)
        for token, own, other in ((right, types[1], types[0]), (left, types[0], types[1])):
            meant = _as_type(token, own, other) if token else None
            if token and meant:
                return self._replace(token, meant)
        return None


def _plain(kind: str) -> str:
    match = re.fullmatch(r"wrapper\((.*)\)", kind)
    return match[1] if match else kind


def _as_type(token: Token, own: str, other: str) -> str | None:
    if own == "int" and other == "double" and token.text.isdigit():
        return f"{token.text}.0"
    text = token.text[1:-1] if token.kind == "string" else ""
    if own == "string" and other == "int" and re.fullmatch(r"\d{1,18}", text):
        return text
    if own == "string" and other == "bool" and text in ("true", "false"):
        return text
    return None
