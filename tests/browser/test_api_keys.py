"""API keys on the page: made, shown once, tried with the line that is offered, revoked."""

import shlex
import subprocess
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.keyboard import enter, tab_to, write
from tests.browser.settings import expect_no_overflow, expect_no_violations_in_any_mode, show
from tests.browser.stack import Stack

HOSTILE = "<b>bold</b> \u05d0\u05d1\u05d2 " + "x" * 60


@pytest.fixture(scope="module")
def bruno_page(lasting_page: Callable[..., Page]) -> Page:
    """Bruno's page, which may use the clipboard."""
    page = lasting_page("bruno")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


@pytest.fixture
def keys_page(stack: Stack, bruno_page: Page) -> Page:
    """The view of one's keys."""
    show(bruno_page, stack.proxy.url, "account/keys")
    return bruno_page


def make_key(page: Page, name: str) -> tuple[str, str]:
    """Make a key with the keyboard; return it and the line to try it."""
    write(page, "Name of the key", name)
    page.keyboard.press("Enter")
    shown = page.locator(".once code")
    expect(page.locator(".once")).to_be_focused()
    return shown.first.inner_text(), shown.nth(1).inner_text()


def test_a_key_is_made_tried_and_revoked_by_keyboard(stack: Stack, keys_page: Page) -> None:
    page = keys_page
    key, line = make_key(page, HOSTILE)
    assert key.startswith("dla_")
    expect_no_violations_in_any_mode(page)
    expect_no_overflow(page)
    enter(page, "Copy: Key")
    expect(page.get_by_role("button", name="Copy: Key")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == key
    assert try_line(line) == 0
    enter(page, "I have kept it")
    entry = page.locator(".entry", has_text="<b>bold</b>")
    expect(entry).to_contain_text("Read")
    assert key not in page.content()
    expect_no_violations_in_any_mode(page)
    expect_no_overflow(page)
    tab_to(page, "Revoke the key")
    page.keyboard.press("Enter")
    enter(page, "Revoke")
    expect(entry).to_have_count(0)
    assert try_line(line) != 0


def try_line(line: str) -> int:
    """Run the line that the page offers; curl says by its exit code whether the server refused."""
    return subprocess.run([*shlex.split(line), "--fail", "--silent"], capture_output=True, check=False).returncode


def test_a_key_is_gone_from_the_page_when_one_has_left_it(stack: Stack, keys_page: Page) -> None:
    key, _ = make_key(keys_page, "left alone")
    keys_page.goto("about:blank")
    keys_page.go_back()
    expect(keys_page.get_by_role("heading", name="API keys")).to_be_visible()
    assert key not in keys_page.content()
    key, _ = make_key(keys_page, "left by a link")
    keys_page.get_by_role("link", name="Usage").press("Enter")
    keys_page.go_back()
    expect(keys_page.locator(".entry", has_text="left by a link")).to_be_visible()
    assert key not in keys_page.content()


def test_a_key_that_may_do_nothing_is_not_made(keys_page: Page) -> None:
    keys_page.get_by_label("Name of the key").fill("nothing")
    tab_to(keys_page, "Read")
    keys_page.keyboard.press("Space")
    enter(keys_page, "Make the key")
    expect(keys_page.get_by_role("alert")).to_contain_text("at least one thing")
