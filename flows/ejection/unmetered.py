"""Calling a model without Luthier's ledger of tokens.

Ejected workflows carry this module instead of the gate that books every call in the database.
"""

from __future__ import annotations

from prefect_luthier.ai_builder.gate import Gate, open_gate
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.settings import Settings


def ledger_gate(_settings: Settings, _provider: LLMProvider) -> Gate:
    """Return a gate that lets every call pass; the provider's own limits remain."""
    return open_gate
