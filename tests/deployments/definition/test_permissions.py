"""What a workflow may do is read off its steps, parameters and the catalog."""

from __future__ import annotations

from prefect_luthier.catalog import parse_catalog
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.permissions import Permission, permissions

CATALOG = parse_catalog(
    [
        {
            "slug": "mail.send",
            "kind": "action",
            "description": "Sends mail",
            "capabilities": {"network": ["smtp.example.com"], "secrets": ["smtp-password"]},
        },
        {
            "slug": "report",
            "kind": "action",
            "description": "Writes a report",
            "capabilities": {"files": "write", "model": True, "commands": ["pandoc"]},
        },
        {"slug": "old", "kind": "service", "description": "Old", "capabilities": ["fax"]},
    ]
)


def of(steps: dict, **fields: object) -> set[Permission]:
    data = {"schema": 1, "id": "w", "steps": steps} | fields
    return set(permissions(Definition.model_validate(data), CATALOG))


def test_everything_that_an_entry_needs_is_listed() -> None:
    """Hosts, secrets, commands, files and models."""
    assert of({"a": {"uses": "mail.send@1"}, "b": {"uses": "report"}}) == {
        Permission("network", "smtp.example.com"),
        Permission("secret", "smtp-password"),
        Permission("command", "pandoc"),
        Permission("files", "write"),
        Permission("model"),
    }


def test_a_shell_step_is_a_permission_of_its_own() -> None:
    """A shell command can do anything, so it is named as such; its programs are listed too."""
    found = of({"a": {"run": "git status"}}, requirements={"commands": ["git"]})
    assert found == {Permission("shell"), Permission("command", "git")}


def test_templates_are_looked_through() -> None:
    """A step that uses a template may do what the template's action may do."""
    found = of({"a": {"uses": "send"}}, actions={"send": {"uses": "mail.send@1"}})
    assert Permission("network", "smtp.example.com") in found


def test_a_secret_parameter_is_a_permission() -> None:
    """Whoever runs the workflow hands it that secret."""
    found = of({"a": {"uses": "old"}}, parameters={"token": {"type": "secret"}})
    assert found == {Permission("secret", "token"), Permission("other", "fax")}


def test_what_is_not_in_the_catalog_adds_nothing() -> None:
    """Such a definition is not valid, and its other steps are still read."""
    assert of({"a": {"uses": "nowhere@1"}, "b": {"run": "true"}}) == {Permission("shell")}
