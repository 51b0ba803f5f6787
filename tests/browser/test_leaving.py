"""What is still under way when a user leaves says nothing on the page of whoever comes next."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.profiles import sign_in
from tests.browser.rows import HELD, rows_of
from tests.browser.stack import Stack

NAMES = "**/api/repositories?**"
TWO_FRAMES = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def test_an_answer_that_comes_after_signing_out_shows_nothing(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    held: list[Route] = []
    page = new_context().new_page()
    page.route(NAMES, lambda route: held.append(route))
    page.goto(stack.proxy.url)
    with rows_of(stack, "clara", HELD):
        with page.expect_request(NAMES):
            sign_in(page, "clara")
        expect(page).to_have_title("0 % · Downloads")
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#sign-in")).to_be_visible()
        with page.expect_response(NAMES):
            held[0].fulfill(json=[])
        page.evaluate(TWO_FRAMES)
        assert page.title() == "Downloads"
        expect(page.locator("#rows > *")).to_have_count(0)


def test_a_loss_of_the_former_watch_is_not_told_of_the_next_one(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD):
        page = open_page("clara")
        state = page.locator("#connection")
        expect(state).to_have_attribute("data-state", "live")
        page.clock.install()
        page.evaluate("() => { for (const one of ['offline', 'session-ended']) dispatchEvent(new Event(one)); }")
        expect(page.locator("#rows .row")).to_have_count(1)
        page.clock.fast_forward(3000)
        expect(state).to_have_attribute("data-state", "live")
        page.clock.fast_forward(1000)
        assert state.get_attribute("data-state") == "live"


def test_a_question_goes_with_the_view_that_asks(stack: Stack, open_page: Callable[..., Page]) -> None:
    with rows_of(stack, "clara", HELD) as ids:
        page = open_page("clara", f"{stack.proxy.url}/history")
        page.get_by_role("link", name="Active").click()
        page.locator(f"[data-id='{ids[0]}']").get_by_role("button", name="Cancel").press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.go_back()
        expect(page.get_by_role("heading", name="History")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_names_that_could_not_be_had_are_asked_for_no_more(
    stack: Stack, new_context: Callable[..., BrowserContext]
) -> None:
    asked: list[Route] = []

    def refuse(route: Route) -> None:
        asked.append(route)
        route.abort()

    page = new_context().new_page()
    page.clock.install()
    page.route(NAMES, refuse)
    page.goto(stack.proxy.url)
    with rows_of(stack, "clara", HELD):
        with page.expect_request(NAMES):
            sign_in(page, "clara")
        page.get_by_role("button", name="Sign out").click()
        expect(page.locator("#sign-in")).to_be_visible()
        asked.clear()
        page.clock.fast_forward(20_000)
        page.evaluate("async () => fetch('healthz')")  # whatever was sent before has arrived
        assert asked == []
