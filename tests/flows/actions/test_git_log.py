"""`git.log`, on real repositories."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from prefect_luthier.errors import LuthierError


class Repository:
    """A repository with commits at given times by given people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, **variables: str) -> None:
        """Run git."""
        subprocess.run(
            ["git", *arguments], cwd=self.path, check=True, env={**os.environ, **variables}
        )

    def commit(self, subject: str, day: str, author: str = "Ann", **files: str) -> None:
        """Commit files."""
        for name, content in files.items():
            (self.path / name).write_text(content)
        self.git("add", "-A")
        stamp = f"{day}T12:00:00+00:00"
        self.git(
            *("-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", subject),
            GIT_AUTHOR_NAME=author,
            GIT_AUTHOR_EMAIL=f"{author}@example.org",
            GIT_COMMITTER_NAME=author,
            GIT_COMMITTER_EMAIL=f"{author}@example.org",
            GIT_AUTHOR_DATE=stamp,
            GIT_COMMITTER_DATE=stamp,
        )


@pytest.fixture
def repository(tmp_path) -> Repository:
    """Give a repository with four commits."""
    made = Repository(tmp_path / "repo")
    made.commit("Begin", "2026-01-05", a="1\n2\n")
    made.commit("Add | pipe `code` <b>", "2026-01-06", "Bob", b="x\n")
    made.commit("Nothing", "2026-01-06", "Bob")
    made.commit("Change", "2026-02-10", a="1\n", **{"ü name": "y\n"})
    return made


async def test_commits_are_listed_newest_first(call, repository):
    """Author, date, subject, files and numbers of each commit are outputs."""
    out = await call("git.log", repository="repo")
    assert [commit["subject"] for commit in out["commits"]] == [
        "Change",
        "Nothing",
        "Add | pipe `code` <b>",
        "Begin",
    ]
    newest = out["commits"][0]
    assert (newest["author"], newest["date"][:10]) == ("Ann", "2026-02-10")
    assert {f["path"]: (f["insertions"], f["deletions"]) for f in newest["files"]} == {
        "a": (0, 1),
        "ü name": (1, 0),
    }
    assert out["count"] == 4
    assert out["text"].splitlines()[0].endswith("2026-02-10 Ann: Change")


@pytest.mark.parametrize(
    ("inputs", "count"),
    [
        ({"since": "2026-02-01"}, 1),
        ({"until": "2026-01-31"}, 3),
        ({"author": "Bob"}, 2),
        ({"path": "b"}, 1),
        ({"max_count": 2}, 2),
        ({"since": "1 days"}, 0),
        ({"revision": "main~3"}, 1),
        ({"revision": "main~2..main"}, 2),
    ],
)
async def test_inputs_narrow_the_history(call, repository, inputs, count):
    """By time, author, path, number and revision."""
    assert (await call("git.log", repository="repo", **inputs))["count"] == count


async def test_summary_is_markdown_that_foreign_text_cannot_break(call, repository):
    """Totals, authors, files and subjects; table and markup characters are escaped."""
    summary = (await call("git.log", repository="repo", title="Digest"))["summary"]
    assert summary.startswith(
        "# Digest\n\n**repo**: 4 commits by 2 authors, 2026-01-05 to 2026-02-10"
    )
    assert "| Ann | 2 | +3 | \N{MINUS SIGN}1 |" in summary
    assert "## Weeks" in summary
    assert "| a | 2 | 3 |" in summary
    assert "Add | pipe \\`code\\` \\<b\\> (Bob)" in summary
    assert summary == (await call("git.log", repository="repo", title="Digest"))["summary"]


async def test_repository_without_commits_gives_none(call, tmp_path):
    """An empty repository is no error: there are no commits."""
    Repository(tmp_path / "empty")
    out = await call("git.log", repository="empty")
    assert (out["count"], out["commits"], out["text"]) == (0, [], "")
    assert "no commits" in out["summary"]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"repository": "nowhere"}, "no-repository"),
        ({"repository": "."}, "not-a-repository"),
        ({"repository": "repo", "revision": "nope"}, "bad-revision"),
        ({"repository": "repo", "revision": "--output=x"}, "bad-revision"),
        ({"repository": "repo", "since": "banana"}, "bad-date"),
        ({"repository": "nul\0"}, "bad-path"),
    ],
    ids=["no folder", "no repository", "no revision", "option", "no date", "no path"],
)
async def test_wrong_inputs_are_errors(call, repository, inputs, code, monkeypatch):
    """Each says what is wrong; nothing is taken for an option or for now."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository.path.parent.parent))
    with pytest.raises(LuthierError) as caught:
        await call("git.log", **inputs)
    assert caught.value.code == code


async def test_configuration_of_the_repository_starts_nothing(call, repository, tmp_path):
    """A hostile repository cannot make reading its history run a program."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "gpg.program", "diff.external", "core.pager", "pager.log"):
        repository.git("config", name, str(trap))
    repository.git("config", "log.showSignature", "true")
    (repository.path / ".gitattributes").write_text("* diff=evil\n")
    repository.git("config", "diff.evil.textconv", str(trap))
    repository.git("config", "diff.evil.command", str(trap))
    await call("git.log", repository="repo")
    assert not (tmp_path / "sprung").exists()
