"""One's own account: password, sign-ins, usage, by keyboard alone; and a session that ends meanwhile."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.keyboard import enter, tab_to, write
from tests.browser.profiles import sign_in
from tests.browser.settings import MOST_SHIFT, WATCH_SHIFTS, expect_no_overflow, expect_no_violations_in_any_mode, show
from tests.browser.stack import PASSWORD, Stack

ADDRESSES = ["account", "account/password", "account/sign-ins", "account/keys"]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
HOSTILE = "<img src=x onerror=alert(1)> \u202eABC\u202c " + "x" * 150
ANOTHER = "quite another horse battery"
ASKS_AT_ONCE = "(button) => { button.focus(); button.click(); return document.querySelector('dialog').open; }"


@pytest.fixture(scope="module")
def own_page(own_user: str, lasting_page: Callable[..., Page]) -> Page:
    """The page, signed in as her."""
    return lasting_page(own_user)


def test_every_view_is_accessible_and_fits_every_screen(stack: Stack, own_page: Page) -> None:
    for path in ADDRESSES:
        show(own_page, stack.proxy.url, path)
        expect_no_violations_in_any_mode(own_page)
        expect_no_overflow(own_page)


def test_the_views_are_reached_by_keyboard_and_survive_reload_and_back(
    stack: Stack, own_user: str, own_page: Page
) -> None:
    enter(own_page, own_user)
    expect(own_page.get_by_role("heading", name="Usage")).to_be_visible()
    enter(own_page, "Sign-ins")
    expect(own_page).to_have_url(f"{stack.proxy.url}/account/sign-ins")
    expect(own_page.get_by_role("link", name="Sign-ins")).to_be_focused()
    own_page.reload()
    expect(own_page.get_by_role("heading", name="Sign-ins")).to_be_visible()
    own_page.go_back()
    expect(own_page.get_by_role("heading", name="Usage")).to_be_visible()
    expect(own_page.locator(".usage")).to_contain_text("without a quota")


def test_a_password_is_changed_with_the_keyboard_and_leaves_nothing_behind(
    stack: Stack, own_user: str, own_page: Page
) -> None:
    page = own_page
    enter(page, own_user)
    enter(page, "Password")
    expect(page.get_by_role("heading", name="Password")).to_be_visible()
    for current, chosen, repeated, told in (
        ("wrong wrong wrong", ANOTHER, ANOTHER, "The current password is wrong. An admin can help."),
        (PASSWORD, ANOTHER, "something else here", "The two new passwords differ"),
        (PASSWORD, "password12345", "password12345", "common"),
    ):
        change_password(page, current, chosen, repeated)
        expect(page.get_by_role("alert")).to_contain_text(told)
    change_password(page, PASSWORD, ANOTHER, ANOTHER)
    expect(page.locator(".notice.good")).to_contain_text("The password is changed")
    assert set(page.locator("input[type=password]").evaluate_all("all => all.map((one) => one.value)")) == {""}
    assert ANOTHER not in page.content()
    expect(page.locator("#sign-in")).to_be_hidden()
    change_password(page, ANOTHER, PASSWORD, PASSWORD)
    expect(page.locator(".notice.good")).to_be_visible()


def change_password(page: Page, *values: str) -> None:
    for label, value in zip(("Current password", "New password", "New password again"), values, strict=True):
        write(page, label, value)
    enter(page, "Change password")
    expect(page.locator(".part button[aria-busy=true]")).to_have_count(0)


def test_one_sees_where_one_is_signed_in_and_ends_one_or_all_others(
    stack: Stack, own_user: str, own_page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    others = []
    for agent in (FIREFOX, HOSTILE.encode("ascii", "ignore").decode(), "curl/8"):
        other = new_context(user_agent=agent).new_page()
        other.goto(stack.proxy.url)
        sign_in(other, own_user)
        others.append(other)
    page = own_page
    show(page, stack.proxy.url, "account/sign-ins")
    firefox = page.locator(".entry", has_text="Firefox, Linux")
    expect(page.locator(".entry", has_text="<img src=x onerror")).to_have_count(1)
    expect(page.locator(".entry", has_text="This one")).to_have_count(1)
    expect_no_overflow(page)
    tab_to(page, "End the sign-in of Firefox, Linux")
    page.keyboard.press("Enter")
    expect(firefox).to_have_count(0)
    expect(others[0].locator("#sign-in-reason")).to_contain_text("Your session has ended")
    assert page.get_by_role("button", name="End all others").evaluate(ASKS_AT_ONCE)
    expect_no_violations_in_any_mode(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="End all others")).to_be_focused()
    page.keyboard.press("Enter")
    enter(page, "End all others")
    expect(page.locator(".entry")).to_have_count(1)
    for other in others[1:]:
        expect(other.locator("#sign-in")).to_be_visible()


def test_rows_that_come_and_go_shift_nothing(
    stack: Stack, own_user: str, own_page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    show(own_page, stack.proxy.url, "account/sign-ins")
    own_page.evaluate(WATCH_SHIFTS)
    before = own_page.locator(".entry").count()
    for _ in range(2):
        other = new_context().new_page()
        other.goto(stack.proxy.url)
        sign_in(other, own_user)
    own_page.get_by_role("link", name="Usage").click()
    own_page.get_by_role("link", name="Sign-ins").click()
    expect(own_page.locator(".entry")).to_have_count(before + 2)
    assert own_page.evaluate("window.shifted") <= MOST_SHIFT


def test_a_session_that_ends_meanwhile_asks_to_sign_in_and_comes_back_to_the_view(
    stack: Stack, own_user: str, own_page: Page
) -> None:
    show(own_page, stack.proxy.url, "account/sign-ins")
    own_page.context.clear_cookies()
    own_page.get_by_role("link", name="Usage").press("Enter")
    expect(own_page.locator("#sign-in-reason")).to_contain_text("Your session has ended")
    sign_in(own_page, own_user)
    expect(own_page).to_have_url(f"{stack.proxy.url}/account")
    expect(own_page.locator(".usage")).to_be_visible()


CLIENTS = {
    FIREFOX: "Firefox, Linux",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0": "Edge, Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1": "Safari, iPhone",
    "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36": "Chrome, Android",
    "curl/8.9.1": "curl",
    "some robot": "some robot",
}


def test_clients_are_named(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    page = new_context().new_page()
    page.goto(stack.proxy.url)
    script = """async (all) => {
      const { nameClient } = await import('./static/views/account/clients.js');
      return all.map(nameClient);
    }"""
    assert dict(zip(CLIENTS, page.evaluate(script, list(CLIENTS)), strict=True)) == CLIENTS
