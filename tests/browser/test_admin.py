"""What admins manage, by keyboard alone: users, queue, workers, limits; and two admins at once."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download
from downloads_app.services.accounts import users
from downloads_app.services.providers import catalog
from tests.browser.keyboard import enter, tab_to, write
from tests.browser.profiles import sign_in
from tests.browser.settings import MOST_SHIFT, WATCH_SHIFTS, expect_no_overflow, expect_no_violations_in_any_mode, show
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack

ADDRESSES = ["users", "users/new", "providers", "providers/new", "queue", "workers", "limits"]


@pytest.fixture(scope="module")
def admin_page(lasting_page: Callable[..., Page]) -> Page:
    """The page, signed in as the admin."""
    return lasting_page("root")


@pytest.fixture
def add_user(stack: Stack, password_hash: str) -> Callable[[str], str]:
    """Make an account; return its id."""

    def add_one(name: str) -> str:
        with stack.app.app_context():
            user_id = users.add_user(current_settings().downloads_dir, name, password_hash, False).id
            db.session.remove()
        return user_id

    return add_one


def test_every_view_is_accessible_and_fits_every_screen(
    stack: Stack, admin_page: Page, add_user: Callable[[str], str]
) -> None:
    with stack.app.app_context():
        provider = catalog.find_provider("hub").id
    for path in [*ADDRESSES, f"users/{add_user('seen')}", f"providers/{provider}"]:
        show(admin_page, stack.proxy.url, f"admin/{path}")
        expect_no_violations_in_any_mode(admin_page)
        expect_no_overflow(admin_page)


def test_others_than_admins_are_told_and_get_nothing(stack: Stack, open_page: Callable[..., Page]) -> None:
    page = open_page("alice", f"{stack.proxy.url}/admin/users")
    expect(page.get_by_role("alert")).to_contain_text("Only admins see this")
    expect(page.get_by_role("link", name="Admin")).to_be_hidden()
    page.get_by_role("link", name="Go to the downloads").press("Enter")
    expect(page.locator("#board")).to_be_visible()


def test_a_user_is_made_by_keyboard_with_a_password_that_is_shown_once(
    stack: Stack, admin_page: Page, new_context: Callable[..., BrowserContext]
) -> None:
    page = admin_page
    enter(page, "Admin")
    enter(page, "New user")
    expect(page).to_have_url(f"{stack.proxy.url}/admin/users/new")
    write(page, "Name", "not a name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is not a user name")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("newcomer")
    page.keyboard.press("Enter")
    panel = page.locator(".once")
    expect(panel).to_be_focused()
    password = panel.locator("code").inner_text()
    assert len(password) == 23
    expect_no_violations_in_any_mode(page)
    enter(page, "To the account of newcomer")
    expect(page.get_by_role("heading", name="newcomer")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="New user")).to_be_visible()
    assert password not in page.content()
    theirs = new_context().new_page()
    theirs.goto(stack.proxy.url)
    theirs.fill("#username", "newcomer")
    theirs.fill("#password", password)
    theirs.keyboard.press("Enter")
    expect(theirs.locator("#new-password")).to_be_visible()


def test_an_account_is_changed_disabled_and_deleted(
    stack: Stack, admin_page: Page, add_user: Callable[[str], str], new_context: Callable[..., BrowserContext]
) -> None:
    page, user_id = admin_page, add_user("fleeting")
    theirs = new_context().new_page()
    theirs.goto(stack.proxy.url)
    sign_in(theirs, "fleeting")
    show(page, stack.proxy.url, f"admin/users/{user_id}")
    tab_to(page, "What they may do")
    page.keyboard.type("A")
    enter(page, "Save")
    expect(page.locator(".part-title .badge", has_text="Admin")).to_be_visible()
    write(page, "In gigabytes", "1.5")
    page.keyboard.press("Enter")
    expect(page.locator(".usage")).to_contain_text("of 1.50 GB (0 %)")
    expect(page.locator("[data-id]", has_text="Chrome")).to_have_count(1)
    enter(page, "Disable")
    expect(page.locator(".badge", has_text="Disabled")).to_be_visible()
    expect(theirs.locator("#sign-in")).to_be_visible()
    enter(page, "Enable")
    expect(page.locator(".badge", has_text="Disabled")).to_have_count(0)
    enter(page, "Reset the password")
    expect(page.locator(".once code")).to_be_visible()
    enter(page, "I have kept it")
    enter(page, "Delete")
    repeated = page.get_by_label("Type “fleeting”")
    expect(repeated).to_be_focused()
    page.keyboard.type("alice")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not the name of this account")
    expect_no_violations_in_any_mode(page)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("fleeting")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.proxy.url}/admin/users")
    expect(page.locator(".entry", has_text="fleeting")).to_have_count(0)


def test_two_admins_at_once_are_told_what_the_other_has_done(
    stack: Stack, admin_page: Page, add_user: Callable[[str], str]
) -> None:
    gone = add_user("gone-meanwhile")
    show(admin_page, stack.proxy.url, f"admin/users/{gone}")
    expect(admin_page.get_by_label("In gigabytes")).to_be_visible()
    with stack.app.app_context():
        users.delete_user(users.find_user("gone-meanwhile"))
        db.session.remove()
    admin_page.get_by_label("In gigabytes").fill("1")
    admin_page.keyboard.press("Enter")
    expect(admin_page.get_by_role("alert").first).to_contain_text("Somebody else may have removed it")
    with stack.app.app_context():
        own = users.find_user("root").id
        db.session.remove()
    show(admin_page, stack.proxy.url, f"admin/users/{own}")
    admin_page.get_by_role("button", name="Disable").press("Enter")
    expect(admin_page.get_by_role("alert")).to_contain_text("Nothing was changed.")


def test_who_waits_is_told_with_the_reason_and_the_queue_is_paused(stack: Stack, admin_page: Page) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("admin/waits", {"model.bin": 20 * MEBIBYTE})
    page = admin_page
    show(page, stack.proxy.url, "admin/queue")
    page.evaluate(WATCH_SHIFTS)
    enter(page, "Pause")
    expect(page.locator(".pausing")).to_contain_text("The queue is paused")
    waits = stack.add_download("alice", "admin/waits")
    with stack.app.app_context():
        row = db.session.get_one(Download, waits)
        row.wait_reason = "the server is <b>down</b> \u202eABC\u202c " + "x" * 200
        db.session.commit()
    entry = page.locator(f".entry[data-id='{waits}']")
    expect(entry).to_contain_text("alice")
    expect(entry.locator(".entry-reason")).to_be_visible()
    expect_no_violations_in_any_mode(page)
    expect_no_overflow(page)
    enter(page, "Resume")
    expect(entry).to_have_count(0)
    assert page.evaluate("window.shifted") <= MOST_SHIFT
    enter(page, "Workers")
    expect(page.locator(".held")).to_contain_text("admin/waits")
    expect(page.locator(".badge", has_text="Alive").first).to_be_visible()
    stack.cancel(waits)


def test_the_limits_that_hold_are_read(stack: Stack, admin_page: Page) -> None:
    show(admin_page, stack.proxy.url, "admin/limits")
    line = admin_page.locator(".limits > div", has_text="MAX_ACTIVE_DOWNLOADS_PER_USER")
    expect(line.locator("dd")).to_have_text("100")
    expect(admin_page.locator(".limits > div", has_text="ACCESS_TOKEN_SECONDS").locator("dd")).to_have_text("1 h")


def test_a_wrong_address_leads_back(stack: Stack, admin_page: Page) -> None:
    admin_page.goto(f"{stack.proxy.url}/admin/nothing")
    expect(admin_page.get_by_role("heading", name="There is nothing at this address")).to_be_visible()
    expect_no_violations_in_any_mode(admin_page)
    admin_page.keyboard.press("Tab")
    admin_page.keyboard.press("Enter")
    expect(admin_page.locator("#views")).to_be_visible()


def test_the_audit_tells_who_did_what_and_is_filtered(stack: Stack, admin_page: Page) -> None:
    show(admin_page, stack.proxy.url, "admin/audit")
    expect(admin_page.locator(".entry", has_text="Signed in").first).to_contain_text("127.0.0.1")
    expect_no_violations_in_any_mode(admin_page)
    expect_no_overflow(admin_page)
    admin_page.get_by_label("User", exact=True).fill("nobody-of-this-name")
    admin_page.keyboard.press("Enter")
    expect(admin_page.get_by_text("Nothing is written down with these filters.")).to_be_visible()
    admin_page.get_by_label("User", exact=True).fill("root")
    admin_page.get_by_label("When").select_option("7")
    admin_page.get_by_role("button", name="Show").press("Enter")
    expect(admin_page).to_have_url(f"{stack.proxy.url}/admin/audit?user=root&days=7")
    admin_page.reload()
    expect(admin_page.get_by_label("User", exact=True)).to_have_value("root")
    expect(admin_page.get_by_label("When")).to_have_value("7")
    expect(admin_page.locator(".entry").first).to_contain_text("root")
