"""The blocks that Prefect registers when it finds this package."""

from prefect_luthier.blocks.llm_provider import LLMProvider

__all__ = ["LLMProvider"]
