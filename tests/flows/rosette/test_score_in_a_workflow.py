"""`rosette.score` in a definition: run by Luthier, and ejected into a program of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.ejection.eject import ejected
from prefect_luthier.rmos.feasibility.documents import judge_documents

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs/examples/rosette"
WITHOUT_LUTHIER = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "prefect_luthier":
            raise ImportError(name)

sys.meta_path.insert(0, Absent())
import program

inputs = program.RosetteScoreInputs(spec=json.loads(sys.argv[1]), context=json.loads(sys.argv[2]))
print(json.dumps(program._judged(inputs)))
"""


def definition_of_the_page() -> str:
    """Return the definition on the page about constraints."""
    text = (ROOT / "docs/reference/rosette-constraints.md").read_text()
    (found,) = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(found)


def documents(design: str) -> tuple[str, str]:
    """Return an example design and its context as JSON text."""
    return (EXAMPLES / f"{design}.json").read_text(), (EXAMPLES / "om28-context.json").read_text()


async def test_a_workflow_branches_on_the_decision(run_text: Any) -> None:
    """A blocked design runs the step that writes down its fixes; an allowed one skips it."""
    text = definition_of_the_page().partition("\n")[2]
    for design, state in (("blocked-proud", "completed"), ("om28-herringbone", "skipped")):
        spec, context = (json.loads(each) for each in documents(design))
        outcome = await run_text(text, design=spec, conditions=context)
        assert outcome.state_of("score") == "completed"
        assert outcome.state_of("mend") == state
        if state == "completed":
            fixes = json.loads(outcome.steps["mend"]["outputs"]["stdout"])
            assert fixes == ["Set inlay_thickness_mm to 1.55."]


def test_the_ejected_program_scores_without_luthier(tmp_path: Path) -> None:
    """The program carries the engine and its data: same score, same digest, same engine."""
    report = validate(Source.from_text(definition_of_the_page()), installed_catalog())
    assert report.definition is not None
    (tmp_path / "program.py").write_text(ejected(report.definition, installed_catalog()))
    spec, context = documents("blocked-land")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LUTHIER, spec, context],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == judge_documents(spec, context).verdict.to_json()
