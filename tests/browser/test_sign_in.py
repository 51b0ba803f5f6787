"""Signing in where something is in the way: cookies that do not hold, a password that somebody else has set."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from downloads_app.config import current_settings
from downloads_app.services.accounts import users
from tests.browser.conftest import LAN_HOST
from tests.browser.profiles import sign_in
from tests.browser.stack import PASSWORD, Stack
from tests.support.server import Server


def try_to_sign_in(page: Page, password: str = PASSWORD) -> None:
    page.fill("#username", "alice")
    page.fill("#password", password)
    page.keyboard.press("Enter")


def test_the_page_tells_when_cookies_did_not_hold_and_what_to_set(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context().new_page()
    page.goto(f"http://{LAN_HOST}:{stack.proxy.port}")
    try_to_sign_in(page)
    expect(page.locator("#sign-in-error")).to_contain_text("The password is right")
    expect(page.locator("#sign-in-error")).to_contain_text("COOKIE_SECURE=false")
    try_to_sign_in(page, "wrong")
    expect(page.locator("#sign-in-error")).to_have_text("Wrong user name or password")


def test_with_cookie_secure_false_plain_http_in_a_lan_signs_in(
    stack: Stack, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    instance = Path(stack.server.env["INSTANCE_DIR"])
    server = Server(stack.server.env["DATABASE_URL"], instance, cookie_secure="false")
    server.start()
    try:
        page = new_context().new_page()
        page.goto(f"http://{LAN_HOST}:{server.port}")
        sign_in(page, "alice")
        page.reload()
        page.wait_for_selector("#board:not([hidden])")
    finally:
        server.stop()


def test_a_password_that_an_admin_has_set_is_changed_first(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    with stack.app.app_context():
        due = users.create_user(current_settings().downloads_dir, "due", "given by the admin")
        users.set_password_hash(due.id, due.password_hash, must_change=True)
    page = new_context().new_page()
    page.goto(stack.proxy.url)
    page.fill("#username", "due")
    page.fill("#password", "given by the admin")
    page.keyboard.press("Enter")
    form = page.locator("#new-password")
    expect(form).to_be_visible()
    expect(page.locator("#board")).to_be_hidden()
    for current, chosen, told in (
        ("given by the admin", "password123", "common"),
        ("not the one given", "known to nobody else", "current password is wrong"),
    ):
        page.fill("#current", current)
        page.fill("#chosen", chosen)
        page.keyboard.press("Enter")
        expect(page.locator("#new-password-error")).to_contain_text(told)
    page.fill("#current", "given by the admin")
    page.keyboard.press("Enter")
    page.wait_for_selector("#board:not([hidden])")
    expect(form).to_be_hidden()
