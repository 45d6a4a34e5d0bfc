"""A headless Chromium that looks at a page as a person would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webelement import WebElement

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")


class Browser:
    """A window of a given width, light or dark.

    Args:
        driver: Selenium's.
    """

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Load a file."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [theme]})
        self.driver.get(page.resolve().as_uri())

    def complaints(self) -> list[str]:
        """Return what the console says since it was last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def run(self, script: str) -> Any:
        """Return the value of a JavaScript expression."""
        return self.driver.execute_script(f"return {script}")

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements that a CSS selector finds."""
        found: list[WebElement] = self.driver.find_elements("css selector", selector)
        return found

    def one(self, selector: str) -> WebElement:
        """Return the first of them."""
        return self.all(selector)[0]

    def point_at(self, element: WebElement, *, right: int = 0, down: int = 0) -> None:
        """Move the mouse to an element, so far from its middle."""
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        ActionChains(self.driver, duration=0).move_to_element_with_offset(element, right, down).perform()
        self._settle()

    def click(self, element: WebElement) -> None:
        """Click on an element."""
        self.point_at(element)
        ActionChains(self.driver, duration=0).click().perform()
        self._settle()

    def press(self, *keys: str) -> None:
        """Type at whatever has the focus."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()
        self._settle()

    def _settle(self) -> None:
        # Chromium hands the mouse and the keyboard to a page once a frame, which on a busy machine may be late.
        self.driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    def focus(self, element: WebElement) -> None:
        """Give an element the focus."""
        self.driver.execute_script("arguments[0].focus()", element)

    def data(self) -> Any:
        """Return the JSON in the page."""
        return json.loads(self.run("document.getElementById('inspection').textContent"))


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER or ""))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
