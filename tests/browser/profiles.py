"""Browser profiles of tests, and signing in to the page in them: by the form once, by what it left from then on."""

from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.stack import PASSWORD

PATIENCE_MILLISECONDS = 60_000
READY = "#views:not([hidden]), #sign-in:not([hidden])"


class Profiles:
    """Profiles that are closed at the end; a page of theirs that raises an error fails the test then."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._faults: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for context in self._contexts:
            context.close()
        assert kind is not None or self._faults == []

    def open(self, **options: Any) -> BrowserContext:
        """Open one more."""
        context = self._browser.new_context(ignore_https_errors=True, **options)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        context.on("weberror", lambda error: self._faults.append(str(error.error)))
        context.on("console", lambda line: self._note(line.text))
        self._contexts.append(context)
        return context

    def _note(self, text: str) -> None:
        """A refused request is part of many tests; a broken policy never is."""
        if "Content Security Policy" in text or "TrustedHTML" in text:
            self._faults.append(text)


class SignIns:
    """Cookies by user: a profile that has them need not hash a password again. A test may have ended the session."""

    def __init__(self) -> None:
        self._cookies: dict[str, Any] = {}

    def open(self, page: Page, username: str, url: str) -> None:
        """Open an address of the page, signed in as a user."""
        is_plain = urlsplit(url).scheme == "http"  # over TLS the cookies are others
        if is_plain and username in self._cookies:
            page.context.add_cookies(self._cookies[username])
        page.goto(url)
        page.wait_for_selector(READY)
        if page.locator("#sign-in").is_visible():
            sign_in(page, username)
            if is_plain:
                self._cookies[username] = page.context.cookies()


def sign_in(page: Page, username: str) -> None:
    """Fill the form and send it."""
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#views:not([hidden])")
