"""Settings: everything that the environment can change, in one place."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Luthier's settings, read from ``LUTHIER_*`` variables and a few well-known names."""

    model_config = SettingsConfigDict(env_prefix="LUTHIER_", extra="ignore", frozen=True)

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("luthier"),
        description="Where the private database, logs, blobs and server state live.",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("LUTHIER_DATABASE_URL", "DATABASE_URL"),
        description="A PostgreSQL to use instead of the private one.",
    )
    prefect_api_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("LUTHIER_PREFECT_API_URL", "PREFECT_API_URL"),
        description="A Prefect server to use instead of the stack's own.",
    )
    prefect_port: int = Field(default=4200, description="Wished port of the stack's server.")
    builder_port: int = Field(default=8501, description="Wished port of the builder page.")
    work_pool: str = Field(default="luthier", description="Work pool that runs deployments.")
    blob_url: str | None = Field(
        default=None, description="fsspec URL for blobs; default: `blobs` in the data directory."
    )
    max_attachment_bytes: int = Field(
        default=512 * 1024 * 1024, gt=0, description="Largest file that may be attached."
    )
    model_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("LUTHIER_MODEL_BASE_URL", "OPENAI_BASE_URL"),
        description="An OpenAI-compatible server.",
    )
    model_api_key: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("LUTHIER_MODEL_API_KEY", "OPENAI_API_KEY")
    )
    model: str | None = Field(
        default=None, validation_alias=AliasChoices("AI_MODEL", "LUTHIER_MODEL")
    )
    max_output_tokens: int = Field(
        default=4096, gt=0, validation_alias=AliasChoices("AI_MAX_OUTPUT_TOKENS")
    )
    max_tokens_per_minute: int | None = Field(
        default=None,
        gt=0,
        validation_alias=AliasChoices("AI_MAX_TOKENS_PER_MIN"),
        description="Most tokens a minute of all calls to models together.",
    )
    tenant_tokens_per_minute: int | None = Field(
        default=None,
        gt=0,
        validation_alias=AliasChoices("AI_TENANT_MAX_TOKENS_PER_MIN"),
        description="Most tokens a minute of one tenant's calls to models.",
    )
    model_price_in: float | None = Field(
        default=None,
        ge=0,
        validation_alias=AliasChoices("AI_PRICE_IN_PER_MILLION"),
        description="Price of a million tokens of input, to tell what a plan cost.",
    )
    model_price_out: float | None = Field(
        default=None,
        ge=0,
        validation_alias=AliasChoices("AI_PRICE_OUT_PER_MILLION"),
        description="Price of a million tokens of output.",
    )
    model_timeout_s: float = Field(default=60.0, gt=0)
    repair_rounds: int = Field(
        default=4, ge=1, le=10, description="Most rounds a model gets to mend its draft."
    )
    actor: str | None = Field(default=None, description="Who acts; default: the OS user.")
    tenant: str = Field(default="default", min_length=1, description="For whom actions are done.")
    workspace: str = Field(default="default", min_length=1, description="Where they are done.")
    allow_actions_default: str = Field(
        default="",
        validation_alias=AliasChoices("ALLOW_ACTIONS_DEFAULT", "LUTHIER_ALLOW_ACTIONS_DEFAULT"),
        description="Actions with an outside effect that everybody may do, with commas.",
    )
    policy_file: Path | None = Field(
        default=None, description="Rules for workspaces, actors and recipients: TOML or Cedar."
    )
    response_ttl_s: float = Field(
        default=900.0, ge=0, description="How long the answer to an effect is given again."
    )
    effect_lease_s: float = Field(
        default=30.0, gt=0, description="After which silence the owner of an effect counts as dead."
    )
    effect_settle_s: float = Field(
        default=120.0,
        ge=0,
        description="How long after a doubtful send its absence at the provider proves nothing.",
    )
    sends_per_minute: int = Field(
        default=60, gt=0, description="Most messages a minute that a provider is given."
    )
    jobs_at_once: int = Field(
        default=8, gt=0, description="Most accepted actions that are done at the same time."
    )

    @field_validator("data_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        """Programs that are started elsewhere must find the same folder."""
        return value.expanduser().absolute()

    @property
    def model_configured(self) -> bool:
        """Whether a language model can be called: a key, or a server that needs none."""
        return self.model_api_key is not None or self.model_base_url is not None

    @property
    def run_dir(self) -> Path:
        """Folder of the stack's process state and logs."""
        return self.data_dir / "stack"


def load_settings() -> Settings:
    """Read the settings from the environment, anew at each call."""
    return Settings()
