"""What every built-in action keeps."""

from __future__ import annotations

import subprocess
import sys

import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions import installed
from prefect_luthier.flows.actions.builtin import BUILTIN_ACTIONS
from prefect_luthier.flows.actions.shipped import current_entries, shipped_catalog


@pytest.mark.parametrize("slug", BUILTIN_ACTIONS)
def test_every_action_documents_its_inputs_and_outputs(slug):
    """Each field has a description; inputs are closed; the dict's key is the slug."""
    action = BUILTIN_ACTIONS[slug]
    entry = action.entry
    assert entry.slug == slug
    assert len(entry.description) > 40
    for schema in (entry.input_schema, entry.output_schema):
        assert schema is not None
        assert schema["additionalProperties"] is False
        assert all(field.get("description") for field in schema["properties"].values())


def test_shipped_catalog_is_what_the_actions_say():
    """The data that validation reads and the code that runs agree, in every field and in order."""
    assert list(shipped_catalog()) == current_entries(), (
        "an action changed: run `python -m prefect_luthier.flows.actions.shipped`"
    )


async def test_wrong_inputs_are_named_without_their_values(call):
    """A misspelt, missing or wrong input is an error, and a value is never quoted."""
    with pytest.raises(LuthierError) as caught:
        await call("file.write", path="", contents="hunter2", append="hunter2")
    message = caught.value.message
    assert "contents" in message
    assert "content:" in message
    assert "append" in message
    assert "hunter2" not in message


def test_the_catalog_loads_neither_prefect_nor_a_client_nor_an_action():
    """Validating a definition must not pay for what only running it needs."""
    code = (
        "import sys; from prefect_luthier.flows.actions.installed import installed_catalog; "
        "installed_catalog(); slow = {'prefect', 'httpx', 'openai', 'sqlalchemy', 'asyncio', "
        "'prefect_luthier.flows.actions.builtin'}; print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class FakeEntryPoint:
    """An entry point of a plug-in."""

    def __init__(self, value: str, loaded: object) -> None:
        self.value = value
        self._loaded = loaded

    def load(self) -> object:
        """Return the plug-in's object, or fail as a broken one does."""
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def plug_in(monkeypatch):
    """Give a function that installs a plug-in for the test."""

    def install(loaded: object) -> None:
        monkeypatch.setattr(installed, "_entry_points", lambda: [FakeEntryPoint("plug:in", loaded)])
        installed.installed_actions.cache_clear()
        installed.installed_catalog.cache_clear()

    yield install
    monkeypatch.undo()
    installed.installed_actions.cache_clear()
    installed.installed_catalog.cache_clear()


def test_plug_in_adds_an_action(plug_in):
    """An entry point gives one action, or several."""
    import dataclasses

    newer = dataclasses.replace(BUILTIN_ACTIONS["notify"], version="2.0.0")
    plug_in([newer])
    found = installed.installed_catalog().find("notify")
    assert found is not None
    assert found.version == "2.0.0"
    assert installed.find_action("notify@1.0.0") is BUILTIN_ACTIONS["notify"]


@pytest.mark.parametrize(
    ("loaded", "code"),
    [
        pytest.param(ImportError("no module"), "broken-plugin", id="does not load"),
        pytest.param("text", "broken-plugin", id="no action"),
        pytest.param(BUILTIN_ACTIONS["notify"], "duplicate-action", id="takes a name"),
    ],
)
def test_broken_plug_in_is_named(plug_in, loaded, code):
    """A plug-in that cannot be used is an error that says which."""
    plug_in(loaded)
    with pytest.raises(LuthierError, match="plug:in") as caught:
        installed.installed_actions()
    assert caught.value.code == code
