"""What the tests of the account's and the admin's views share."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.test_access import AXE

MODES: tuple[dict[str, Any], ...] = (
    {"color_scheme": "light", "contrast": "no-preference"},
    {"color_scheme": "dark", "contrast": "no-preference"},
    {"color_scheme": "light", "contrast": "more"},
    {"color_scheme": "dark", "contrast": "more"},
)
NARROWEST, WIDEST = 320, 3840
# From now on the page adds up how far things move without anybody having pressed a key or a button.
WATCH_SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const shift of list.getEntries()) if (!shift.hadRecentInput) window.shifted += shift.value;
  }).observe({ type: "layout-shift", buffered: false });
}"""


def show(page: Page, root: str, path: str) -> None:
    """Open a view and wait until it has loaded."""
    page.goto(f"{root}/{path}")
    expect(page.locator(".part h2")).to_be_visible()
    expect(page.get_by_text("Loading…")).to_have_count(0)


def expect_no_violations_in_any_mode(page: Page) -> None:
    """Expect axe-core to find nothing, in light, in dark, and with more contrast."""
    page.evaluate(AXE)
    for mode in MODES:
        page.emulate_media(reduced_motion="reduce", **mode)
        found: dict[str, Any] = page.evaluate("axe.run(document)")
        faults = [(one["id"], node["html"][:200]) for one in found["violations"] for node in one["nodes"]]
        assert faults == [], (mode, faults)
    page.emulate_media(color_scheme="light", contrast="no-preference")


def expect_no_overflow(page: Page) -> None:
    """Expect nothing to stand out of the window on the narrowest phone and the widest screen."""
    for width in (NARROWEST, WIDEST):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    page.set_viewport_size({"width": 1100, "height": 800})
