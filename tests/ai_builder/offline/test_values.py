"""Values of a request that reach the inputs of steps in the form that these want."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from prefect_luthier.ai_builder.drafting import Draft

DraftIt = Callable[..., Draft]


def last_inputs(draft: Draft) -> Mapping[str, Any]:
    """Return the inputs of the last step."""
    assert draft.definition is not None, draft.refusal
    assert draft.ok, [diagnostic.message for diagnostic in draft.diagnostics]
    return list(draft.definition.steps.values())[-1].inputs


@pytest.mark.parametrize(
    "data", [{"text": "hi"}, {"text": "hi", "n": {"a": 1}}], ids=["flat", "nested"]
)
def test_json_is_sent_as_it_stands(data: dict[str, Any], draft_builtin: DraftIt) -> None:
    """JSON in a request stays in one piece, and `post` is the method."""
    text = str(data).replace("'", '"')
    inputs = last_inputs(draft_builtin(f"post {text} to https://example.org/hook"))
    assert inputs == {"url": "https://example.org/hook", "method": "POST", "json": data}


def test_a_function_is_called_with_its_argument(draft_builtin: DraftIt) -> None:
    """A dotted name gets the form that the schema wants; a list is one argument."""
    inputs = last_inputs(draft_builtin("call the function statistics.mean with [1,2,3]"))
    assert inputs == {"function": "statistics:mean", "args": [[1, 2, 3]]}


TOLD = {
    "it's done": "Done: Fetch https://example.org/a.json.",
    "the orders have arrived": "The orders have arrived.",
}


@pytest.mark.parametrize(("said", "message"), TOLD.items(), ids=list(TOLD))
def test_what_shall_be_told_is_the_message(said: str, message: str, draft_builtin: DraftIt) -> None:
    """`Notify me that …` sends those words, not the output of the step before."""
    draft = draft_builtin(f"fetch https://example.org/a.json and then notify me that {said}")
    assert last_inputs(draft) == {"message": message}


WORDS = {"write hello to a.txt": "hello", "write hello world to a.txt every day": "hello world"}


@pytest.mark.parametrize(("text", "content"), WORDS.items(), ids=list(WORDS))
def test_bare_words_are_written(text: str, content: str, draft_builtin: DraftIt) -> None:
    """Words between `write` and the file are the text where no earlier step makes one."""
    assert last_inputs(draft_builtin(text)) == {"path": "a.txt", "content": content}


def test_what_an_earlier_step_made_is_written(draft_builtin: DraftIt) -> None:
    """Behind another step the words name its output, and the file gets nothing else."""
    draft = draft_builtin("fetch https://example.org/a.json and write orders to a.txt")
    assert last_inputs(draft) == {
        "path": "a.txt",
        "content": "${{ steps.http_request.outputs.text }}",
    }
