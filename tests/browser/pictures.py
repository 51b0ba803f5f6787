"""Pictures of states of the page, to be looked at: only where the variable SCREENSHOTS names a folder for them."""

import os
import re
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1100, "height": 800}


def picture(page: Page, name: str) -> None:
    """Take it on a phone in light and dark, and on a desktop."""
    if "SCREENSHOTS" not in os.environ:
        return
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    file = re.sub(r"\W+", "-", name)
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=folder / f"{file}-phone-dark.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.screenshot(path=folder / f"{file}-phone.png", full_page=True)
    page.set_viewport_size(DESKTOP)
    page.screenshot(path=folder / f"{file}.png")
