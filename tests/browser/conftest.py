"""Debian's Chromium, the stack behind the page, and signed-in pages of it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.browser.stack import PASSWORD, Stack, run_stack

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 60_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="module")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright for one file: a process can have one at a time, and other files start their own."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(playwright_driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium without a screen."""
    browser = playwright_driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def stack(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Stack]:
    """One stack for all tests of the page."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copy(sqlite_template, folder / "stack.sqlite3")
    with run_stack(f"sqlite:///{folder / 'stack.sqlite3'}", folder, password_hash) as running:
        yield running


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser profile of its own; a page that raises an error fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_one(**options: Any) -> BrowserContext:
        context = chromium.new_context(ignore_https_errors=True, **options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on("console", lambda line: _note(faults, line.text))
        contexts.append(context)
        return context

    yield open_one
    for context in contexts:
        context.close()
    assert faults == []


def _note(faults: list[str], text: str) -> None:
    """A refused request is part of many tests; a broken policy never is."""
    if "Content Security Policy" in text or "TrustedHTML" in text:
        faults.append(text)


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext], stack: Stack) -> Callable[..., Page]:
    """Open the page as a user, in a browser profile of its own."""

    def open_one(username: str, url: str | None = None, **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(url or stack.proxy.url)
        sign_in(page, username)
        return page

    return open_one


def sign_in(page: Page, username: str) -> None:
    """Fill the form and send it."""
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#views:not([hidden])")
