"""A person who has no mouse: Tab, Enter, arrows and letters. Nothing is looked up to be clicked or focused."""

from playwright.sync_api import Page, expect

from tests.browser.stack import PASSWORD

MOST_TABS = 80
NAME_OF_FOCUS = """() => {
  const focused = document.activeElement;
  return focused.getAttribute("aria-label") ?? focused.labels?.[0]?.textContent.trim() ?? focused.textContent.trim();
}"""


def name_of_focus(page: Page) -> str:
    """Return the name of what has the focus."""
    return str(page.evaluate(NAME_OF_FOCUS))


def tab_to(page: Page, name: str, key: str = "Tab", *, exact: bool = False) -> None:
    """Press a key until what has that name, or begins with it, has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        focused = name_of_focus(page)
        if focused == name or (not exact and focused.startswith(name)):
            return
    raise AssertionError(f"{key} never reached {name!r}")


def enter(page: Page, name: str, key: str = "Tab") -> None:
    """Go to the link or button of just that name, and press Enter."""
    tab_to(page, name, key, exact=True)
    page.keyboard.press("Enter")


def write(page: Page, name: str, text: str, key: str = "Tab") -> None:
    """Go to the field whose label begins so, and type this in the place of what is there."""
    tab_to(page, name, key)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def type_sign_in(page: Page, username: str) -> None:
    """Sign in: the first field has the focus."""
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type(username)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#views")).to_be_visible()
