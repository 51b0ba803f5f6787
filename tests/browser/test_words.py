"""A language is one more file: with every word replaced, no view says anything in English."""

import re
from collections.abc import Callable, Container
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from sqlalchemy import delete

from downloads_app.extensions import db
from downloads_app.models import Download, utc_now
from downloads_app.services.accounts import users
from downloads_app.web.page import words
from tests.browser.profiles import sign_in
from tests.browser.rows import HELD, WAITING, rows_of
from tests.browser.settings import go
from tests.browser.stack import Stack
from tests.support.hub import Hub

ENGLISH = words.read_words(words.ENGLISH)
RENDERED = {text for text in ENGLISH.values() if isinstance(text, str)}
"""The server writes some words into the page; a test of its own knows that it has none but these."""
DATA = re.compile(
    r"alice|root|bruno|clara|hub|(models|main)( · \w+)?|[\w.-]+/[\w.-]+|Chrome, Linux|.*HeadlessChrome.*|127\.0\.0\.1|https?://\S+"
    r"|(· )?[\d.,]+\s\w+|\w+ \d+, \d{4}, \d+:\d\d\s[AP]M|r\d|[\w.-]+\.(json|gguf|md|bin)|Q\d\w+|llama\.cpp|transformers"
)
"""Names, addresses, amounts and dates."""
# What is to be read on the page and to be heard from it, each text by itself; names and what the server says left out.
READ_ALL = """() => {
  const found = [];
  const data = "[data-words=none], bdi, code, script, noscript, "
    + ".entry-reason, .with-copy span, .story small, .name-head";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const place = walker.currentNode.parentElement;
    if (place.checkVisibility() && !place.closest(data))
      found.push(walker.currentNode.data.trim());
  }
  for (const one of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    if (one.checkVisibility()) found.push(...[one.ariaLabel, one.title, one.placeholder].map((text) => text ?? ""));
  return found;
}"""


def replaced(words_: Any) -> Any:
    """Return words of which no English is left."""
    if isinstance(words_, dict):
        return {name: replaced(one) for name, one in words_.items()}
    return f"⟦{words_}⟧"


@pytest.fixture
def foreign_page(stack: Stack, new_context: Callable[..., BrowserContext]) -> Callable[[str], Page]:
    """Open the page in a language that nobody speaks."""

    def answer(route: Route) -> None:
        route.fulfill(json={key: replaced(text) for key, text in ENGLISH.items()})

    def open_one(username: str) -> Page:
        context = new_context()
        context.route("**/static/words/en.json", answer)
        page = context.new_page()
        page.goto(stack.proxy.url)
        sign_in(page, username)
        return page

    return open_one


def expect_no_english(page: Page, besides: Container[str] = ()) -> None:
    texts: list[str] = page.evaluate(READ_ALL)
    left = [text for text in texts if any(letter.isalpha() for letter in text) and "⟦" not in text]
    assert [text for text in left if not (text in RENDERED or text in besides or DATA.fullmatch(text))] == []
    assert any("⟦" in text for text in texts)


VIEWS = ["", "waiting", "history", "add", "account", "account/password", "account/sign-ins", "account/keys"]
ADMINS = ["users", "users/new", "providers", "providers/new", "queue", "workers", "audit", "limits"]


@pytest.fixture
def no_downloads(stack: Stack) -> None:
    """What other tests have left is data, and speaks no language."""
    with stack.app.app_context():
        db.session.execute(delete(Download))
        db.session.commit()


@pytest.mark.usefixtures("no_downloads")
def test_every_view_speaks_another_language(stack: Stack, foreign_page: Callable[[str], Page]) -> None:
    page = foreign_page("root")
    with stack.app.app_context():  # other tests have left theirs
        names = {user.username for user in users.list_users()}
        db.session.remove()
    for view in [*VIEWS, *(f"admin/{part}" for part in ADMINS)]:
        go(page, view)
        expect(page.locator(".part h2, #view h2, #board")).not_to_have_count(0)
        expect(page.get_by_text("⟦Loading…⟧")).to_have_count(0)
        page.wait_for_function(f"() => ({READ_ALL})().some((text) => text.includes('⟦'))")
        expect_no_english(page, names)


REASON = {"error_message": "⟦the server's own words: not found⟧", "wait_reason": "⟦the server's own words⟧"}
ROWS: dict[str, dict[str, Any]] = {
    "runs": {**HELD, "download_speed": 1000, "started_at": utc_now()},
    "waits": {**WAITING, **REASON},
    "paused": {"status": "paused", "current_bytes": 10},
    "failed": {"status": "failed", "completed_at": utc_now(), **REASON},
    "cancelled": {"status": "cancelled", "completed_at": utc_now()},
}


@pytest.mark.usefixtures("no_downloads")
def test_rows_and_questions_speak_another_language(stack: Stack, foreign_page: Callable[[str], Page]) -> None:
    with rows_of(stack, "clara", *ROWS.values()) as ids:
        page = foreign_page("clara")
        dialog = page.get_by_role("dialog")
        expect(page.locator("#failed .advice")).to_be_visible()
        page.locator(".choose").first.check()
        page.locator("[data-action=cancel]").first.click()
        expect(dialog).to_be_visible()
        expect_no_english(page)
        page.keyboard.press("Escape")
        for view, action in (("waiting", "cancel"), ("history", "delete")):
            go(page, view)
            page.locator(f".line [data-action={action}]").first.click()
            expect(dialog).to_be_visible()
            expect_no_english(page)
            page.keyboard.press("Escape")
        for download_id in ids:
            go(page, f"downloads/{download_id}")
            expect(page.locator(".details")).to_be_visible()
            expect_no_english(page)


@pytest.mark.usefixtures("no_downloads")
def test_what_is_added_and_its_files_speak_another_language(
    stack: Stack, hub: Hub, foreign_page: Callable[[str], Page]
) -> None:
    stack.files.bytes_per_second = None
    page = foreign_page("clara")
    go(page, "add")
    field = page.locator(".find-text input")
    for text, seen in (("lumen", ".found-row"), ("nobody-has-this", "text=nobody-has-this"), ("x:y:z", "text=“x”")):
        field.fill(text)
        expect(page.locator("#view").locator(seen).first).to_be_visible()
        expect_no_english(page)
    for text, seen in (("lumen/gated", "[role=alert]"), ("lumen/other", ".tree")):
        field.fill(text)
        page.keyboard.press("Enter")
        expect(page.locator("#view").locator(seen)).to_be_visible()
        expect_no_english(page)
    page.locator(".tree summary").click()
    expect_no_english(page)
    page.locator(".begin").click()
    page.locator("#ended .repository a").click()
    expect(page.locator(".command")).to_be_visible()
    expect(page.locator(".files-list li")).to_have_count(2)
    expect_no_english(page)


def test_another_language_is_one_more_file(stack: Stack, new_context: Callable[..., BrowserContext]) -> None:
    def serve_page(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('<html lang="en"', '<html lang="xx"'))

    context = new_context()
    context.route(stack.proxy.url + "/", serve_page)
    context.route("**/static/words/xx.json", lambda route: route.fulfill(json={"board.nothing": "Xarr."}))
    page = context.new_page()
    page.goto(stack.proxy.url)
    said = page.evaluate(
        """async () => {
          const { say } = await import('./static/words.js');
          return say('board.nothing') + say('app.more');
        }"""
    )
    assert said == "Xarr.More"


NUMBERS = {"en-US": ["1.23 MB", "12.3 kB/s", "1,234,567 files"], "en-IN": ["1.23 MB", "12.3 kB/s", "12,34,567 files"]}
WRITE = """async () => {
  const { bytes, speed } = await import('./static/format.js');
  const { say } = await import('./static/words.js');
  return [bytes(1234567), speed(12345), say("count.files", { count: 1234567 })];
}"""


@pytest.mark.parametrize("locale", NUMBERS)
def test_numbers_and_units_are_written_as_the_reader_does(
    stack: Stack, new_context: Callable[..., BrowserContext], locale: str
) -> None:
    page = new_context(locale=locale).new_page()
    page.goto(stack.proxy.url)
    assert [text.replace("\xa0", " ") for text in page.evaluate(WRITE)] == NUMBERS[locale]
