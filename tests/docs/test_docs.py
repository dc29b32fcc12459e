"""The documentation says what the code does: its examples run, its links lead somewhere."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.deployments.prometheus.metrics import METRICS
from prefect_luthier.flows.actions.contract import ActionContext
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.settings import Settings
from prefect_luthier.ui.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file that exists."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [link for link in links if link and "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_readme_definition_is_valid() -> None:
    """The definition on the front page has no finding."""
    (text,) = blocks("README.md", "toml")
    environment = Environment(has_command=lambda _: True, has_model=False)
    report = validate(Source.from_text(text), installed_catalog(), environment)
    assert report.ok, report.diagnostics


async def test_the_example_action_works(tmp_path: Path) -> None:
    """The plug-in page's action runs, and its entry can be used in a definition."""
    names: dict[str, object] = {}
    exec(blocks("docs/how-to/write-a-plugin.md", "python")[0], names)
    action = names["WORD_COUNT"]
    (tmp_path / "a.txt").write_text("one two three")
    assert await action({"path": "a.txt"}, ActionContext(tmp_path)) == {"words": 3}
    definition = (
        'id = "x"\n[steps.count]\nuses = "text.count@1"\ninputs = { path = "a" }\n'
        '[steps.tell]\nneeds = ["count"]\nwhen = "steps.count.outputs.words > 2"\nrun = "true"\n'
    )
    assert validate(Source.from_text(definition), Catalog([action.entry])).ok


def test_the_example_parameter_type_works() -> None:
    """The plug-in page's parameter type accepts colours and nothing else."""
    names: dict[str, object] = {}
    exec(blocks("docs/how-to/write-a-plugin.md", "python")[1], names)
    assert names["COLOR"].parse("#4A2F1B") == "#4a2f1b"
    with pytest.raises(ValueError, match="colour"):
        names["COLOR"].parse("brown")


def test_the_example_validator_works() -> None:
    """The plug-in page's rule finds a definition without an owner."""
    names: dict[str, object] = {}
    exec(blocks("docs/how-to/write-a-plugin.md", "python")[2], names)
    rule = names["every_workflow_has_an_owner"]
    bare = Definition.model_validate({"id": "x", "steps": {"a": {"run": "true"}}})
    assert [finding.code for finding in rule(bare)] == ["house-owner"]
    assert rule(bare.model_copy(update={"tags": ["owner:me"]})) == []


def test_entry_point_groups_are_spelt_right() -> None:
    """The groups that the page names are the groups that the code reads."""
    from prefect_luthier.deployments.definition import plugins
    from prefect_luthier.flows.actions import installed

    groups = [
        group
        for block in blocks("docs/how-to/write-a-plugin.md", "toml")
        for group in tomllib.loads(block)["project"]["entry-points"]
    ]
    assert groups == [
        installed.ENTRY_POINT_GROUP,
        plugins.TYPES_GROUP,
        plugins.VALIDATORS_GROUP,
    ]


def test_every_setting_is_documented() -> None:
    """Each setting's variables stand in the reference."""
    text = (ROOT / "docs/reference/settings.md").read_text()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variables = alias.choices if alias else [f"LUTHIER_{name.upper()}"]
        for variable in variables:
            assert f"`{variable}`" in text, variable


def test_every_command_is_documented() -> None:
    """Each command stands in the reference."""
    text = (ROOT / "docs/reference/command-line.md").read_text()
    assert [name for name in COMMANDS if f"luthier {name}" not in text] == []


def _codes() -> set[str]:
    """Return every code that the definition's modules give a finding."""
    codes = set()
    for path in (ROOT / "deployments" / "definition").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if name in {"add", "Diagnostic", "error", "warning"} and isinstance(
                first, ast.Constant
            ):
                codes |= {first.value} if "-" in str(first.value) else set()
    return codes


def test_every_diagnostic_is_documented() -> None:
    """Each code that a definition can be given stands in the reference."""
    text = (ROOT / "docs/reference/diagnostics.md").read_text()
    codes = _codes()
    assert len(codes) > 50
    assert sorted(code for code in codes if f"`{code}`" not in text) == []


def test_every_metric_and_alert_is_documented() -> None:
    """Each metric stands in the reference with its meaning, and each alert with what fires it."""
    text = (ROOT / "docs/reference/metrics.md").read_text()
    for metric in METRICS:
        assert f"| `{metric.name}` | {metric.kind} |" in text
        assert metric.documentation in text
    rules = (ROOT / "deployments/prometheus/rules/alerts.yml").read_text()
    for alert in re.findall(r"alert: (\w+)", rules):
        assert f"| `{alert}` |" in text
