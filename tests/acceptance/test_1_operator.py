"""A new user starts the demo, opens the page, sees live readings, and takes the alarm of the scenario's fire."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.outside import Demo, browser_page, sign_in, until


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    with browser_page(demo) as page:
        yield page


def test_live_readings_then_the_fire_is_taken(demo: Demo, page: Page) -> None:
    sign_in(page, demo)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live", timeout=20_000)
    page.goto(f"{demo.url}/#/workshops")
    expect(page.get_by_test_id("workshop-card").first).to_be_visible(timeout=20_000)
    shown = page.get_by_test_id("live-value").first
    expect(shown).to_be_visible(timeout=20_000)

    page.goto(f"{demo.url}/#/queue")
    fire = page.locator('[data-testid="queue-row"][data-class="fire"]').first
    expect(fire).to_be_visible(timeout=120_000)
    alarm = fire.get_attribute("data-alarm")
    assert alarm
    fire.get_by_test_id("ack").click()

    record = until(
        "the acknowledgement is in the database",
        lambda: demo.query("SELECT kind, who FROM alarm_event WHERE alarm = $1 AND kind = 'acked'", alarm),
    )
    assert record[0]["who"] == "operator"
    row = demo.query("SELECT class, workshop, acked_by FROM alarm WHERE id = $1", alarm)[0]
    assert (row["class"], row["workshop"], row["acked_by"]) == ("fire", demo.workshop, "operator")


def test_values_on_the_page_change_by_themselves(demo: Demo, page: Page) -> None:
    sign_in(page, demo)
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live", timeout=20_000)
    page.goto(f"{demo.url}/#/workshops/{demo.workshop}")
    values = page.get_by_test_id("live-value")
    expect(values.first).to_be_visible(timeout=20_000)
    before = values.all_inner_texts()
    deadline = time.monotonic() + 30
    while values.all_inner_texts() == before:
        assert time.monotonic() < deadline, f"no value changed within 30 s: {before}"
        page.wait_for_timeout(200)


def test_the_people_of_the_workshop_were_told(demo: Demo) -> None:
    with demo.client() as http:

        def channels() -> bool:
            items = http.get("/messages").json()["items"]
            return {m["channel"] for m in items if m["state"] == "delivered"} == {"mail", "webhook"}

        until("messages are delivered by mail and webhook", channels, 120)
    kept = list((demo.folder / "received").glob("mail-*.eml"))
    assert kept, "the receiver holds no mail"
