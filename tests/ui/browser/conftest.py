"""A real stack and a real browser, each started once for all browser tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

ROOT = Path(__file__).parents[3]
LUTHIER = [sys.executable, "-m", "prefect_luthier.ui.cli.main"]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 120_000  # a machine that does much else; nothing waits longer than it must
INSTALL = "install it (Debian: apt install chromium), or set LUTHIER_TEST_CHROMIUM to its path"


@dataclass(frozen=True)
class Stack:
    """A running stack: its data directory, environment and addresses."""

    data_dir: Path
    environment: dict[str, str]
    builder_url: str
    prefect_ui_url: str
    prefect_api_url: str


def clean(**added: str) -> dict[str, str]:
    """Return the environment without what would lead to another stack, server or model."""
    prefixes = ("LUTHIER_", "PREFECT_", "OPENAI_", "AI_", "ALLOW_ACTIONS", "STREAMLIT_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    kept.pop("DATABASE_URL", None)
    return kept | added


def luthier(stack_environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [*LUTHIER, *arguments, "--json"],
        env=stack_environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.fixture(scope="session")
def stack(screenshots: Path, free_port: Callable[[], int]) -> Iterator[Stack]:
    """Start everything with `luthier up` on a new data directory and free ports."""
    folder = Path(tempfile.mkdtemp(prefix="luthier-"))  # short: it holds the database's socket
    environment = clean(
        LUTHIER_DATA_DIR=str(folder / "data"),
        LUTHIER_PREFECT_PORT=str(free_port()),
        LUTHIER_BUILDER_PORT=str(free_port()),
        LUTHIER_ACTOR="Ada",
        ALLOW_ACTIONS_DEFAULT="gmail.send",
    )
    try:
        luthier(environment, "up", "--detach")
        status = luthier(environment, "status")
        yield Stack(
            folder / "data",
            environment,
            status["builder_url"],
            status["prefect_ui_url"],
            status["prefect_api_url"],
        )
    finally:
        subprocess.run([*LUTHIER, "down"], env=environment, timeout=60, check=False)
        logs = screenshots / "logs"
        shutil.rmtree(logs, ignore_errors=True)
        shutil.copytree(folder / "data" / "stack" / "logs", logs, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Give the path of Chromium; without one the browser tests are skipped."""
    named = os.environ.get("LUTHIER_TEST_CHROMIUM")
    found = named or next(
        (
            path
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (path := shutil.which(name))
        ),
        None,
    )
    if not found or not Path(found).exists():
        pytest.skip(f"no Chromium here: {INSTALL}")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Give one browser for the session."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, headless=True, args=QUIET)
        yield started
        started.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Give the folder for screenshots."""
    folder = Path(os.environ.get("LUTHIER_SCREENSHOTS", ROOT / "tests" / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


OpenPage = Callable[..., Page]


def _print_failure(response: Response) -> None:
    """Print requests that failed; pytest shows it when the test fails."""
    if response.status >= httpx.codes.BAD_REQUEST:
        print(response.status, response.request.method, response.url)  # noqa: T201


@pytest.fixture
def open_page(
    browser: Browser, screenshots: Path, request: pytest.FixtureRequest
) -> Iterator[OpenPage]:
    """Give a function that opens a page in a context of its own."""
    contexts = []

    def opened(url: str, *, scheme: str = "light", width: int = 1440, height: int = 900) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("response", _print_failure)
        page.goto(url)
        return page

    yield opened
    for number, context in enumerate(contexts):
        context.pages[0].screenshot(path=screenshots / f"last-{request.node.name}-{number}.png")
        context.close()


@pytest.fixture
def open_builder(open_page: OpenPage, stack: Stack) -> Iterator[OpenPage]:
    """Give a function that opens the builder; whatever breaks in its page fails the test."""
    broken: list[str] = []

    def opened(url: str | None = None, **options: Any) -> Page:
        page = open_page(url or stack.builder_url, **options)
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.get_by_role("heading", name="What should run for you?").wait_for()
        return page

    yield opened
    assert broken == []


@pytest.fixture
def builder_with(stack: Stack, free_port: Callable[[], int]) -> Iterator[Callable[..., str]]:
    """Give a function that starts another builder on the stack, with more settings."""
    with ExitStack() as running:
        yield lambda **environment: running.enter_context(_builder(stack, environment, free_port()))


@contextmanager
def _builder(stack: Stack, environment: dict[str, str], port: int) -> Iterator[str]:
    app = ROOT / "ui" / "builder" / "app.py"
    options = (
        "--server.port",
        str(port),
        "--server.address",
        "127.0.0.1",
        "--server.headless",
        "true",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(app), *options],
        env=stack.environment | {"PREFECT_API_URL": stack.prefect_api_url} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(f"http://127.0.0.1:{port}/_stcore/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(url: str, patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"{url} does not answer")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a real git repository with three commits."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run([*git, "init", "-q"], check=True)
    for number, subject in enumerate(("Carve the neck", "Bend the sides", "Inlay the rosette")):
        (folder / f"part{number}.txt").write_text(subject)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "-q", "-m", subject], check=True)
    return folder
