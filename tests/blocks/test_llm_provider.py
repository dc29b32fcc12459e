"""The block that says how to reach a language model."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from pydantic import SecretStr, ValidationError

from prefect_luthier.blocks import collection
from prefect_luthier.blocks.llm_provider import OPENAI_URL, LLMProvider
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import load_settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "block", [getattr(collection, name) for name in collection.__all__], ids=collection.__all__
)
class TestEveryBlock(BlockStandardTestSuite):
    """What Prefect demands of the blocks of a collection."""

    @pytest.fixture
    def block(self) -> type[Block]:
        raise NotImplementedError

    def test_has_a_valid_image(self, block: type[Block]) -> None:
        """The logo's address is that of a square image in this repository."""
        path = urlsplit(str(block._logo_url)).path.partition("/main/")[2]
        with Image.open(ROOT / path) as image:
            assert image.width == image.height
            assert 45 < image.width < 1000


def test_reads_the_environment(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting of a model has its place in the block."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("AI_MODEL", "small")
    monkeypatch.setenv("AI_MAX_OUTPUT_TOKENS", "99")
    monkeypatch.setenv("LUTHIER_MODEL_TIMEOUT_S", "2.5")
    provider = LLMProvider.from_settings(load_settings())
    assert provider.base_url == "http://127.0.0.1:8080/v1"
    assert provider.api_key == SecretStr("sk-1")
    assert (provider.model, provider.max_output_tokens, provider.timeout) == ("small", 99, 2.5)


def test_a_key_alone_means_openai(clean_environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address it is OpenAI's server, and some model of theirs."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    provider = LLMProvider.from_settings(load_settings())
    assert provider.base_url == OPENAI_URL
    assert provider.model


@pytest.mark.parametrize("url", ["ftp://x/v1", "127.0.0.1:80", "http://", "file:///etc/passwd", ""])
def test_an_address_that_cannot_be_one(url: str) -> None:
    """Only http and https addresses with a host are taken."""
    with pytest.raises(ValidationError, match="no http"):
        LLMProvider(base_url=url)


def test_a_bad_address_in_the_environment_names_the_variable(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user reads which variable to correct, not a traceback."""
    monkeypatch.setenv("LUTHIER_MODEL_BASE_URL", "localhost")
    with pytest.raises(UsageError) as caught:
        LLMProvider.from_settings(load_settings())
    assert "LUTHIER_MODEL_BASE_URL" in caught.value.advice


def test_the_key_does_not_show() -> None:
    """Neither printing nor dumping the block shows the key."""
    provider = LLMProvider(api_key=SecretStr("sk-secret"))
    assert "sk-secret" not in repr(provider) + str(provider) + provider.model_dump_json()


def test_credentials_in_the_address_do_not_show_in_messages() -> None:
    """The host that messages name comes without a password."""
    assert LLMProvider(base_url="http://me:pw@h:1/v1").host == "h:1"
