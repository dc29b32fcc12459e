"""The blocks that Prefect registers when it finds this package."""

from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.blocks.mail_credentials import (
    GmailCredentials,
    OutlookCredentials,
    SmtpCredentials,
)

__all__ = ["GmailCredentials", "LLMProvider", "OutlookCredentials", "SmtpCredentials"]
