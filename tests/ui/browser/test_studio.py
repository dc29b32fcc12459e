"""The studio on the real stack: from wishes to a verified program, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Error, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.stack]

SLOW_MS = 90_000  # a worker's process starts before a search does


def open_studio(page: Page) -> None:
    page.get_by_role("link", name="Rosette studio").first.click()
    page.get_by_role("heading", name="Rosette studio").wait_for()
    page.get_by_role("spinbutton", name="Feed, mm/min").wait_for()


def step(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).click()


def number(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label)
    field.fill(value)
    field.press("Tab")


def downloaded(page: Page, button: Locator) -> str:
    """Return the text of a download; a click on a page that renders anew meanwhile may be lost."""
    for _ in range(3):
        try:
            with page.expect_download(timeout=20_000) as download:
                button.click()
        except Error:
            continue
        return Path(download.value.path()).read_text()
    raise AssertionError("three clicks, and no download")


def score(page: Page) -> float:
    return float(page.locator(".st-score").inner_text())


def test_from_wishes_to_a_verified_program(open_builder, screenshots: Path) -> None:
    """Search, what-if, decision on record, approval, toolpaths, and the program downloaded."""
    page = open_builder()
    open_studio(page)
    page.screenshot(path=screenshots / "studio-opening.png")
    page.get_by_role("button", name="Search for a design").click()
    number(page, "Attempts", "60")
    number(page, "Wanted score", "99")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text(re.compile(r"60 of 60 attempts"))).to_be_visible(timeout=SLOW_MS)
    expect(page.locator("svg.rosette [data-ring]").first).to_be_visible()
    expect(page.locator(".figure svg .best")).to_have_count(1)
    page.screenshot(path=screenshots / "studio-search.png")

    page.get_by_role("button", name="Change the rings").click()
    depth = page.get_by_role("slider", name="Channel depth, mm")
    before = score(page)
    depth.focus()
    depth.press("ArrowRight")
    expect(page.locator(".st-verdict .change")).to_contain_text("by your changes")
    assert score(page) < before
    page.locator("svg.rosette [data-ring='1']").press("Enter")
    expect(page.get_by_text("Ring 2", exact=True)).to_be_visible()
    page.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()
    page.screenshot(path=screenshots / "studio-rings.png")
    page.get_by_role("button", name="Undo all changes").click()
    expect(page.locator(".st-verdict .change")).to_have_count(0)
    assert score(page) == before

    step(page, "Decision")
    page.get_by_role("textbox", name="Name", exact=True).fill("Rosette for Mrs Garcia")
    page.get_by_role("button", name="Hand in for a decision").click()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".lu-chip", has_text="approved")).to_be_visible()
    page.screenshot(path=screenshots / "studio-decision.png")

    page.get_by_role("button", name="On to the toolpaths").click()
    expect(page.locator("svg.toolpath path[data-level]").first).to_be_attached()
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Make the files").click()
    program = page.get_by_role("button", name="Program")
    program.wait_for()
    page.screenshot(path=screenshots / "studio-toolpaths.png")
    text = downloaded(page, program)
    assert {"G21", "G90", "G17", "G94"} <= set(text.split())


def test_its_address_can_be_opened_first(
    builder_with: Callable[..., str], open_page: Callable[..., Page]
) -> None:
    """On a server that nobody has visited yet, a link leads to the studio, not to an error."""
    page = open_page(f"{builder_with()}/studio")
    page.get_by_role("heading", name="Rosette studio").wait_for()
    page.get_by_role("spinbutton", name="Feed, mm/min").wait_for()
    expect(page.get_by_text("Page not found")).to_have_count(0)


def test_a_design_that_cannot_be_made_says_why_and_is_not_released(
    open_builder, screenshots: Path
) -> None:
    """Deeper than the top is thick: outlined, blocked on record, and only others may accept it."""
    page = open_builder(scheme="dark", width=900)
    open_studio(page)
    number(page, "Thickness, mm", "1.2")
    page.get_by_role("button", name="Herringbone for an OM").click()
    expect(page.locator(".st-verdict.bad")).to_contain_text("blocked")
    expect(page.locator(".st-violation.red").first).to_contain_text("FLOOR")
    page.screenshot(path=screenshots / "studio-blocked-dark.png")
    step(page, "Decision")
    page.get_by_role("button", name="Hand in for a decision").click()
    expect(page.locator(".lu-chip.bad", has_text="rejected")).to_be_visible()
    page.get_by_role("button", name="Accept anyway").click()
    expect(page.get_by_role("alert")).to_contain_text("reason")
    page.get_by_role("textbox", name="Reason").fill("the top gets a brace of two millimetres")
    page.get_by_role("textbox", name="Reason").press("Tab")
    page.get_by_role("button", name="Accept anyway").click()
    expect(page.get_by_role("alert")).to_contain_text("somebody else")
    step(page, "Toolpaths")
    expect(page.get_by_text("The engine blocks this design")).to_be_visible()
    expect(page.get_by_role("button", name="Make the files")).to_have_count(0)
