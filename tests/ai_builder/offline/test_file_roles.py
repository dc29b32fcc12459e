"""Which files a request reads, and which it writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prefect_luthier.ai_builder.drafting import Draft
from prefect_luthier.ai_builder.offline.file_roles import is_read

DraftIt = Callable[..., Draft]

READ = {
    "counted-in": "count the lines in /data/in.txt",
    "object-of-reading": "check /data/in.txt",
    "source-of-writing": "append the names from /data/in.txt to out.txt",
    "summary-of": "write a summary of /data/in.txt to out.txt",
    "saved-elsewhere": "save /data/in.txt to out.txt",
    "compared-to": "compare the totals to /data/in.txt",
    "copied": "copy /data/in.txt to out.txt",
}
WRITTEN = {
    "object-of-writing": "write /data/in.txt",
    "written-to": "write the count to /data/in.txt",
    "read-into": "summarise the page into /data/in.txt",
    "saved-in": "save it in the file /data/in.txt",
    "list-in": "write the list in /data/in.txt",
    "stored-in": "the count of it is stored in /data/in.txt",
    "saved-as": "save the text as /data/in.txt",
}


@pytest.mark.parametrize("text", READ.values(), ids=list(READ))
def test_a_file_that_is_only_read(text: str) -> None:
    """What stands after a reading verb, or after `from` and `of`, is no target."""
    assert is_read(text, "/data/in.txt")


@pytest.mark.parametrize("text", WRITTEN.values(), ids=list(WRITTEN))
def test_a_file_that_is_written(text: str) -> None:
    """What a writing verb goes to is the target."""
    assert not is_read(text, "/data/in.txt")


ONLY_READ = (
    "count the lines in /etc/passwd, then write the count to count.txt",
    "read notes.txt",
    "check the size of /etc/passwd and save it in size.txt",
    "append the words from /etc/passwd to b.txt",
    "save /etc/passwd to b.txt",
)


@pytest.mark.parametrize("request_text", ONLY_READ)
def test_no_step_writes_what_is_only_read(request_text: str, draft_builtin: DraftIt) -> None:
    """A request that reads a file is refused or drafted without a step that overwrites it."""
    draft = draft_builtin(request_text)
    paths = [
        step.inputs.get("path")
        for step in (draft.definition.steps.values() if draft.definition else ())
    ]
    assert "/etc/passwd" not in paths
    assert "notes.txt" not in paths
    assert draft.refusal is not None or "b.txt" in paths


def test_a_file_that_no_step_uses_is_asked_about(draft_builtin: DraftIt) -> None:
    """What the request names and the draft leaves out does not go unsaid."""
    draft = draft_builtin("append the words from a.txt to b.txt")
    assert any("'a.txt'" in question for question in draft.questions)
