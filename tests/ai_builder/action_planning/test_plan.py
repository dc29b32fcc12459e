"""Plans that are read from a document: everything in them can be stored and compared."""

import json
from typing import Any

import pytest

from prefect_luthier.ai_builder.action_planning.plan import read_plan
from prefect_luthier.errors import UsageError


def document(**action: Any) -> dict[str, Any]:
    planned = {"provider": "google", "action": "gmail.send", "params": {}} | action
    return {"intent": "send_email", "confidence": 1, "actions": [planned]}


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"a": found}
    return found


def test_a_plan_is_read_from_itself_and_from_what_the_command_prints() -> None:
    """Both forms that the program writes are taken."""
    plan = read_plan(document(client_request_id="key-1"), "plan.json")
    printed = {"plan": plan.model_dump(mode="json"), "outcome": "planned"}
    assert read_plan(printed, "plan.json") == plan


@pytest.mark.parametrize(
    ("action", "told"),
    [
        pytest.param({"params": {"text": "\ud800"}}, "U\\+D800", id="half a character"),
        pytest.param({"params": {"\udfff": 1}}, "U\\+DFFF", id="half a character in a name"),
        pytest.param({"action": "x\ud800"}, "actions.0.action", id="half a character in an action"),
        pytest.param({"params": {"n": float("nan")}}, "NaN", id="no number"),
        pytest.param({"params": {"n": float("inf")}}, "NaN", id="infinite"),
        pytest.param({"params": nested(5000)}, "nests too deeply", id="deep"),
        pytest.param({"client_request_id": "a\n"}, "client_request_id", id="a line break in a key"),
        pytest.param({"client_request_id": "\u0430"}, "client_request_id", id="a look-alike key"),
        pytest.param({"steps": []}, "steps", id="unknown"),
    ],
)
def test_what_cannot_be_kept_is_refused(action: dict[str, Any], told: str) -> None:
    """The finding names the place; nothing fails later in a worker."""
    with pytest.raises(UsageError, match=told) as caught:
        read_plan(document(**action), "plan.json")
    assert caught.value.code == "bad-plan"


def test_a_json_text_with_half_a_character_is_refused() -> None:
    """JSON can spell what UTF-8 cannot hold."""
    with pytest.raises(UsageError, match="params"):
        read_plan(json.loads(json.dumps(document(params={"text": "\ud800"}))), "plan.json")
