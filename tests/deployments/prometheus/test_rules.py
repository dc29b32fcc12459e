"""The alerts, run by Prometheus' own rule tester."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from prefect_luthier.deployments.prometheus.metrics import METRICS

RULES = Path(__file__).parents[3] / "deployments" / "prometheus" / "rules"
CASES = Path(__file__).parent / "alerts_test.yml"
UNPACKED = Path(sys.prefix) / "promtool" / "usr" / "bin" / "promtool"
PROMTOOL = shutil.which("promtool") or (str(UNPACKED) if UNPACKED.exists() else "")

needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="no promtool; `make promtool` gets it")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROMTOOL, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def run_cases(folder: Path, rules: Path, cases: str) -> subprocess.CompletedProcess[str]:
    file = folder / "cases.yml"
    file.write_text(cases.replace("RULES", f"{rules}/*.yml"))
    return promtool("test", "rules", file)


@needs_promtool
def test_rules_are_well_formed() -> None:
    """Prometheus would load them."""
    done = promtool("check", "rules", *sorted(RULES.glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_every_alert_fires_stays_silent_and_recovers(tmp_path: Path) -> None:
    """Three moments of each alert: before, while and after it is bad."""
    done = run_cases(tmp_path, RULES, CASES.read_text())
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_cases_can_fail(tmp_path: Path) -> None:
    """An alert that never fires is noticed."""
    dulled = tmp_path / "rules"
    shutil.copytree(RULES, dulled)
    alerts = dulled / "alerts.yml"
    alerts.write_text(alerts.read_text().replace("oldest_seconds > 300", "oldest_seconds > 1e9"))
    done = run_cases(tmp_path, dulled, CASES.read_text())
    assert done.returncode != 0
    assert "LuthierActionQueueStuck" in done.stdout + done.stderr


def test_every_alert_has_its_cases() -> None:
    """One that fires, and at least two in which it does not."""
    alerts = re.findall(r"alert: (\w+)", (RULES / "alerts.yml").read_text())
    cases = CASES.read_text()
    for alert in alerts:
        _, _, block = cases.partition(f"name: {alert}\n")
        block = block.partition("  - name: ")[0]
        assert block.count(f"alertname: {alert}") >= 3, alert
        assert block.count("exp_alerts") == 1, alert


def test_rules_use_metrics_that_exist() -> None:
    """A misspelt metric would be an alert that never fires."""
    known = {metric.name for metric in METRICS} | {"luthier_store_up", "luthier_ai_budget_tokens"}
    for file in RULES.glob("*.yml"):
        for name in set(re.findall(r"\bluthier_\w+", file.read_text())):
            assert name.removesuffix("_bucket") in known, name
    text = (RULES / "recording.yml").read_text()
    recorded = set(re.findall(r"record: (luthier:\S+)", text))
    used = set(re.findall(r"luthier:\w+:\w+", (RULES / "alerts.yml").read_text()))
    assert used <= recorded
