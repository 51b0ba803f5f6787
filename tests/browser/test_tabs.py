"""Several tabs of one browser share one stream, whoever of them closes."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Request, expect

from tests.browser.profiles import sign_in
from tests.browser.stack import MEBIBYTE, SLOW_BYTES_PER_SECOND, Stack

TABS = 10


def streams_of(context: BrowserContext) -> list[Request]:
    """Return the list that this browser's stream requests go into from now on."""
    asked: list[Request] = []
    context.on("request", lambda sent: asked.append(sent) if sent.url.endswith("/subscribe") else None)
    return asked


def askers(asked: list[Request]) -> set[Page]:
    """Return the tabs that opened a stream. One tab opens it again where a busy machine let it wait for too long."""
    return {request.frame.page for request in asked}


def test_ten_tabs_share_one_stream_over_http_1(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("shared/model", {"model.bin": 40 * MEBIBYTE})
    download_id = stack.add_download("alice", "shared/model")
    context = new_context()
    asked = streams_of(context)
    tabs = [context.new_page() for _ in range(TABS)]
    tabs[0].goto(stack.proxy.url)
    sign_in(tabs[0], "alice")
    for tab in tabs[1:]:
        tab.goto(stack.proxy.url)
    expect_moving(tabs, download_id)
    assert len(askers(asked)) == 1
    assert leaders(tabs) == 1

    (leader,) = askers(asked)
    leader.close()
    left = [tab for tab in tabs if tab is not leader]
    expect_moving(left, download_id)
    assert len(askers(asked)) == 2

    stack.cancel(download_id)
    for tab in left:
        expect(tab.locator(f"#ended [data-id='{download_id}']")).to_be_visible()
        expect(tab.locator("#connection")).to_have_attribute("data-state", "idle")


def test_a_tab_takes_over_from_a_leader_that_it_no_longer_hears(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    stack.files.bytes_per_second = SLOW_BYTES_PER_SECOND
    stack.put_repository("silent/model", {"model.bin": 40 * MEBIBYTE})
    download_id = stack.add_download("alice", "silent/model")
    context = new_context()
    asked = streams_of(context)
    leader, follower = context.new_page(), context.new_page()
    leader.goto(stack.proxy.url)
    sign_in(leader, "alice")
    expect_moving([leader], download_id)
    follower.clock.install()
    follower.goto(stack.proxy.url)
    expect_moving([follower], download_id)
    assert askers(asked) == {leader}
    leader.evaluate("() => { BroadcastChannel.prototype.postMessage = () => {}; }")  # as a frozen tab
    follower.clock.fast_forward(60_000)
    expect_moving([follower, leader], download_id)
    assert askers(asked) == {leader, follower}
    assert leaders([leader, follower]) == 1
    stack.cancel(download_id)


def test_signing_out_in_one_tab_signs_out_all(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    context = new_context()
    first, second = context.new_page(), context.new_page()
    first.goto(stack.proxy.url)
    sign_in(first, "alice")
    second.goto(stack.proxy.url)
    expect(second.locator("#user-name")).to_have_text("alice")
    second.get_by_role("button", name="Sign out").click()
    expect(first.locator("#sign-in")).to_be_visible()
    sign_in(first, "bruno")
    expect(second.locator("#user-name")).to_have_text("bruno")


def expect_moving(tabs: list[Page], download_id: str) -> None:
    """Expect the figures of all tabs to change."""
    amounts = [tab.locator(f"[data-id='{download_id}'] .amount") for tab in tabs]
    for amount in amounts:
        expect(amount).not_to_be_empty()
    before = [amount.inner_text() for amount in amounts]
    for amount, text in zip(amounts, before, strict=True):
        expect(amount).not_to_have_text(text)


def leaders(tabs: list[Page]) -> int:
    """Return how many hold the lock; the others wait for it."""
    locks = tabs[0].evaluate("navigator.locks.query()")
    waiting = [lock for lock in locks["pending"] if lock["name"].startswith("downloads-stream-")]
    assert len(waiting) == len(tabs) - 1
    return len([lock for lock in locks["held"] if lock["name"].startswith("downloads-stream-")])
