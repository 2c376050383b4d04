"""What files say of sessions that are stored otherwise: side by side, and decided many at once."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from billing.selectors import differences
from charging.models import ChargingSession, Correction, FileImport
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(world):
    """Two sessions of 10 kWh that a file says had 8."""
    rows = [world.session(), world.session()]
    with tenant_scope(world.operator.pk):
        file = FileImport.objects.create(file_name="later.csv", source="test", state="done", rejected=2)
        for line, row in enumerate(rows, start=2):
            Correction.objects.create(session=row, file_import=file, line_number=line, said={"energy_wh": 8000})
    return rows


def decide(client, world, decision, **data):
    data = {"decision": decision, "reason": "read again", **data}
    return client.post(world.url("review/differences/decide/"), data, follow=True)


def read(page):
    return page.content.decode().replace("\xa0", " ")


def ids(world):
    with tenant_scope(world.operator.pk):
        return [f"{row.public_id}" for row in differences.open_ones()]


def energies(world):
    with tenant_scope(world.operator.pk):
        return sorted(ChargingSession.objects.values_list("energy_wh", flat=True))


def test_both_values_and_the_money_stand_side_by_side(world, said, rated, sign_in, otto):
    rated()
    page = read(sign_in(otto).get(world.url("review/differences/")))
    for text in ("<del>10.000 kWh</del>", "<ins>8.000 kWh</ins>", "SEK 25.00", "SEK 20.00", "later.csv", "line 2"):
        assert text in page


def test_many_are_taken_over_at_once(world, said, sign_in, otto):
    page = decide(sign_in(otto), world, "take_over", differences=ids(world))
    assert "2 rows were taken over." in page.content.decode()
    assert energies(world) == [8000, 8000]
    assert "No file says anything else" in page.content.decode()


def test_all_of_a_file_are_meant_without_a_tick(world, said, sign_in, otto):
    page = decide(sign_in(otto), world, "keep", everything="on")
    assert "2 sessions stay as they are stored." in page.content.decode()
    assert energies(world) == [10000, 10000]


def test_the_session_page_keeps_the_first_value(world, said, sign_in, otto):
    client = sign_in(otto)
    url = world.url(f"sessions/{said[0].public_id}/")
    assert "Something else was said about it" in client.get(url).content.decode()
    decide(client, world, "take_over", differences=ids(world))
    page = read(client.get(url))
    assert "<del>10.000 kWh</del>" in page
    assert "read again" in page


@pytest.mark.parametrize("data", [{}, {"differences": "x"}, {"everything": "on", "reason": " "}])
def test_a_decision_says_about_what_and_why(world, said, sign_in, otto, data):
    decide(sign_in(otto), world, "take_over", **data)
    assert energies(world) == [10000, 10000]


def test_the_review_leads_there_and_back(world, said, sign_in, otto):
    page = sign_in(otto).get(world.url("review/"))
    assert [str(tab["label"]) for tab in page.context["tabs"]] == ["With a remark", "a file says otherwise"]
    assert world.url("review/differences/") in page.content.decode()


def test_only_those_who_may_review_decide(world, said, sign_in, sara):
    assert sign_in(sara).get(world.url("review/differences/")).status_code == 403
    assert decide(sign_in(sara), world, "take_over", everything="on").status_code == 403


def typed(client, url, **other):
    """What the form is sent with: the times by the clock of the site, as the page shows them."""
    page = client.get(url).content.decode()
    shown = re.findall(r'<input type="(?:datetime-local|text|number)" name="(\w+)"(?: value="([^"]*)")?', page)
    return dict(shown) | {"reason": "read off the meter"} | other


def test_a_person_corrects_a_session_with_a_reason(world, sign_in, otto):
    row = world.session()
    client, url = sign_in(otto), world.url(f"sessions/{row.public_id}/correct/")
    data = typed(client, url)
    assert "Nothing is different" in client.post(url, data).content.decode()
    page = client.post(url, data | {"energy": "9.5"}, follow=True)
    assert energies(world) == [9500]
    assert "<del>10.000 kWh</del>" in read(page)
    with tenant_scope(world.operator.pk):
        stored = ChargingSession.objects.get()
    assert (stored.started_at, stored.ended_at) == (row.started_at, row.ended_at)


@pytest.mark.parametrize("began", [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)])
def test_a_session_of_the_hour_that_comes_twice_is_corrected_and_keeps_its_times(world, sign_in, otto, began):
    """02:30 in Stockholm, before and after the clocks went back: left as it is shown it is the one that stands."""
    row = world.session(started_at=began, ended_at=began + timedelta(hours=2))
    client, url = sign_in(otto), world.url(f"sessions/{row.public_id}/correct/")
    data = typed(client, url)
    assert data["started_at"] == "2026-10-25T02:30:00"
    data["started_at"] = "2026-10-25T02:30"  # as a browser sends it
    client.post(url, data | {"energy": "9.5"})
    with tenant_scope(world.operator.pk):
        stored = ChargingSession.objects.get()
    assert (stored.energy_wh, stored.started_at, stored.ended_at) == (9500, row.started_at, row.ended_at)


def test_charging_ends_while_the_session_lasts(world, sign_in, otto):
    row = world.session()
    client, url = sign_in(otto), world.url(f"sessions/{row.public_id}/correct/")
    for moment in ("2020-01-01T10:00", "2100-01-01T10:00"):
        page = client.post(url, typed(client, url, charging_ended_at=moment, energy="9"))
        assert page.context["form"].errors["charging_ended_at"] == [
            "This must lie between the start and the end of the session."
        ]
    assert energies(world) == [10000]


def test_a_correction_that_cannot_be_is_said_on_the_form(world, sign_in, otto):
    row = world.session()
    client, url = sign_in(otto), world.url(f"sessions/{row.public_id}/correct/")
    page = client.post(url, typed(client, url, energy="4000"))
    assert page.context["form"].non_field_errors()
    assert energies(world) == [10000]
