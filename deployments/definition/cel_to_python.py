"""Write a CEL expression as Python, where both mean the same.

Only what is sure is translated: literals, names, comparisons, arithmetic, `in`, indexes, fields,
conditions, `size`, text functions and the macros. Anything else gives None, and the caller keeps
the CEL text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from prefect_luthier.deployments.definition.cel_tokens import Token, tokens

_COMPARISONS = {"==", "!=", "<", "<=", ">", ">="}
_MAX_DEPTH = 30

NameWriter = Callable[[tuple[str, ...]], tuple[str, int] | None]
"""Gives Python for a dotted name and how many of its parts that covers, None for no name."""


class _Untranslatable(Exception):
    """The expression uses something that Python says differently."""


def to_python(expression: str, write_name: NameWriter) -> str | None:
    """Return Python that gives the value of a CEL expression, or None.

    Args:
        expression: CEL that compiles.
        write_name: Gives the Python of a dotted name.
    """
    parser = _Parser(expression, write_name)
    try:
        text = parser.conditional()
        parser.expect_end()
        ast.parse(text, mode="eval")
    except (_Untranslatable, SyntaxError, RecursionError, MemoryError):
        return None
    return text


class _Parser:
    """A recursive descent over CEL's grammar that writes Python as it goes."""

    def __init__(self, expression: str, write_name: NameWriter) -> None:
        self._tokens = _joined(list(tokens(expression)))
        self._at = 0
        self._depth = 0
        self._risks = 0  # look-ups so far that may fail
        self._write_name = write_name
        self._bound: list[str] = []

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def _next(self) -> Token:
        if self._at >= len(self._tokens):
            raise _Untranslatable
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, *texts: str) -> str | None:
        if self._kind() != "string" and self._peek() in texts:
            return self._next().text
        return None

    def _expect(self, text: str) -> None:
        if self._accept(text) is None:
            raise _Untranslatable

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise _Untranslatable

    def conditional(self) -> str:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Untranslatable
        condition = self._junction("||", "or", lambda: self._junction("&&", "and", self._relation))
        if self._accept("?"):
            yes = self.conditional()
            self._expect(":")
            condition = f"({yes} if {condition} else {self.conditional()})"
        self._depth -= 1
        return condition

    def _junction(self, sign: str, word: str, operand: Callable[[], str]) -> str:
        risks = self._risks
        parts = [operand()]
        while self._accept(sign):
            parts.append(operand())
        if len(parts) == 1:
            return parts[0]
        if self._risks > risks:
            # CEL forgives a missing key where the other side decides; Python does not.
            raise _Untranslatable
        return f"({f' {word} '.join(parts)})"

    def _relation(self) -> str:
        left = self._sum()
        sign = self._accept(*_COMPARISONS, "in")
        if sign is None:
            return left
        right = self._sum()
        if self._peek() in _COMPARISONS:
            raise _Untranslatable  # CEL compares the result, Python chains
        if "None" in (left, right) and sign in ("==", "!="):
            sign = "is" if sign == "==" else "is not"
        return f"({left} {sign} {right})"

    def _sum(self) -> str:
        left = self._product()
        while sign := self._accept("+", "-"):
            left = f"({left} {sign} {self._product()})"
        return left

    def _product(self) -> str:
        left = self._unary()
        while self._accept("*"):
            left = f"({left} * {self._unary()})"
        if self._peek() in ("/", "%"):
            raise _Untranslatable  # CEL truncates towards zero
        return left

    def _unary(self) -> str:
        if self._accept("!"):
            return f"(not {self._unary()})"
        if self._accept("-"):
            return f"(-{self._unary()})"
        return self._member(self._primary())

    def _member(self, text: str) -> str:
        while True:
            if self._accept("["):
                self._risks += 1
                text = f"{text}[{self.conditional()}]"
                self._expect("]")
            elif self._accept("."):
                name = self._next()
                if name.kind != "name":
                    raise _Untranslatable
                if self._accept("("):
                    text = self._method(text, name.text)
                else:
                    self._risks += 1
                    text = f'{text}["{name.text}"]'
            else:
                return text

    def _method(self, target: str, name: str) -> str:
        if name in ("filter", "map", "all", "exists"):
            return self._macro(target, name)
        arguments = self._arguments()
        one = arguments[0] if len(arguments) == 1 else None
        if name == "size" and not arguments:
            return f"len({target})"
        if one is not None and name in ("startsWith", "endsWith"):
            return f"{target}.{name.lower()}({one})"
        if one is not None and name == "contains":
            return f"({one} in {target})"
        raise _Untranslatable

    def _macro(self, target: str, name: str) -> str:
        variable = self._next().text
        self._expect(",")
        if not variable.isidentifier() or variable in ("s", "len", "text"):
            raise _Untranslatable
        self._bound.append(variable)
        body = self.conditional()
        self._bound.pop()
        self._expect(")")
        if name == "filter":
            return f"[{variable} for {variable} in {target} if {body}]"
        if name == "map":
            return f"[{body} for {variable} in {target}]"
        return f"{'all' if name == 'all' else 'any'}({body} for {variable} in {target})"

    def _arguments(self) -> list[str]:
        found: list[str] = []
        if self._accept(")"):
            return found
        while True:
            found.append(self.conditional())
            if self._accept(")"):
                return found
            self._expect(",")

    def _primary(self) -> str:
        if self._accept("("):
            inner = self.conditional()
            self._expect(")")
            return inner
        if self._accept("["):
            return self._list()
        token = self._next()
        if token.kind == "string":
            return _string(token.text)
        if token.kind == "number":
            return _number(token.text)
        if token.kind != "name":
            raise _Untranslatable
        words: Mapping[str, str] = {"true": "True", "false": "False", "null": "None"}
        if token.text in words:
            return words[token.text]
        return self._name(token.text)

    def _list(self) -> str:
        items: list[str] = []
        while not self._accept("]"):
            items.append(self.conditional())
            if not self._accept(","):
                self._expect("]")
                break
        return f"[{', '.join(items)}]"

    def _name(self, first: str) -> str:
        if self._peek() == "(":
            return self._function(first)
        if first in self._bound:
            return first
        parts, start = [first], self._at
        while self._peek() == "." and self._at + 1 < len(self._tokens):
            part = self._tokens[self._at + 1]
            is_method = self._at + 2 < len(self._tokens) and self._tokens[self._at + 2].text == "("
            if part.kind != "name" or is_method:
                break
            parts.append(part.text)
            self._at += 2
        written = self._write_name(tuple(parts))
        if written is None:
            raise _Untranslatable
        self._at = start + 2 * (written[1] - 1)
        return written[0]

    def _function(self, name: str) -> str:
        self._expect("(")
        arguments = self._arguments()
        if name == "size" and len(arguments) == 1:
            return f"len({arguments[0]})"
        if name == "string" and len(arguments) == 1:
            return f"text({arguments[0]})"
        if name == "dyn" and len(arguments) == 1:
            return arguments[0]
        raise _Untranslatable


def _joined(found: list[Token]) -> list[Token]:
    """Return the tokens with signs of two characters as one."""
    joined: list[Token] = []
    for token in found:
        last = joined[-1] if joined else None
        pair = last.text + token.text if last else ""
        if (
            last
            and last.end == token.start
            and pair in ("==", "!=", "<=", ">=", "&&", "||")
            and last.kind == token.kind == "mark"
        ):
            joined[-1] = Token("mark", pair, last.start, token.end)
        else:
            joined.append(token)
    return joined


def _string(text: str) -> str:
    if text[0] not in "\"'":
        raise _Untranslatable  # bytes and raw strings
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise _Untranslatable from error
    if "\\" in text and any(
        escape in text for escape in ("\\x", "\\u", "\\U", "\\N", "\\?", "\\`")
    ):
        raise _Untranslatable
    plain = repr(value)
    is_plain = plain[0] == "'" and not set("\"'") & set(value)
    return f'"{plain[1:-1]}"' if is_plain else plain


def _number(text: str) -> str:
    if text[-1] in "uU":
        raise _Untranslatable
    if text.lower().startswith("0x"):
        return str(int(text, 16))
    return repr(float(text)) if any(mark in text for mark in ".eE") else str(int(text))
