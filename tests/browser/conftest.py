"""Debian's Chromium, the stack behind the page, and signed-in pages of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.accounts import users
from tests.browser.models import models_hub
from tests.browser.profiles import PATIENCE_MILLISECONDS, Profiles, SignIns
from tests.browser.stack import Stack, run_stack
from tests.support.hub import Hub

CHROMIUM = shutil.which(os.environ.get("CHROMIUM", "chromium-headless-shell"))
"""The same Chromium without the browser's own windows, which take most of its time; `make test-scale` has them too."""
LAN_HOST = "downloads.lan"
"""A machine of the local network, by plain HTTP; on loopback cookies need not be `Secure`. It is this one."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {LAN_HOST} 127.0.0.1",
]
expect.set_options(timeout=PATIENCE_MILLISECONDS)


@pytest.fixture(scope="package")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright for this folder's files: a process can have one at a time, and files elsewhere start their own."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="module")
def own_user(request: pytest.FixtureRequest, stack: Stack, password_hash: str) -> Iterator[str]:
    """A user of the file's alone: what others do to the shared ones is not counted here, and hers is not there."""
    name = f"of-{request.path.stem.removeprefix('test_').replace('_', '-')}"
    with stack.app.app_context():
        users.add_user(current_settings().downloads_dir, name, password_hash, False)
        db.session.remove()
    yield name
    with stack.app.app_context():
        users.delete_user(users.find_user(name))
        db.session.remove()


@pytest.fixture(scope="module")
def hub(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub that can be searched, as a second provider."""
    with models_hub(stack, tmp_path_factory.mktemp("models")) as running:
        yield running


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Open a browser profile of its own; a page that raises an error fails the test."""
    with Profiles(chromium) as profiles:
        yield profiles.open


@pytest.fixture(scope="package")
def sign_ins() -> SignIns:
    """What browsers keep of those who have signed in."""
    return SignIns()


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext], stack: Stack, sign_ins: SignIns) -> Callable[..., Page]:
    """Open the page as a user, in a browser profile of its own."""

    def open_one(username: str, url: str | None = None, **options: Any) -> Page:
        page = new_context(**options).new_page()
        sign_ins.open(page, username, url or stack.proxy.url)
        return page

    return open_one


@pytest.fixture(scope="module")
def lasting_page(chromium: Browser, stack: Stack, sign_ins: SignIns) -> Iterator[Callable[..., Page]]:
    """Open the page as a user once for all tests of a file, in a browser profile of its own."""
    with Profiles(chromium) as profiles:

        def open_one(username: str, url: str | None = None, **options: Any) -> Page:
            page = profiles.open(**options).new_page()
            sign_ins.open(page, username, url or stack.proxy.url)
            return page

        yield open_one
