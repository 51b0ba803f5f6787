"""An admin's providers: tested before they are saved, changed, removed; their secrets are written and never shown."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.services.providers import catalog
from tests.browser.keyboard import enter, tab_to, write
from tests.browser.settings import expect_no_violations_in_any_mode, show
from tests.browser.stack import Stack

SECRET = "hf_a_secret_that_nobody_sees"


@pytest.fixture(scope="module")
def admin_page(lasting_page: Callable[..., Page]) -> Page:
    """The page, signed in as the admin."""
    return lasting_page("root")


def stored_token(stack: Stack, name: str) -> str | None:
    with stack.app.app_context():
        access = catalog.access_of(current_settings(), catalog.find_provider(name))
        db.session.remove()
        return access.token


def test_a_provider_is_tested_before_it_is_added_by_keyboard(stack: Stack, admin_page: Page) -> None:
    page = admin_page
    enter(page, "Admin")
    enter(page, "Providers")
    enter(page, "New provider")
    write(page, "Name of the provider", "by-keyboard")
    tab_to(page, "Kind")
    page.keyboard.type("Web")
    write(page, "Address", "http://127.0.0.1:9/")
    tab_to(page, "Not at all")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("With a token")).to_be_checked()
    write(page, "Token", SECRET)
    enter(page, "Network and certificates")
    tab_to(page, "It may be at a private address")
    page.keyboard.press("Space")
    enter(page, "Test")
    expect(page.get_by_role("alert")).to_be_visible()
    expect_no_violations_in_any_mode(page)
    write(page, "Address", stack.files.url, key="Shift+Tab")
    enter(page, "Test")
    expect(page.locator(".notice.good")).to_have_text("It answers as it should.")
    expect(page.get_by_role("button", name="Test")).to_be_focused()
    enter(page, "Add")
    expect(page).to_have_url(f"{stack.proxy.url}/admin/providers")
    entry = page.locator(".entry", has_text="by-keyboard")
    expect(entry).to_contain_text("Web server")
    expect(entry).to_contain_text("Token")
    enter(page, "Test by-keyboard")
    expect(entry.get_by_role("status")).to_have_text("It answers as it should.")
    page.go_back()
    assert SECRET not in page.content()
    assert page.locator("input").evaluate_all("all => all.some((one) => one.value.includes('hf_'))") is False
    assert stored_token(stack, "by-keyboard") == SECRET


def test_what_is_stored_is_kept_replaced_or_removed(stack: Stack, admin_page: Page) -> None:
    page = admin_page
    with stack.app.app_context():
        settings = current_settings()
        made = catalog.add_provider(settings, "kept", "http", stack.files.url, allow_private_network=True, token=SECRET)
        address = f"admin/providers/{made.id}"
        db.session.remove()
    show(page, stack.proxy.url, address)
    assert SECRET not in page.content()
    expect(page.get_by_label("As now: Token, stored")).to_be_checked()
    page.get_by_label("Connections at most").fill("3")
    page.keyboard.press("Enter")
    saved = page.locator(".notice.good", has_text="kept is saved")
    expect(saved).to_be_focused()
    assert stored_token(stack, "kept") == SECRET
    page.get_by_label("With a token").check()
    page.get_by_label("Token", exact=True).fill("hf_the_next_one")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Token", exact=True)).to_have_count(0)
    assert stored_token(stack, "kept") == "hf_the_next_one"
    page.get_by_label("Not at all").check()
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_label("Not at all")).to_be_checked()
    expect(page.get_by_text("As now")).to_have_count(0)
    assert stored_token(stack, "kept") is None
    enter(page, "Pause")
    expect(page.locator(".part-title .badge", has_text="Paused")).to_be_visible()
    enter(page, "Remove")
    enter(page, "Remove")
    expect(page).to_have_url(f"{stack.proxy.url}/admin/providers")
    expect(page.locator(".entry", has_text="kept")).to_have_count(0)


FIELDS = {
    "huggingface": ["Address"],
    "s3": ["Address", "Region"],
    "oci": ["Address", "Further hosts that may be private"],
    "urls": ["Address", "Files"],
}


def test_each_kind_has_its_own_fields(stack: Stack, admin_page: Page) -> None:
    show(admin_page, stack.proxy.url, "admin/providers/new")
    admin_page.get_by_text("Network and certificates").click()
    for kind, labels in FIELDS.items():
        admin_page.get_by_label("Kind").select_option(kind)
        for label in labels:
            expect(admin_page.get_by_label(label, exact=True)).to_be_visible()
    admin_page.get_by_label("Name of the provider").fill("listed")
    admin_page.get_by_label("Files", exact=True).fill("[org/one]\nftp://x/y")
    admin_page.get_by_role("button", name="Add", exact=True).press("Enter")
    expect(admin_page.get_by_role("alert")).to_be_visible()


def test_an_admin_who_has_no_provider_yet_is_led_to_a_new_one(admin_page: Page) -> None:
    page = admin_page
    page.route("**/api/providers?**", lambda route: route.fulfill(json=[]))
    page.get_by_role("link", name="Add", exact=True).press("Enter")
    page.get_by_role("link", name="New provider").press("Enter")
    expect(page.get_by_role("heading", name="New provider")).to_be_visible()
    page.unroute("**/api/providers?**")
