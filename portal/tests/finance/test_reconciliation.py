"""The reconciliation page: every session in one place, and sums that add up."""

import re
from decimal import Decimal
from html import unescape

from billing.selectors import reconciliation as reconciliation_rows
from billing.services import write_offs
from billing.tests import factories
from charging.models import ChargingSession
from portal.tests.reading import read, table_of
from portal.web.finance import reconciliation


def text(response):
    return response.content.decode().replace("\xa0", " ")


def test_the_difference_is_shown_to_be_nothing(fina_browser, url, invoice):
    page = text(fina_browser.get(url("reconciliation/?month=2026-10")))
    assert 'hx-get="?month=2026-10&amp;proof=now"' in page
    part = text(fina_browser.get(url("reconciliation/?month=2026-10&proof=now"), headers={"HX-Request": "true"}))
    assert "<html" not in part
    page = text(fina_browser.get(url("reconciliation/?month=2026-10&proof=now")))
    assert part.strip() in page
    assert "All 3 sessions and 30 kWh are accounted for." in page
    assert "Difference: 0 sessions" in page


def test_the_share_of_each_place_is_drawn_as_its_row_says(fina_browser, url, invoice):
    factories.session(factories.connector(), None, kwh=10)
    factories.rate_all()
    page = fina_browser.get(url("reconciliation/"))
    (drawing,) = read(page).find("svg", "share")
    assert [part.attributes["width"] for part in drawing.find("rect") if part.attributes["width"] != "0.00"] == [
        "75.00",
        "25.00",
    ]
    energy = [row[-2] for row in table_of(page, "Reconciliation")]
    assert {"30.00 kWh", "10.00 kWh"} <= set(energy)
    assert energy[-1] == "40.00 kWh"
    assert "–" in [row[-1] for row in table_of(page, "Reconciliation")], "no price is not a price of nothing"


def test_what_is_lost_in_part_says_how_much_and_opens_its_sessions(sign_in, olga, fina_browser, url, invoice):
    write_offs.write_off(invoice, Decimal(5), why="waived", reason="?", by=None, at=factories.NOVEMBER)
    rows = table_of(fina_browser.get(url("reconciliation/")), "Reconciliation")
    (row,) = [row for row in rows if "in part" in row[0]]
    given_up = reconciliation_rows.given_up()
    assert given_up > 0
    assert f"{given_up:,.2f} excl. VAT is written off" in " ".join(row)
    browser = sign_in(olga)
    page = text(browser.get(url("reconciliation/")))
    (link,) = {unescape(link) for link in re.findall(r'href="([^"]*compartment=lost_in_part[^"]*)"', page)}
    assert str(len(browser.get(link).context["entries"])) == row[-3]


def test_each_reason_leads_to_its_sessions(fina_browser, url, charged):
    factories.session(factories.connector(), None)
    factories.rate_all()
    page = text(fina_browser.get(url("reconciliation/")))
    assert "Nobody pays for this session" in page
    assert "sessions/?period=all&amp;compartment=under_review&amp;billing=problem" in page
    assert "sessions/?period=all&amp;compartment=not_yet&amp;billing=waiting_for_run" in page


def test_each_figure_opens_as_many_sessions_as_it_says(sign_in, olga, url, invoice, north):
    """Of a month and a site; the list is asked by the address of the figure."""
    factories.session(factories.connector(), None)
    factories.session(factories.connector(), None, start=factories.NOVEMBER)
    factories.rate_all()
    browser = sign_in(olga)
    site = ChargingSession.objects.filter(driver=None).earliest("pk").site
    for query, figures in ((f"?site={site.public_id}&month=2026-10", {"1"}), ("?month=2026-10", {"1", "3"})):
        page = text(browser.get(url("reconciliation/" + query)))
        links = {unescape(link) for link in re.findall(r'href="([^"]*sessions/\?[^"]*)"', page)}
        found = {len(browser.get(link).context["entries"]) for link in links}
        assert {str(count) for count in found} == figures


def test_a_site_narrows_the_proof_too(fina_browser, url, invoice):
    other = factories.session(factories.connector(), None)
    page = text(fina_browser.get(url(f"reconciliation/?site={other.site.public_id}&proof=now")))
    assert "The one session and its 10 kWh are accounted for." in page


def test_a_month_that_cannot_be_read_shows_all(fina_browser, url, charged):
    assert "All 3 sessions" in text(fina_browser.get(url("reconciliation/?month=x&proof=now")))


def test_a_very_long_list_is_proved_a_month_at_a_time(fina_browser, url, charged, monkeypatch):
    monkeypatch.setattr(reconciliation, "PROVED_AT_ONCE", 2)
    page = text(fina_browser.get(url("reconciliation/")))
    assert "Choose a month" in page
    assert "proof=now" not in page
