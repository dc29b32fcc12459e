"""Shell steps: a command that the request gave literally, and the folder it runs in."""

from __future__ import annotations

import re
import shlex

from prefect_luthier.ai_builder.offline.choice import Action
from prefect_luthier.ai_builder.offline.dataflow import Parameters

_FOLDER = re.compile(
    r"\b(?:in|inside|within|from|of|on|at)\s+(?:the\s+root\s+of\s+)?(?:my|the|our|a|this|that|each)\s+(?:[\w-]+\s+)?(?P<kind>repo|repository|project|folder|directory|checkout|codebase|workspace)\b",
    re.IGNORECASE,
)
_NAMES = {"repository": "repo", "codebase": "repo", "checkout": "repo", "directory": "folder"}


def command_of(action: Action, parameters: Parameters) -> str:
    """Return the command of a step, preceded by the change to its folder where one is named.

    Args:
        action: An action with a command.
        parameters: Declares the folder, when the request names it without a path.
    """
    command = action.command or ""
    text = action.clause.text
    for literal in action.literals:
        if literal.kind == "path" and re.search(
            rf"\b(?:in|inside|within|from)\s+(?:the\s+\w+\s+)?{literal.mark}", text
        ):
            return f"cd {_quoted(literal.text)} && {command}"
    match = _FOLDER.search(text)
    if not match:
        return command
    name = _NAMES.get(match["kind"].lower(), match["kind"].lower())
    folder = parameters.declare(
        name, type="path", required=True, description=f"Path of the {match['kind'].lower()}."
    )
    return f"cd {folder} && {command}"


def _quoted(path: str) -> str:
    """Return a path as one shell word; a leading ``~`` keeps its meaning."""
    if path.startswith("~/"):
        return f"~/{shlex.quote(path[2:])}"
    return shlex.quote(path)
