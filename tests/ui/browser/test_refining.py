"""Refining with a scripted model, mending by one click, working without a mouse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.stack]

FOCUSED = """() => { let e = document.activeElement;
    while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return [e?.tagName, e?.getAttribute('aria-label'), e?.innerText].join(' '); }"""


def step(name: str, uses: str, needs: list[str], **inputs: Any) -> dict[str, Any]:
    pairs = [{"name": key, "value": value} for key, value in inputs.items()]
    return {"id": name, "uses": uses, "needs": needs, "inputs": pairs}


REPO = {"name": "repo", "type": "path", "required": True}
HISTORY = step("history", "git.log@1", [], repository="${{ params.repo }}")
REPORT = step(
    "report", "file.write@1", ["history"], path="digest.md",
    content="${{ steps.history.outputs.summary }}",
)  # fmt: skip
PING = step("ping", "http.request@1", ["report"], url="https://example.com/done")


def workflow(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"answer": {"workflow": {"id": "digest", "parameters": [REPO], "steps": list(steps)}}}


SCRIPT = (
    workflow(HISTORY | {"uses": "git.logs@1"}, REPORT),
    workflow(HISTORY | {"needs": ["report"]}, REPORT) | {"expect": "git.log@1"},
    {"raw": '{"workflow": {"id": ', "expect": "cycle"},
    workflow(HISTORY, REPORT),
    {"answer": {"changes": [{"change": "set-step", "step": PING, "after": "report"}]}},
)


def ask(page: Page, request: str) -> None:
    turns = page.locator(".lu-provenance").count()
    page.get_by_test_id("stChatInputTextArea").fill(request)
    page.keyboard.press("Enter")
    expect(page.locator(".lu-provenance")).to_have_count(turns + 1)


def type_at_end(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(text)


def test_a_model_is_repaired_then_refined_then_mended_by_hand(
    open_builder, builder_with, model_server, screenshots: Path
) -> None:
    """Repair rounds are shown; a change shows its diff and asks for a permission; fixes fix."""
    server = model_server(*SCRIPT)
    page = open_builder(builder_with(OPENAI_BASE_URL=server.url, AI_MODEL="scripted"))
    page.get_by_label("Describe the automation").fill("a digest of my repository in digest.md")
    page.get_by_role("button", name="Draft the workflow").click()
    expect(page.locator(".lu-provenance")).to_contain_text("model scripted")
    expect(page.locator(".lu-provenance")).to_contain_text("4 rounds")
    expect(page.locator(".lu-provenance")).to_contain_text("400 + 80 tokens")

    ask(page, "then call https://example.com/done")
    expect(page.locator(".lu-answer").last).to_have_text("Added step ping.")
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_disabled()
    expect(page.get_by_text("It now asks for more")).to_be_visible()
    page.get_by_role("tab", name="Changes").click()
    added = page.locator(".lu-diff tr.added")
    expect(added.filter(has_text="[steps.ping]")).to_be_visible()
    expect(page.locator(".lu-diff tr.removed")).to_have_count(0)
    page.screenshot(path=screenshots / "changes-light.png")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_enabled()

    page.get_by_role("tab", name="Definition").click()
    type_at_end(page, '\n[steps.extra]\nrun = "true"\nneeds = ["histroy"]\ntimout = "5s"\n')
    expect(page.locator(".cm-lintRange-error")).to_have_count(2)
    expect(page.get_by_role("button", name="Register", exact=True)).to_be_disabled()
    page.locator(".cm-lintRange-error").first.hover()
    expect(page.locator(".cm-tooltip")).to_contain_text("histroy")
    page.screenshot(path=screenshots / "findings-light.png")
    page.get_by_role("button", name="Apply all 2 fixes").click()
    expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    expect(page.locator(".cm-content")).to_contain_text('timeout = "5s"')
    expect(page.locator("svg.dag .step")).to_have_count(4)
    assert "[steps.history]" in page.locator(".cm-content").inner_text()


def tab_until(page: Page, wanted: str, at_most: int = 60) -> None:
    """Press Tab until the focus is on something whose description matches."""
    for _ in range(at_most):
        page.keyboard.press("Tab")
        if re.search(wanted, page.evaluate(FOCUSED)):
            return
    pytest.fail(f"{wanted!r} is not reached by {at_most} presses of Tab")


def test_everything_is_reached_without_a_mouse(open_builder, screenshots: Path) -> None:
    """Describe, edit, leave the editor, look at a step, register: with the keyboard alone."""
    page = open_builder(scheme="dark")
    page.screenshot(path=screenshots / "opening-dark.png")
    tab_until(page, "Describe the automation")
    page.keyboard.type("every hour write the text hello to hello.txt")
    page.keyboard.press("Control+Enter")
    page.locator(".cm-content").wait_for()
    tab_until(page, "^g.*step |step ")
    page.keyboard.press("Enter")
    expect(page.locator(".cm-editor.cm-focused")).to_be_visible()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# by hand")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.locator(".cm-editor.cm-focused")).to_have_count(0)
    expect(page.locator(".cm-content")).to_contain_text("# by hand")
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        if "Register" in page.evaluate(FOCUSED):
            break
    page.keyboard.press("Enter")
    page.get_by_test_id("stToast").wait_for()
    page.screenshot(path=screenshots / "registered-dark.png")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_wide_and_narrow_screens(open_builder, screenshots: Path, scheme: str) -> None:
    """Nothing sticks out to the side, and the colours follow the system's."""
    page = open_builder(scheme=scheme)
    page.get_by_role("button", name="every weekday at 7").click()
    page.locator("svg.dag").wait_for()
    page.locator(".cm-content").wait_for()
    background = page.locator(".stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    is_light = sum(map(int, re.findall(r"\d+", background)[:3])) > 3 * 128
    assert is_light == (scheme == "light")
    for width in (1440, 1024, 480):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("document.body.scrollWidth <= window.innerWidth")
        expect(page.locator("svg.dag")).to_be_visible()
        page.wait_for_timeout(400)  # the layout's own transition
        page.screenshot(path=screenshots / f"builder-{scheme}-{width}.png")
