"""How to reach a language model."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlsplit

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator

from prefect_luthier.errors import UsageError
from prefect_luthier.settings import Settings

OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-4.1-mini"

_REPOSITORY = "https://raw.githubusercontent.com/prefect-luthier/prefect-luthier/main"


class LLMProvider(Block):
    """A language model behind an OpenAI-compatible server.

    Example:
        Load a configured provider:
        ```python
        from prefect_luthier.blocks.llm_provider import LLMProvider

        provider = LLMProvider.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "LLM Provider"
    _block_type_slug = "llm-provider"
    _logo_url: ClassVar[Any] = HttpUrl(f"{_REPOSITORY}/docs/images/luthier.png")
    _documentation_url: ClassVar[Any] = HttpUrl(
        "https://github.com/prefect-luthier/prefect-luthier/blob/main"
        "/docs/reference/prompt-format.md"
    )

    base_url: str = Field(
        default=OPENAI_URL, description="Address of the server, with its version path."
    )
    api_key: SecretStr | None = Field(
        default=None, description="Key of the server; a local server often needs none."
    )
    model: str = Field(
        default=DEFAULT_MODEL, min_length=1, description="Name of the model, as the server has it."
    )
    max_output_tokens: int = Field(
        default=4096, gt=0, description="Most tokens that one answer may have."
    )
    tokens_per_minute: int | None = Field(
        default=None,
        gt=0,
        description="Most tokens a minute, prompts and answers, of all processes together.",
    )
    timeout: float = Field(
        default=60.0, gt=0, description="Seconds that one call may take from start to end."
    )

    @field_validator("base_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url!r} is no http:// or https:// address of a server")
        return url.rstrip("/")

    @property
    def host(self) -> str:
        """The server's host and port, for messages."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @classmethod
    def from_settings(cls, settings: Settings) -> LLMProvider:
        """Return the provider that the environment describes.

        Raises:
            UsageError: The address of the server cannot be one.
        """
        try:
            return cls(
                base_url=settings.model_base_url or OPENAI_URL,
                api_key=settings.model_api_key,
                model=settings.model or DEFAULT_MODEL,
                max_output_tokens=settings.max_output_tokens,
                timeout=settings.model_timeout_s,
            )
        except ValidationError as error:
            raise UsageError(
                "bad-model-settings",
                f"the language model's settings are wrong: {error.errors()[0]['msg']}.",
                "Correct LUTHIER_MODEL_BASE_URL (or OPENAI_BASE_URL).",
            ) from error
