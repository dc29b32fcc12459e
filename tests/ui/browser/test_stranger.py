"""A stranger's whole path on the real stack: describe, see, register, run, find the result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.stack]

REQUEST = (
    "every weekday at 7 summarise the last 30 days of the git history of a repository into "
    "digest.md, and tell me if there were no commits"
)
SLOW_MS = 45_000


def describe(page: Page, request: str) -> None:
    box = page.get_by_label("Describe the automation")
    box.fill(request)
    box.press("Control+Enter")
    page.locator(".cm-content").wait_for()


def register(page: Page) -> str:
    """Press the button; return the address that the toast gives."""
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_enabled()
    page.get_by_role("button", name="Register", exact=True).click()
    link = page.get_by_test_id("stToast").get_by_role("link")
    link.wait_for()
    return link.get_attribute("href") or ""


def submit(prefect: Page) -> None:
    prefect.get_by_role("button", name="Submit").click()
    prefect.wait_for_url(re.compile(r"deployments/deployment/[^/]+\?"))


def test_from_a_sentence_to_the_artifact_in_prefect(
    open_builder, open_page, repository: Path, screenshots: Path
) -> None:
    """Typed request, valid definition and picture, registration, Prefect's form, the artifact."""
    page = open_builder()
    page.screenshot(path=screenshots / "opening-light.png")
    describe(page, REQUEST)
    expect(page.locator(".lu-chip.good", has_text="valid")).to_be_visible()
    assert page.locator("svg.dag .step").count() >= 3
    expect(page.locator("svg.dag .starts")).to_contain_text("At 07:00, Monday through Friday")
    expect(page.locator(".cm-content")).to_contain_text("git.log@1")
    url = register(page)
    page.screenshot(path=screenshots / "registered-light.png")

    prefect = open_page(url)
    prefect.get_by_role("button", name="Run", exact=True).click()
    prefect.get_by_text("Custom run").click()
    field = prefect.locator(".schema-form-property", has_text=re.compile(r"^\s*Repo")).last
    field.locator("textarea").fill(str(repository))
    prefect.screenshot(path=screenshots / "prefect-form.png")
    submit(prefect)
    prefect.locator("a[href*='/runs/flow-run/']").first.click()
    expect(prefect.get_by_text("Completed").first).to_be_visible(timeout=SLOW_MS)
    prefect.wait_for_timeout(1500)  # the server writes task runs within a second, and
    prefect.reload()  # its page does not look again after the end
    expect(prefect.get_by_text("3 Task runs")).to_be_visible()
    prefect.get_by_text("Artifacts", exact=True).click()
    digest = prefect.get_by_role("link", name=re.compile("-digest"))
    digest.wait_for()
    prefect.screenshot(path=screenshots / "prefect-run.png")
    digest.click()
    expect(prefect.get_by_text("Inlay the rosette")).to_be_visible()
    prefect.screenshot(path=screenshots / "prefect-artifact.png")


def test_running_from_the_page_shows_steps_and_files(
    open_builder, repository: Path, screenshots: Path
) -> None:
    """The form, the picture coloured by state, the log, the rendered file and its download."""
    page = open_builder()
    describe(page, REQUEST)
    register(page)
    page.get_by_role("button", name="Run it").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Start the run").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Repo must have a value")
    dialog.get_by_role("textbox", name=re.compile("^Repo")).fill(str(repository))
    dialog.get_by_role("button", name="Start the run").click()
    expect(page.locator(".lu-state").first).to_have_text("completed", timeout=SLOW_MS)
    expect(page.locator("svg.dag .is-completed")).to_have_count(2)
    expect(page.locator("svg.dag .is-skipped")).to_have_count(1)
    expect(page.get_by_text("Inlay the rosette")).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("3 commits")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").first.click()
    assert "Carve the neck" in Path(download.value.path()).read_text()
    page.screenshot(path=screenshots / "run-light.png", full_page=True)
    page.get_by_role("link", name="Workflows").first.click()
    expect(page.locator(".lu-title", has_text="ready").first).to_be_visible()
    page.screenshot(path=screenshots / "workflows-light.png")
