"""Choosing a drafter, and the document that every drafter gives."""

from pathlib import Path

import pytest

from prefect_luthier.ai_builder.drafting import DRAFTERS, Draft, Refusal, Round, choose_drafter
from prefect_luthier.ai_builder.tokens import Tokens
from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import load_settings

DOCUMENT_KEYS = {
    "definition", "toml", "diagnostics", "ok", "refusal", "questions", "rounds",
    "provider", "model", "tokens", "snapshot",
}  # fmt: skip


def test_without_a_model_the_offline_drafter_is_chosen(clean_environment: Path) -> None:
    """No key and no address: it still drafts."""
    assert choose_drafter(load_settings()).name == "offline"


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "LUTHIER_MODEL_BASE_URL"])
def test_a_configured_model_is_chosen(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A key, or the address of a server that needs none; and it can be declined by name."""
    monkeypatch.setenv(variable, "http://127.0.0.1:1/v1")
    assert choose_drafter(load_settings()).name == "openai"
    assert choose_drafter(load_settings(), "offline").name == "offline"


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [("openai", LuthierError, "no-model"), ("gpt", UsageError, "unknown-drafter")],
)
def test_a_drafter_that_cannot_be_had(
    clean_environment: Path, name: str, error: type[LuthierError], code: str
) -> None:
    """The advice names the alternatives."""
    with pytest.raises(error) as caught:
        choose_drafter(load_settings(), name)
    assert caught.value.code == code
    assert "offline" in caught.value.advice


def test_every_drafter_answers_to_its_name(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table's names are what drafts record as provider."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    for name in DRAFTERS:
        assert choose_drafter(load_settings(), name).name == name


def test_the_document_of_a_refusal_has_every_key() -> None:
    """Programs can rely on the keys, whatever came out."""
    rounds = (Round(1, "openai", tokens=Tokens(3, 4)), Round(2, "openai", tokens=Tokens(5, 6)))
    draft = Draft("openai", "sha256:0", refusal=Refusal("vague-request", "?"), rounds=rounds)
    document = draft.to_json()
    assert document.keys() == DOCUMENT_KEYS
    assert document["tokens"] == {"input": 8, "output": 10}
    assert document["refusal"] == {"code": "vague-request", "message": "?"}
    assert document["ok"] is False


def test_an_invalid_definition_is_not_ok() -> None:
    """A definition that could be read and has errors is shown, and is not valid."""
    draft = Draft("offline", "x", toml="", diagnostics=(Diagnostic("cycle", "error", "a, b, a"),))
    assert not draft.ok
