"""The pictures of the documentation: the real page of a real demo, in both languages. `make screenshots` runs it."""

import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT))

from tests.acceptance.outside import Demo, browser_page, sign_in, start_demo, stop_demo  # noqa: E402


def take(demo: Demo, language: str, locale: str) -> None:
    """The queue with its fire, the alarm's detail, and the workshops."""
    with browser_page(demo, locale, 1280, 800) as page:
        sign_in(page, demo)
        fire = page.locator('[data-testid="queue-row"][data-class="fire"]').first
        fire.wait_for(timeout=180_000)
        _shoot(page, f"queue-{language}")
        page.goto(f"{demo.url}/#/alarms/{fire.get_attribute('data-alarm')}")
        page.locator("canvas").first.wait_for(timeout=20_000)
        _shoot(page, f"alarm-{language}")
        page.goto(f"{demo.url}/#/workshops")
        page.get_by_test_id("workshop-card").first.wait_for(timeout=20_000)
        _shoot(page, f"workshops-{language}")


def _shoot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")


def main() -> None:
    """Run the demo until its fire, and look."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="emberwatch-pictures-") as folder:
        demo = start_demo(Path(folder), "auto", SCENARIO_DELAY="5")
        try:
            take(demo, "en", "en-GB")
            take(demo, "zh", "zh-CN")
        finally:
            stop_demo(demo)


if __name__ == "__main__":
    main()
