"""The orchestrator on the real stack: a request, its plan, and the mail that goes out once."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

sys.path.append(str(Path(__file__).parents[2] / "fakes"))

from fault_server import serving
from gmail_server import GmailServer

pytestmark = [pytest.mark.browser, pytest.mark.stack]

SLOW_MS = 120_000  # a worker's process starts before a job does
SAVE_ACCOUNT = """
import sys
from prefect_luthier.blocks.mail_credentials import GmailCredentials
GmailCredentials(
    sender="ada@example.com", client_id="client-1", client_secret="secret-1",
    refresh_token="refresh-1", base_url=sys.argv[1], token_url=sys.argv[1] + "/token", timeout_s=30,
).save("default", overwrite=True)
"""


@pytest.fixture
def gmail(stack) -> Iterator[GmailServer]:
    """Play Gmail, with an account on the stack."""
    with serving(GmailServer()) as server:
        subprocess.run(
            [sys.executable, "-c", SAVE_ACCOUNT, server.url],
            env=stack.environment | {"PREFECT_API_URL": stack.prefect_api_url},
            check=True,
            timeout=120,
        )
        yield server


def plan(page: Page, request: str) -> None:
    page.get_by_label("What shall be done?").fill(request)
    page.get_by_role("button", name="Plan", exact=True).click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_request_becomes_one_mail(
    open_builder, gmail: GmailServer, screenshots: Path, scheme: str
) -> None:
    """Ask, answer what is asked back, edit, see what is permitted, do it, watch it complete."""
    page = open_builder(scheme=scheme)
    page.get_by_role("link", name="Orchestrator").first.click()
    page.get_by_role("heading", name="Orchestrator").wait_for()
    plan(page, 'email john@example.com with gmail saying "Thanks for the meeting"')
    page.get_by_label("Your answer").fill(f'subject "Thanks, {scheme}"')
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("heading", name="Send email").wait_for()
    expect(page.locator(".lu-verdicts")).to_contain_text("permitted")
    page.get_by_label("Text", exact=True).fill("Thank you for the meeting.")
    page.get_by_label("Text", exact=True).press("Tab")
    page.screenshot(path=screenshots / f"orchestrator-plan-{scheme}.png", full_page=True)
    page.get_by_role("button", name="Do it").click()
    job = page.locator("[class*='st-key-job_card']").filter(has_text=f"Thanks, {scheme}")
    expect(job.get_by_text("completed")).to_be_visible(timeout=SLOW_MS)
    expect(job.get_by_role("link", name="open in Prefect")).to_have_attribute(
        "href", re.compile(r"/runs/flow-run/")
    )
    page.screenshot(path=screenshots / f"orchestrator-done-{scheme}.png", full_page=True)
    assert len(gmail.messages) == 1
