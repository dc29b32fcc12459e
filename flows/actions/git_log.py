"""`git.log`: read the history of a real repository, and digest it for people."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from prefect_luthier.catalog import Capabilities
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.contract import (
    Action,
    ActionContext,
    ActionInputs,
    ActionOutputs,
)
from prefect_luthier.flows.actions.git_digest import ChangedFile, Commit, digest_markdown
from prefect_luthier.subprocesses import Outcome, Streams, run_program

# A repository is foreign data: nothing that its configuration names may be started.
_SAFE_GIT = (
    *("git", "--no-pager", "-c", "log.showSignature=false", "-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false", "-c", "diff.external=", "-c", "log.mailmap=true"),
)
_FIELDS = ("%H", "%aN", "%aE", "%aI", "%s")
_NUMSTAT = re.compile(r"\n?(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)
_MAX_LOG_BYTES = 512 * 1024 * 1024
_NOW_WORDS = {"now", "today"}


class GitLogInputs(ActionInputs):
    """Which commits of which repository."""

    repository: str = Field(default=".", description="Path of the repository.")
    revision: str = Field(default="HEAD", description="Branch, tag, commit or range `a..b`.")
    since: str | None = Field(
        default=None, description="Only commits after this, e.g. `30 days` or `2026-01-31`."
    )
    until: str | None = Field(default=None, description="Only commits before this.")
    path: str | None = Field(default=None, description="Only commits that touch this path.")
    author: str | None = Field(default=None, description="Only commits by this author.")
    merges: bool = Field(default=True, description="Whether merge commits count.")
    max_count: int = Field(default=10_000, ge=1, description="Most commits to read.")
    title: str = Field(default="Repository digest", description="Heading of the summary.")


class GitLogOutputs(ActionOutputs):
    """The commits, newest first, and what they amount to."""

    commits: list[Commit] = Field(description="The commits, newest first.")
    count: int = Field(description="How many there are.")
    text: str = Field(description="One line a commit: short hash, day, author, subject.")
    summary: str = Field(
        description="Markdown digest: totals, authors, days, most changed files, subjects."
    )


async def _run(inputs: GitLogInputs, context: ActionContext) -> GitLogOutputs:
    repository = _folder(context.workspace, inputs.repository)
    await _check_dates(inputs, repository, context)
    commits = await _read_commits(inputs, repository, context)
    context.log(f"{len(commits)} commits in {repository}")
    span = " ".join(
        f"{word} {value}"
        for word, value in (("since", inputs.since), ("until", inputs.until))
        if value
    )
    return GitLogOutputs(
        commits=commits,
        count=len(commits),
        text="\n".join(f"{c.short} {c.date[:10]} {c.author}: {c.subject}" for c in commits),
        summary=digest_markdown(commits, inputs.title, repository.resolve().name, span),
    )


def _folder(workspace: Path, path: str) -> Path:
    if "\0" in path:
        raise LuthierError("bad-path", f"{path!r} holds a NUL character, which no path can.")
    try:
        folder = workspace / Path(path).expanduser()
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise LuthierError("bad-path", f"{path!r} is no usable path: {error}.") from error
    if not is_folder:
        raise LuthierError(
            "no-repository",
            f"there is no folder {str(folder)!r}.",
            "Give the path of a git repository.",
        )
    return folder


async def _read_commits(
    inputs: GitLogInputs, repository: Path, context: ActionContext
) -> list[Commit]:
    outcome = await _git(_log_arguments(inputs), repository, context)
    if outcome.exit_code == 0:
        return list(parse_log(outcome.stdout.data.decode(errors="replace")))
    error = " ".join(outcome.stderr.tail).removeprefix("fatal: ")
    failure = _git_error(error, inputs, repository)
    if inputs.revision == "HEAD" and failure.code == "bad-revision":
        return []  # a repository without a commit has no HEAD
    raise failure


def _log_arguments(inputs: GitLogInputs) -> list[str]:
    if inputs.revision.startswith("-"):
        raise LuthierError("bad-revision", f"{inputs.revision!r} is no revision.")
    options = {"since": inputs.since, "until": inputs.until, "author": inputs.author}
    return [
        *("log", "-z", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv"),
        *(f"--format={'%x00'.join(_FIELDS)}%x00", "--encoding=UTF-8", "--no-color"),
        *("--no-show-signature", f"--max-count={inputs.max_count}"),
        *(f"--{name}={value}" for name, value in options.items() if value),
        *(() if inputs.merges else ("--no-merges",)),
        *(inputs.revision, "--"),
        *((inputs.path,) if inputs.path else ()),
    ]


async def _git(arguments: list[str], repository: Path, context: ActionContext) -> Outcome:
    environment = {
        **context.env,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C.UTF-8",
    }
    outcome = await run_program(
        [*_SAFE_GIT, *arguments],
        cwd=repository,
        env=environment,
        streams=Streams(keep_bytes=_MAX_LOG_BYTES),
    )
    if outcome.stdout.truncated:
        raise LuthierError(
            "history-too-large",
            f"the log of {str(repository)!r} is larger than {_MAX_LOG_BYTES} bytes.",
            "Narrow it by since, path or max_count.",
        )
    return outcome


async def _check_dates(inputs: GitLogInputs, repository: Path, context: ActionContext) -> None:
    """Refuse dates that git would silently take for the present moment."""
    for name, text in (("since", inputs.since), ("until", inputs.until)):
        if not text or any(c.isdigit() for c in text) or text.strip().lower() in _NOW_WORDS:
            continue
        outcome = await _git(["rev-parse", f"--{name}={text}"], repository, context)
        _, _, stamp = outcome.stdout.text.strip().partition("=")
        if outcome.exit_code == 0 and stamp.isdigit() and abs(int(stamp) - time.time()) < 2:  # noqa: PLR2004 - the seconds git may take
            raise LuthierError(
                "bad-date",
                f"{name} is {text!r}, which git does not understand as a date.",
                "Give e.g. `30 days`, `last monday` or `2026-01-31`.",
            )


def _git_error(error: str, inputs: GitLogInputs, repository: Path) -> LuthierError:
    lowered = error.lower()
    if "not a git repository" in lowered:
        return LuthierError(
            "not-a-repository",
            f"{str(repository)!r} is not a git repository.",
            "Give the folder that holds `.git`, or a bare repository.",
        )
    if "bad revision" in lowered or "unknown revision" in lowered or "ambiguous" in lowered:
        return LuthierError(
            "bad-revision",
            f"{str(repository)!r} has no revision {inputs.revision!r}.",
            "Give a branch, tag or commit that `git rev-parse` knows.",
        )
    if "dubious ownership" in lowered:
        return LuthierError(
            "foreign-repository",
            f"git refuses {str(repository)!r} because another user owns it.",
            f"If you trust it: git config --global --add safe.directory {repository}",
        )
    return LuthierError("git-failed", f"git log failed in {str(repository)!r}: {error}.")


def parse_log(text: str) -> Iterator[Commit]:
    """Yield the commits in what `git log -z --numstat` printed for `_FIELDS`."""
    tokens = iter(text.split("\0"))
    sha = next(tokens, "")
    while sha.strip():
        author, email, date, subject = (next(tokens, "") for _ in range(4))
        files = []
        following = ""
        for token in tokens:
            numbers = _NUMSTAT.fullmatch(token)
            if numbers:
                files.append(_changed_file(*numbers.groups()))
            elif token.strip():
                following = token
                break
        yield Commit(
            sha=sha.strip(),
            author=author,
            email=email,
            date=date,
            subject=subject,
            files=tuple(files),
        )
        sha = following


def _changed_file(added: str, deleted: str, path: str) -> ChangedFile:
    """Return one file's numbers; git prints ``-`` for binary files."""
    return ChangedFile(
        path=path,
        insertions=int(added) if added != "-" else 0,
        deletions=int(deleted) if deleted != "-" else 0,
    )


GIT_LOG = Action(
    slug="git.log",
    version="1.0.0",
    description="Read the commit history of a git repository and summarise it: recent commits, "
    "changes, authors, statistics, changelog or digest for a period.",
    inputs=GitLogInputs,
    outputs=GitLogOutputs,
    run=_run,
    capabilities=Capabilities(commands=("git",), files="read"),
)
