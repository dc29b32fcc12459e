"""The page on mail shows policies, accounts and steps that work."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from prefect_luthier.blocks.mail_credentials import SmtpCredentials
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import validate
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.actions.mail_inputs import MailInputs, MailOutputs
from prefect_luthier.policy import PolicyRequest
from prefect_luthier.policy_rules import PolicyFile, policy_of

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "send-mail.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_policy_says_what_the_page_says() -> None:
    """Operators may mail customers, nobody may mail competitors, SMTP is open to Ann only."""
    policy = policy_of((), PolicyFile.model_validate(tomllib.loads(blocks("toml")[0])))

    def allows(action: str, actor: str, recipient: str) -> bool:
        asked = PolicyRequest(action, actor, "operations", recipients=(recipient,))
        return policy.decide(asked).allowed

    assert allows("gmail.send", "bob", "x@customer.example")
    assert not allows("gmail.send", "bob", "x@elsewhere.example")
    assert not allows("gmail.send", "bob", "x@competitor.example")
    assert not allows("smtp.send", "bob", "x@example.com")
    let_in = [n for n in range(400) if allows("outlook.send", f"user{n}", "x@example.com")]
    assert 60 < len(let_in) < 140


def test_the_workflow_is_valid() -> None:
    """The step with `gmail.send` has no finding."""
    environment = Environment(has_command=lambda _: True, has_model=False)
    report = validate(Source.from_text(blocks("toml")[1]), installed_catalog(), environment)
    assert report.ok, report.diagnostics


def test_the_account_is_one() -> None:
    """The Python block makes credentials."""
    text = blocks("python")[0].replace('.save("default")', "")
    assert isinstance(eval(text.partition("\n\n")[2], {"SmtpCredentials": SmtpCredentials}), object)


def test_the_reference_lists_every_input_and_output() -> None:
    """No field of the mail actions is left out."""
    text = (DOCS / "reference" / "actions" / "mail.md").read_text()
    fields = [*MailInputs.model_fields, *MailOutputs.model_fields]
    assert [name for name in fields if f"`{name}`" not in text] == []
