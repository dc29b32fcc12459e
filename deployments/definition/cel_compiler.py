"""Compile CEL quickly: expressions of one shape share their compilation.

A CEL environment takes 0.3 ms to warm up, and a definition has thousands of expressions that
differ only in the names they read. So names are replaced by a few variables of one environment
that is built once, and equal results are remembered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from cel_expr_python import cel

from prefect_luthier.deployments.definition.cel_tokens import Reference

_VARIABLES_PER_TYPE = 8
_MAX_REMEMBERED = 4_096

TYPES: dict[str, cel.Type] = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "bool": cel.Type.BOOL,
    "list": cel.Type.List(cel.Type.DYN),
    "dyn": cel.Type.DYN,
    # The protobuf wrappers are CEL's nullable types: `params.n != null && params.n > 3` checks.
    "string?": cel.Type("google.protobuf.StringValue"),
    "int?": cel.Type("google.protobuf.Int64Value"),
    "double?": cel.Type("google.protobuf.DoubleValue"),
    "bool?": cel.Type("google.protobuf.BoolValue"),
}


_SHARED_NAME = re.compile(r"\b_(?:string|int|double|bool|list|dyn)(?:_or_null)?_\d")


class CelError(ValueError):
    """An expression does not compile; the text is the compiler's."""


Use = tuple[Reference, int, str]
"""A reference, how many of its parts name the variable, and the name of its type."""


def result_type(expression: str, uses: Sequence[Use]) -> str:
    """Return the name of the type of an expression, e.g. ``BOOL`` or ``LIST<DYN>``.

    Args:
        expression: The CEL text.
        uses: Its references, in the order in which they stand.

    Raises:
        CelError: It does not compile; places in the message count in ``expression``.
    """
    if len(uses) == 1 and _is_whole(expression, uses[0]):
        return _NAMES[uses[0][2].removesuffix("?")]  # nothing to compile
    shared = share(expression, uses)
    if shared is not None:
        name = _shared_type(shared[0])
        if name is not None:
            return name
    variables = {ref.name(length): TYPES[kind] for ref, length, kind in uses}
    try:
        return str(cel.NewEnv(variables=variables).compile(expression).return_type().name())
    except (RuntimeError, ValueError) as error:
        raise CelError(str(error)) from error


_NAMES = {
    "string": "STRING",
    "int": "INT",
    "double": "DOUBLE",
    "bool": "BOOL",
    "list": "LIST<DYN>",
    "dyn": "DYN",
}


def _is_whole(expression: str, use: Use) -> bool:
    reference, length, _ = use
    return reference.start == 0 and reference.ends[length - 1] == len(expression)


def share(expression: str, uses: Sequence[Use]) -> tuple[str, dict[str, str]] | None:
    """Return the expression with shared variables, and the name that each stands for.

    None when it reads more names of one type than there are shared variables, or when it holds
    the name of one by itself.
    """
    if _SHARED_NAME.search(expression):
        return None
    variables: dict[str, str] = {}
    counts: dict[str, int] = {}
    pieces: list[str] = []
    position = 0
    for reference, length, kind in uses:
        name = reference.name(length)
        if name not in variables:
            index = counts.get(kind, 0)
            if index == _VARIABLES_PER_TYPE:
                return None
            counts[kind] = index + 1
            variables[name] = variable(kind, index)
        pieces += [expression[position : reference.start], variables[name]]
        position = reference.ends[length - 1]
    return "".join([*pieces, expression[position:]]), {v: name for name, v in variables.items()}


def variable(kind: str, index: int) -> str:
    """Return the name of a shared variable."""
    return f"_{kind.replace('?', '_or_null')}_{index}"


@cache
def _environment() -> cel.Env:
    return cel.NewEnv(
        variables={
            variable(kind, index): cel_type
            for kind, cel_type in TYPES.items()
            for index in range(_VARIABLES_PER_TYPE)
        }
    )


@lru_cache(_MAX_REMEMBERED)
def _shared_type(expression: str) -> str | None:
    try:
        return str(compiled(expression).return_type().name())
    except CelError:
        return None


@lru_cache(_MAX_REMEMBERED)
def compiled(expression: str) -> cel.Expression:
    """Return a compiled expression that reads shared variables only.

    Raises:
        CelError: It does not compile.
    """
    try:
        return _environment().compile(expression)
    except (RuntimeError, ValueError) as error:
        raise CelError(str(error)) from error
