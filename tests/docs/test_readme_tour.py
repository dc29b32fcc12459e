"""The README's five minutes on the command line, typed as they are printed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx

README = Path(__file__).parents[2] / "README.md"


def tour() -> list[str]:
    """Return the commands of the section, each with its continued lines."""
    section = README.read_text().split("## Five minutes")[1].split("\n## ")[0]
    blocks = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    prompt = re.compile(r"^\$ ", re.MULTILINE)
    return [command for block in blocks for command in prompt.split(block)[1:]]


def test_the_tour_works_as_it_is_printed(
    shell: Callable[[str], str], prefect_server: str, tmp_path: Path
) -> None:
    """Drafted, checked, run in the current folder, registered, changed and taken out of Luthier."""
    httpx.post(f"{prefect_server}/work_pools/", json={"name": "luthier", "type": "process"})
    shell(
        "git init -q . && git -c user.name=a -c user.email=a@b commit -qm 'A start' --allow-empty"
    )
    printed = {command.split()[1]: shell(command) for command in tour()}
    assert list(printed) == ["draft", "validate", "plan", "run", "register", "eject"]
    assert f"repository = '{tmp_path}'" in printed["plan"]
    (digest,) = tmp_path.glob("data/workspaces/*/digest.md")
    assert "A start" in digest.read_text()
    assert "retries = { max = 3 }" in (tmp_path / "digest.toml").read_text()
    compile((tmp_path / "digest.py").read_text(), "digest.py", "exec")
    shell("luthier unregister $(sed -n 's/^id = \"\\(.*\\)\"/\\1/p' digest.toml)")
