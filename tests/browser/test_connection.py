"""What the page does when the server, the network or the session goes away, and comes back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import tokens, users
from tests.browser.conftest import sign_in
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack
from tests.support.relay import Relay


@pytest.fixture
def watched(stack: Stack, request: pytest.FixtureRequest) -> Iterator[str]:
    """A slow download of Alice's, long enough for any test here; cancelled at the end."""
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    name = f"slow/{request.node.name}"
    stack.put_repository(name, {"model.bin": 40 * MEBIBYTE})
    download_id = stack.add_download("alice", name)
    yield download_id
    stack.cancel(download_id)


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
    stack.server.start()
    expect_live(page, watched)
    expect(page.locator(f"#ended [data-id='{other}'] .outcome")).to_have_text("Cancelled")
    expect(page.locator("#announcer")).to_contain_text("slow/other: Cancelled")


def test_a_silent_network_is_noticed_and_left_behind(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    with Relay(stack.proxy.port) as relay:
        page = open_page("alice", f"http://127.0.0.1:{relay.port}")
        expect_live(page, watched)
        relay.cut()
        expect_lost(page)
        relay.mend()
        expect_live(page, watched)
        page.context.close()


def test_going_offline_is_told_at_once(stack: Stack, open_page: Callable[..., Page], watched: str) -> None:
    page = open_page("alice")
    expect_live(page, watched)
    page.context.set_offline(True)
    expect(page.locator("#announcer")).to_contain_text("Connection lost")
    page.context.set_offline(False)
    expect_live(page, watched)


def expire_tokens(stack: Stack, username: str) -> str:
    """Return an access token that expires in a moment."""
    with stack.app.app_context():
        return tokens.issue_access(current_settings(), users.find_user(username), 2)


def test_an_expired_session_is_refreshed_in_the_middle(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    page = open_page("alice")
    expect_live(page, watched)
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


def test_a_revoked_session_leads_to_the_sign_in_and_back(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    page = open_page("alice")
    expect_live(page, watched)
    with stack.app.app_context():
        user: User = users.find_user("alice")
        users.set_password_hash(user.id, user.password_hash)  # refuses every token issued before
        db.session.remove()
    expect(page.locator("#sign-in-reason")).to_contain_text("session has ended")
    expect(page.locator("#board")).to_be_hidden()
    sign_in(page, "alice")
    expect_live(page, watched)


def test_signing_out_ends_the_stream_and_shows_nothing_more(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    page = open_page("alice")
    expect_live(page, watched)
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("#sign-in")).to_be_visible()
    expect(page.locator("#rows .row")).to_have_count(0)
    page.reload()
    expect(page.locator("#sign-in")).to_be_visible()


def test_a_wrong_password_is_told_in_the_form(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    page: Page = new_context().new_page()
    page.goto(stack.proxy.url)
    page.fill("#username", "alice")
    page.fill("#password", "not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong user name or password")
    expect(page.locator("#password")).to_be_focused()


def test_trouble_that_the_server_tells_of_is_shown_and_over_by_itself(
    stack: Stack, open_page: Callable[..., Page], watched: str
) -> None:
    page = open_page("alice")
    expect_live(page, watched)
    told = 'event: error\ndata: {"type":"error","error":"Failed to get downloads: Database error"}\n\n'
    page.route("**/subscribe", lambda route: route.fulfill(content_type="text/event-stream", body=told))
    page.reload()
    expect(page.locator("#trouble")).to_contain_text("Failed to get downloads: Database error")
    expect(page.locator("#connection-text")).to_have_text("Waiting for the server")
    page.unroute("**/subscribe")
    expect_live(page, watched)
    expect(page.locator("#trouble")).to_be_hidden()
