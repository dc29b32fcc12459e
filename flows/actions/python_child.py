"""The child process of `python.call`: runs one function of the user's and reports its result.

Run as a script with the standard library only. It reads the call as JSON from its standard
input and writes ``{"result": …}`` or ``{"error": …}`` to the file named by its argument; what
the function prints goes to the step's log.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import importlib.util
import inspect
import json
import sys
import traceback
from pathlib import Path
from typing import Any


def load(target: str, workspace: Path) -> Any:
    """Return the function that ``module:function`` or ``file.py:function`` names.

    Raises:
        LookupError: There is no such file, module or function.
    """
    source, _, name = target.rpartition(":")
    sys.path.insert(0, str(workspace))
    if source.endswith(".py"):
        path = workspace / source
        if not path.is_file():
            raise LookupError(f"there is no file {str(path)!r}")
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise LookupError(f"{str(path)!r} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    else:
        try:
            module = importlib.import_module(source)
        except ModuleNotFoundError as error:
            if error.name and (source == error.name or source.startswith(error.name + ".")):
                raise LookupError(f"there is no module {source!r}") from None
            raise
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise LookupError(f"{source!r} has no function {name!r}")
        found = getattr(found, part)
    if not callable(found):
        raise LookupError(f"{name!r} of {source!r} is no function")  # noqa: TRY004
    return found


def call(request: dict[str, Any]) -> Any:
    """Make the call that ``request`` describes; a coroutine is run to its end."""
    function = load(request["function"], Path.cwd())
    result = function(*request["args"], **request["kwargs"])
    if inspect.isawaitable(result):
        result = asyncio.run(_await(result))
    return result


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _jsonable(value: Any) -> Any:
    """Return the JSON form of what `json` does not know."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no JSON form")


def report(request: dict[str, Any]) -> str:
    """Make the call and return the report as JSON text."""
    try:
        result = call(request)
    except LookupError as error:
        if type(error) is LookupError:
            return json.dumps({"error": str(error)})
        return _failure(error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code may raise anything
        return _failure(error)
    try:
        return json.dumps({"result": result}, default=_jsonable, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps({"error": f"its result cannot be passed on: {error}"})


def _failure(error: BaseException) -> str:
    own_frames = 2  # `report` and `call` say nothing to the user
    frames = traceback.extract_tb(error.__traceback__)[own_frames:]
    sys.stderr.writelines(traceback.format_list(frames))
    sys.stderr.writelines(traceback.format_exception_only(error))
    return json.dumps({"error": "".join(traceback.format_exception_only(error)).strip()[:2000]})


if __name__ == "__main__":
    sys.path.pop(0)  # this script's own folder
    text = report(json.load(sys.stdin))
    Path(sys.argv[1]).write_text(text, encoding="utf-8")
