"""What axe-core says of a page, in light and dark, with more contrast, and in the colours that a reader has forced."""

from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
Mode = dict[str, Any]


def _mode(scheme: str, contrast: str = "no-preference", forced: str = "none") -> Mode:
    return {"color_scheme": scheme, "contrast": contrast, "forced_colors": forced}


USUAL: tuple[Mode, ...] = (_mode("light"), _mode("dark"))
ANY: tuple[Mode, ...] = (*USUAL, _mode("light", "more"), _mode("dark", "more"), _mode("light", forced="active"))
OF_COLOURS = ["color-contrast", "link-in-text-block"]
"""The rules that look at colours. What the others look at is the same in each mode, so they are asked once."""
DRAWN = "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
FIND = """async (rules) => {
  const chosen = rules ? { runOnly: { type: "rule", values: rules } } : {};
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...chosen });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => [id, html.slice(0, 200)]));
}"""


def expect_no_violations(page: Page, besides: Collection[str] = (), modes: Sequence[Mode] = USUAL) -> None:
    """Expect axe-core to find nothing against WCAG 2.2 AA and its best practices, in these modes, but some rules."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE)
    for number, mode in enumerate(modes):
        page.emulate_media(reduced_motion="reduce", **mode)  # no colour is on its way
        page.evaluate(DRAWN)  # and what scripts change with the light has been drawn
        found = page.evaluate(FIND, OF_COLOURS if number > 0 else None)
        assert [one for one in found if one[0] not in besides] == [], mode
    page.emulate_media(**USUAL[0])
