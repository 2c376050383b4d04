"""The week of a tariff is painted by mouse, finger and keyboard, and the rows say what was painted."""

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import expect

from portal.tests.e2e.conftest import look


@pytest.fixture
def form(page, operator, person, sign_in_as):
    """The form of a new tariff with a price by day and one by night."""
    sign_in_as(person("finance"))
    page.goto(f"/o/{operator.slug}/finance/tariffs/new/")
    page.get_by_label("Name").fill("Day and night")
    page.get_by_label("Price", exact=True).fill("3.00")
    page.get_by_role("button", name="Night").click()
    expect(page.get_by_label("From", exact=True)).to_have_count(2)
    page.get_by_label("Price", exact=True).first.fill("2.00")
    expect(page.get_by_role("radio", name="Energy SEK 2.00/kWh")).to_be_visible()
    return page


def hour(page, day, clock):
    return page.get_by_role("gridcell", name=f"{day} {clock:02d}–{clock + 1:02d},")


def drag(page, begin, end):
    for at, act in ((begin, page.mouse.down), (end, page.mouse.up)):
        box = at.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        act()


def test_the_week_is_painted_with_the_mouse(form):
    form.get_by_role("radio", name="Energy SEK 2.00/kWh").check()
    drag(form, hour(form, "Saturday", 6), hour(form, "Sunday", 21))
    expect(hour(form, "Sunday", 12)).to_have_accessible_name("Sunday 12–13, Energy SEK 2.00/kWh")
    expect(form.get_by_role("status").filter(has_text="Sat, Sun 06:00–22:00")).to_have_count(1)
    expect(form.get_by_label("Price", exact=True)).to_have_count(3)
    look(form, "painting-desktop")
    assert not Axe().run(form).response["violations"]
    form.get_by_role("button", name="Save draft").click()
    expect(form.get_by_role("cell", name="Sat, Sun", exact=True)).to_be_visible()


def test_the_week_is_painted_with_the_keyboard(form):
    form.get_by_role("radio", name="Energy SEK 3.00/kWh").check()
    grid = form.get_by_role("grid")
    grid.focus()
    for key in ("End", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowDown"):
        grid.press(key)
    expect(form.get_by_role("gridcell", selected=True)).to_have_count(4)
    grid.press("Enter")
    expect(hour(form, "Tuesday", 23)).to_have_accessible_name("Tuesday 23–24, Energy SEK 3.00/kWh")
    expect(hour(form, "Wednesday", 23)).to_have_accessible_name("Wednesday 23–24, Energy SEK 2.00/kWh")
    expect(grid).to_be_focused()
    expect(grid).to_have_attribute("aria-activedescendant", "hour-1-23")


def test_the_week_is_painted_with_a_finger(form):
    form.set_viewport_size({"width": 390, "height": 844})
    form.get_by_role("radio", name="Energy SEK 2.00/kWh").check()
    hour(form, "Monday", 12).scroll_into_view_if_needed()
    begin, end = (hour(form, day, clock).bounding_box() for day, clock in (("Monday", 12), ("Friday", 13)))
    points = [{"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2} for box in (begin, end)]
    touch = form.context.new_cdp_session(form)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points[1:]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(hour(form, "Friday", 13)).to_have_accessible_name("Friday 13–14, Energy SEK 2.00/kWh")
    expect(hour(form, "Friday", 14)).to_have_accessible_name("Friday 14–15, Energy SEK 3.00/kWh")
    look(form, "painting-phone")
