"""A digest of commits as Markdown: always the same text for the same commits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, Field, computed_field

_MOST_AUTHORS = 20
_MOST_FILES = 15
_MOST_SUBJECTS = 100
_MOST_DAYS = 21
_BAR_WIDTH = 20


class ChangedFile(BaseModel):
    """What a commit changed in one file."""

    model_config = ConfigDict(frozen=True)

    path: str
    insertions: int
    deletions: int


class Commit(BaseModel):
    """One commit."""

    model_config = ConfigDict(frozen=True)

    sha: str = Field(description="Full hash.")
    author: str = Field(description="Name of the author.")
    email: str = Field(description="Address of the author.")
    date: str = Field(description="Author date, RFC 3339.")
    subject: str = Field(description="First line of the message.")
    files: tuple[ChangedFile, ...] = Field(default=(), description="The changed files.")

    @computed_field(description="First ten digits of the hash.")  # type: ignore[prop-decorator]
    @property
    def short(self) -> str:
        """First ten digits of the hash."""
        return self.sha[:10]

    @computed_field(description="Lines added.")  # type: ignore[prop-decorator]
    @property
    def insertions(self) -> int:
        """Lines added."""
        return sum(file.insertions for file in self.files)

    @computed_field(description="Lines removed.")  # type: ignore[prop-decorator]
    @property
    def deletions(self) -> int:
        """Lines removed."""
        return sum(file.deletions for file in self.files)


def digest_markdown(commits: Sequence[Commit], title: str, repository: str, span: str = "") -> str:
    """Return the digest of ``commits``.

    Args:
        commits: The commits, newest first.
        title: The heading.
        repository: Name of the repository.
        span: The period as words, e.g. ``since 30 days``.
    """
    about = f"**{_inline(repository)}**" + (f", {_inline(span)}" if span else "")
    if not commits:
        return f"# {_inline(title)}\n\n{about}: no commits.\n"
    sections = [
        f"# {_inline(title)}",
        f"{about}: {_totals(commits)}.",
        "## Authors",
        _author_table(commits),
        *_activity(commits),
        "## Most changed files",
        _file_table(commits),
        "## Commits",
        _subjects(commits),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _totals(commits: Sequence[Commit]) -> str:
    days = sorted(commit.date[:10] for commit in commits)
    files = {file.path for commit in commits for file in commit.files}
    authors = {commit.author for commit in commits}
    period = days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    return (
        f"{_count(len(commits), 'commit')} by {_count(len(authors), 'author')}, {period}; "
        f"{_count(len(files), 'file')} changed, +{sum(c.insertions for c in commits)} "
        f"−{sum(c.deletions for c in commits)} lines"  # noqa: RUF001 - a minus sign
    )


def _author_table(commits: Sequence[Commit]) -> str:
    counts = Counter(commit.author for commit in commits)
    added: Counter[str] = Counter()
    deleted: Counter[str] = Counter()
    for commit in commits:
        added[commit.author] += commit.insertions
        deleted[commit.author] += commit.deletions
    rows = [
        (_cell(author), str(count), f"+{added[author]}", f"−{deleted[author]}")  # noqa: RUF001
        for author, count in _ranked(counts, _MOST_AUTHORS)
    ]
    return _table(("Author", "Commits", "Added", "Removed"), rows, len(counts))


def _activity(commits: Sequence[Commit]) -> tuple[str, str]:
    """Return heading and chart of commits a day, or a week over longer periods."""
    days = Counter(date.fromisoformat(commit.date[:10]) for commit in commits)
    first, last = min(days), max(days)
    if (last - first).days < _MOST_DAYS:
        return "## Days", _chart(sorted(days.items()))
    weeks: Counter[date] = Counter()
    for day, count in days.items():
        weeks[day - timedelta(days=day.weekday())] += count
    return "## Weeks", _chart(sorted(weeks.items()))


def _chart(counts: Sequence[tuple[date, int]]) -> str:
    most = max(count for _, count in counts)
    rows = [
        (day.isoformat(), str(count), "█" * max(1, round(_BAR_WIDTH * count / most)))
        for day, count in counts
    ]
    return _table(("From", "Commits", ""), rows, len(rows))


def _file_table(commits: Sequence[Commit]) -> str:
    changes: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for commit in commits:
        for file in commit.files:
            changes[file.path] += 1
            lines[file.path] += file.insertions + file.deletions
    if not changes:
        return "None."
    ranked = sorted(changes, key=lambda path: (-changes[path], -lines[path], path))[:_MOST_FILES]
    rows = [(_cell(path), str(changes[path]), str(lines[path])) for path in ranked]
    return _table(("File", "Commits", "Lines"), rows, len(changes))


def _subjects(commits: Sequence[Commit]) -> str:
    lines = [
        f"- {c.date[:10]} `{c.short}` {_inline(c.subject)} ({_inline(c.author)})"
        for c in commits[:_MOST_SUBJECTS]
    ]
    if len(commits) > _MOST_SUBJECTS:
        lines.append(f"- … and {len(commits) - _MOST_SUBJECTS} more")
    return "\n".join(lines)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> str:
    body = list(rows)
    lines = [heads, ["---"] * len(heads), *body]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return text if total <= len(body) else f"{text}\n\n… and {total - len(body)} more."


def _ranked(counts: Counter[str], most: int) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _cell(text: str) -> str:
    return _inline(text).replace("|", "\\|")


def _inline(text: str) -> str:
    """Return foreign text on one line, without markup that would be rendered."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*<>[]" else c for c in flat)
