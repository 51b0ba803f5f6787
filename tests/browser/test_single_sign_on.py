"""The button of single sign-on, in a browser, with a real provider: pressed here, signed in there, back at the view."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.axe import ANY, expect_no_violations
from tests.browser.settings import expect_no_overflow
from tests.browser.stack import Stack
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, real_provider
from tests.support.server import Server

SIGN_ON_SETTINGS = {"oidc_client_id": CLIENT_ID, "oidc_client_secret": CLIENT_SECRET, "auth_create_users": "true"}


@pytest.fixture
def server(stack: Stack) -> Iterator[Server]:
    """A server on the stack's database that knows an identity provider."""
    server = Server(stack.server.env["DATABASE_URL"], Path(stack.server.env["INSTANCE_DIR"]))
    with real_provider(f"{server.url}/api/auth/oidc/callback") as issuer:
        server.env |= {name.upper(): value for name, value in SIGN_ON_SETTINGS.items()}
        server.env |= {"OIDC_ISSUER": issuer, "PUBLIC_URL": server.url}
        server.start()
        yield server
        server.stop()


def test_the_button_leads_to_the_provider_and_back_signed_in(
    server: Server, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context()
    context.route("https://**", lambda route: route.abort())  # the provider's form asks for a font
    page = context.new_page()
    page.goto(f"{server.url}/history?status=failed")
    expect(page.locator("#sign-in")).to_be_visible()
    expect_no_violations(page, modes=ANY)
    expect_no_overflow(page)
    page.get_by_role("button", name="Single sign-on").click()
    page.locator("input[name=login]").fill("odile")
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(f"{server.url}/history?status=failed")
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    expect(page.locator("#user-name")).to_have_text("odile")
    page.reload()
    expect(page.locator("#user-name")).to_have_text("odile")
