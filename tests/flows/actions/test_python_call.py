"""`python.call`."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from prefect_luthier.errors import LuthierError

CODE = """
import asyncio, dataclasses, datetime, os, sys, time

@dataclasses.dataclass
class Point:
    x: int

def add(a, b=1):
    print("adding")
    return {"sum": a + b}

async def later(x):
    await asyncio.sleep(0.01)
    return x

def shapes():
    return [Point(1), {3, 1}, datetime.date(2026, 1, 2)]

def fails():
    raise ValueError("bad value")

def leaves():
    sys.exit("leaving")

def dies():
    os._exit(9)

def odd():
    return object()

def sleeps():
    time.sleep(61.125)

def environment():
    return dict(os.environ)

not_a_function = 3
"""


@pytest.fixture
def code(tmp_path):
    """Put a module into the workspace."""
    (tmp_path / "own.py").write_text(CODE)


@pytest.mark.parametrize("source", ["own.py", "own"], ids=["file", "module"])
async def test_function_of_the_workspace_is_called(call, code, log, source):
    """By file or by module; its result and what it printed are outputs."""
    out = await call("python.call", function=f"{source}:add", args=[2], kwargs={"b": 3})
    assert out == {"result": {"sum": 5}, "stdout": "adding"}
    assert log == ["adding"]


async def test_function_of_an_installed_module_is_called(call):
    """Anything importable can be called."""
    assert (await call("python.call", function="os.path:join", args=["a", "b"]))["result"] == "a/b"


async def test_coroutine_is_awaited(call, code):
    """An async function runs to its end."""
    assert (await call("python.call", function="own:later", args=[7]))["result"] == 7


async def test_usual_values_have_a_json_form(call, code):
    """Dataclasses, sets and dates are passed on."""
    out = await call("python.call", function="own:shapes")
    assert out["result"] == [{"x": 1}, [1, 3], "2026-01-02"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("own:fails", "ValueError: bad value"),
        ("own:leaves", "SystemExit: leaving"),
        ("own:dies", "exit code 9"),
        ("own:odd", "has no JSON form"),
        ("own:nowhere", "has no function 'nowhere'"),
        ("own:not_a_function", "is no function"),
        ("no_such_module_x:f", "there is no module 'no_such_module_x'"),
        ("missing.py:f", "there is no file"),
    ],
)
async def test_failure_is_an_error_with_its_reason(call, code, function, message):
    """Whatever the function does, this process goes on and says what happened."""
    with pytest.raises(LuthierError, match=message.replace("(", r"\(")):
        await call("python.call", function=function)


async def test_traceback_in_the_log_shows_only_the_users_code(call, code, log):
    """The log shows where it failed, without our own frames."""
    with pytest.raises(LuthierError):
        await call("python.call", function="own:fails")
    text = "\n".join(log)
    assert 'own.py", line' in text
    assert "python_child" not in text


async def test_function_sees_no_foreign_environment(call, code, monkeypatch):
    """Secrets of this process are not passed on."""
    monkeypatch.setenv("LUTHIER_SECRET_X", "leak")
    assert "leak" not in str(await call("python.call", function="own:environment"))


async def test_cancelling_ends_the_process(call, code):
    """A function that runs for long ends with its step."""
    task = asyncio.ensure_future(call("python.call", function="own:sleeps"))
    await asyncio.sleep(0.6)
    children = psutil.Process().children(recursive=True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    left = [c for c in children if c.is_running() and "python_child" in " ".join(c.cmdline())]
    assert left == []
