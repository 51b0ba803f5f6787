"""What the page does when the server, the network or the session goes away, and comes back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import tokens, users
from tests.browser.profiles import READY, sign_in
from tests.browser.rows import FAILED, ended_now, rows_of
from tests.browser.settings import go
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack
from tests.support.relay import Relay

VERY_SLOW = SLOW_BYTES_PER_SECOND / 4
"""Of each connection: the download lasts longer than all tests here."""
SOON_MILLISECONDS = 20_000
"""Sooner than the least lively list is asked for again."""


@pytest.fixture(scope="module")
def watched(stack: Stack) -> Iterator[str]:
    """A slow download of Alice's; cancelled at the end."""
    stack.files.bytes_per_second = VERY_SLOW
    stack.put_repository("slow/watched", {"model.bin": 40 * MEBIBYTE})
    download_id = stack.add_download("alice", "slow/watched")
    yield download_id
    stack.cancel(download_id)


@pytest.fixture(scope="module")
def relay(stack: Stack) -> Iterator[Relay]:
    """The cable between the page and the proxy."""
    with Relay(stack.proxy.port) as running:
        yield running


@pytest.fixture(scope="module")
def same_page(lasting_page: Callable[..., Page], relay: Relay) -> Page:
    """Alice's page, at the end of that cable."""
    return lasting_page("alice", f"http://127.0.0.1:{relay.port}")


@pytest.fixture
def page(same_page: Page, watched: str) -> Page:
    """That page, signed in and live, whatever has been done to it before."""
    same_page.wait_for_selector(READY)
    if same_page.locator("#sign-in").is_visible():
        sign_in(same_page, "alice")
    expect_live(same_page, watched)
    return same_page


def expect_live(page: Page, download_id: str) -> None:
    """Expect the page to be live, and the download's figure to move."""
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    amount = page.locator(f".card[data-id='{download_id}'] .amount")
    expect(amount).not_to_be_empty()
    expect(amount).not_to_have_text(amount.inner_text())


def expect_lost(page: Page) -> None:
    expect(page.locator("#connection-text")).to_have_text("Connection lost, reconnecting…")
    assert "no connection" in page.title()


def test_a_restart_of_the_server_is_told_and_survived(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    stack.put_repository("slow/other", {"model.bin": 40 * MEBIBYTE})
    other = stack.add_download("alice", "slow/other")
    page = open_page("alice", stack.front.url)
    expect_live(page, watched)
    expect_live(page, other)
    stack.server.stop()
    expect_lost(page)
    expect(page.locator("#announcer")).to_contain_text("Connection lost")
    stack.cancel(other)  # what ends meanwhile says so afterwards
    with page.expect_response("**/page-version") as asked:  # it may have been upgraded
        stack.server.start()
    assert asked.value.json() == {"version": page.locator("html").get_attribute("data-version")}
    expect(page.locator("#news .notice")).to_have_count(0)
    expect_live(page, watched)
    expect(page.locator(f"#ended [data-id='{other}'] .outcome")).to_have_text("Cancelled")
    expect(page.locator("#announcer")).to_contain_text("slow/other: Cancelled")


def test_what_is_opened_without_a_connection_loads_when_it_is_back(stack: Stack, page: Page, watched: str) -> None:
    refused = page.locator("#view [role=alert]", has_text="The server cannot be reached. Trying again…")

    def open_while_away(way: str, act: Callable[[], None], shown: Locator) -> None:
        page.route(f"**/api/{way}*", lambda route: route.abort("connectionrefused"))
        act()
        expect(refused).to_be_visible()
        page.unroute(f"**/api/{way}*")
        expect(refused).to_have_count(0, timeout=SOON_MILLISECONDS)
        expect(shown).to_be_visible()

    what = page.get_by_label("Repository, or the address")
    open_while_away("providers", page.get_by_role("link", name="Add", exact=True).click, what)
    what.fill("hub:slow/watched")
    open_while_away("downloads/plan", lambda: what.press("Enter"), page.locator(".plan"))
    with rows_of(stack, "alice", ended_now(**FAILED), name="away/ended"):
        history = page.get_by_role("link", name="History", exact=True)
        open_while_away("downloads?", history.click, page.locator(".line", has_text="away/ended"))
    open_while_away("downloads?", lambda: go(page, "waiting"), page.get_by_role("heading", name="Paused and waiting"))
    open_while_away(f"downloads/{watched}", lambda: go(page, f"downloads/{watched}"), page.locator(".download-name"))
    open_while_away("keys", lambda: go(page, "account/keys"), page.get_by_text("There is no key"))
    page.get_by_role("link", name="Active", exact=True).click()
    expect_live(page, watched)


def test_a_silent_network_is_noticed_and_left_behind(page: Page, relay: Relay, watched: str) -> None:
    relay.cut()
    expect_lost(page)
    relay.mend()
    expect_live(page, watched)


def test_going_offline_is_told_at_once(page: Page, watched: str) -> None:
    page.context.set_offline(True)
    expect(page.locator("#announcer")).to_contain_text("Connection lost")
    page.context.set_offline(False)
    expect_live(page, watched)


def expire_tokens(stack: Stack, username: str) -> str:
    """Return an access token that expires in a moment."""
    with stack.app.app_context():
        return tokens.issue_access(current_settings(), users.find_user(username), 2)


def test_an_expired_session_is_refreshed_in_the_middle(stack: Stack, page: Page, watched: str) -> None:
    refreshes: list[Request] = []
    page.on("request", lambda sent: refreshes.append(sent) if sent.url.endswith("/auth/refresh") else None)
    cookies = page.context.cookies()
    old = next(cookie for cookie in cookies if cookie["name"] == "access_token_cookie")
    expired: Any = {**old, "value": expire_tokens(stack, "alice")}  # what is read and what is set are two types there
    page.context.add_cookies([expired])
    page.reload()
    with page.expect_response("**/api/auth/refresh") as refreshed:
        pass
    assert refreshed.value.status == 200
    expect_live(page, watched)
    assert len(refreshes) == 1
    expect(page.locator("#sign-in")).to_be_hidden()


def test_a_revoked_session_leads_to_the_sign_in_and_back(stack: Stack, page: Page, watched: str) -> None:
    with stack.app.app_context():
        user: User = users.find_user("alice")
        users.set_password_hash(user.id, user.password_hash)  # refuses every token issued before
        db.session.remove()
    expect(page.locator("#sign-in-reason")).to_contain_text("session has ended")
    expect(page.locator("#board")).to_be_hidden()
    sign_in(page, "alice")
    expect_live(page, watched)


def test_signing_out_ends_the_stream_and_shows_nothing_more(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(0)
    page.reload()
    expect(page.locator("#sign-in")).to_be_visible()


def test_a_wrong_password_is_told_in_the_form(same_page: Page) -> None:
    page = same_page
    page.wait_for_selector(READY)
    if not page.locator("#sign-in").is_visible():
        page.get_by_role("button", name="Sign out").click()
    page.fill("#username", "alice")
    page.fill("#password", "not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong user name or password")
    expect(page.locator("#password")).to_be_focused()


def test_trouble_that_the_server_tells_of_is_shown_and_over_by_itself(page: Page, watched: str) -> None:
    told = 'event: error\ndata: {"type":"error","error":"Failed to get downloads: Database error"}\n\n'
    page.route("**/subscribe", lambda route: route.fulfill(content_type="text/event-stream", body=told))
    page.reload()
    expect(page.locator("#trouble")).to_contain_text("Failed to get downloads: Database error")
    expect(page.locator("#connection-text")).to_have_text("Waiting for the server")
    page.unroute("**/subscribe")
    expect_live(page, watched)
    expect(page.locator("#trouble")).to_be_hidden()
