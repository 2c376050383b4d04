"""Tags, drawings and charts: what pages are built with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django import forms
from django.http import QueryDict
from django.template import Context, Template

from portal.settings.base import BASE_DIR
from portal.templatetags import components, drawings, navigation
from portal.web.charts import Chart, Series
from tenants.permissions import Permission


class Form(forms.Form):
    price = forms.DecimalField(help_text="Without VAT")


def rendered(text: str, **context: object) -> str:
    return Template("{% load components navigation %}" + text).render(Context(context))


def test_a_frame_escapes_its_arguments_and_keeps_its_content():
    html = rendered("{% panel name %}<p>{{ name }}</p>{% endpanel %}", name="<b>")
    assert "<h2>&lt;b&gt;</h2>" in html
    assert "<p>&lt;b&gt;</p>" in html


def test_the_query_keeps_filters_and_drops_what_is_emptied():
    request = SimpleNamespace(GET=QueryDict("site=1&site=2&after=x&q=a%20b"))
    html = rendered('{% query order="-started" after="" %}', request=request)
    assert html == "order=-started&amp;q=a+b&amp;site=1&amp;site=2"


def test_a_wrong_field_is_tied_to_its_help_and_its_error():
    html = str(components.control(Form({"price": "x"})["price"]))
    assert 'aria-describedby="id_price_help id_price_error"' in html
    assert 'aria-invalid="true"' in html


def test_a_page_that_does_not_exist_is_not_linked():
    assert navigation.nav_url("staff:no_such_page", "north") == ""


def test_the_navigation_shows_what_the_reader_may_open(settings):
    settings.ROOT_URLCONF = "portal.tests.face.urls"
    operator = SimpleNamespace(slug="north", name="North")
    html = rendered("{% staff_nav %}", operator=operator, may=frozenset({"view_sessions"}), nav="sessions")
    assert 'href="/o/north/session_list/" aria-current="page"' in html
    assert html.count("<a ") == 1


def test_the_navigation_asks_for_permissions_that_exist():
    entries = [entry for _heading, group in navigation.STAFF for entry in group] + list(navigation.DRIVER)
    assert {name for entry in entries for name in entry.permissions} <= {each.value for each in Permission}


def test_the_navigation_has_a_picture_for_each_entry():
    sprite = (BASE_DIR / "static/img/icons.svg").read_text()
    entries = [entry for _heading, group in navigation.STAFF for entry in group] + list(navigation.DRIVER)
    assert [entry.icon for entry in entries if f'id="{entry.icon}"' not in sprite] == []


@pytest.mark.parametrize("entry", [*(e for _h, group in navigation.STAFF for e in group), *navigation.DRIVER])
def test_every_entry_of_the_navigation_leads_to_a_page(entry):
    assert navigation.nav_url(entry.url_name, "north"), entry.url_name


def test_a_sparkline_needs_two_figures():
    assert drawings.sparkline([3]) == ""
    assert 'points="0.00,30.00 60.00,2.00 120.00,16.00"' in drawings.sparkline([0, 2, 1])


def test_a_sparkline_of_nothing_but_zeros_lies_flat():
    assert 'points="0.00,30.00 120.00,30.00"' in drawings.sparkline([0, 0])


def test_a_share_bar_fills_its_width():
    html = drawings.share_bar([("a", 1), ("b", Decimal(2)), ("c", 0)])
    assert 'x="33.33" y="0" width="66.67"' in html
    assert drawings.share_bar([("a", 0)]) == ""


def test_a_week_clock_wants_a_whole_week():
    assert drawings.week_drawing([[0] * 24] * 7, "x").count("<rect") == 168
    with pytest.raises(ValueError, match="7 days of 24"):
        drawings.week_drawing([[0] * 24] * 6, "x")


def test_a_chart_refuses_figures_that_do_not_fit_its_axis():
    with pytest.raises(ValueError, match="Energy: 1 values for 2 places"):
        Chart("t", "x", ["a", "b"], [Series("Energy", [1])])


def test_a_chart_is_a_table_that_says_the_same():
    days = [date(2026, 3, 28), date(2026, 3, 29)]
    chart = Chart("Energy", "Day", days, [Series("Energy", [Decimal("1234.5"), None], "kWh")])
    html = rendered("{% chart chart %}", chart=chart)
    assert '<td class="num" data-value="1234.5">1,234.5</td>' in html
    assert '<td class="num" data-value="">\u2013</td>' in html
    assert 'data-x="day"' in html


def test_the_table_stands_open_where_the_drawing_library_is_missing(monkeypatch):
    monkeypatch.setattr(components, "_is_there", lambda _path: False)
    moments = [datetime(2026, 3, 29, hour, tzinfo=UTC) for hour in (0, 1)]
    chart = Chart("Power", "Time", moments, [Series("Power", [1, 2])], zone="Europe/Stockholm", clock_only=True)
    html = rendered("{% chart chart %}", chart=chart)
    assert 'data-library=""' in html
    assert '<details class="more" open>' in html
    assert ">01:00<" in html
    assert ">03:00<" in html  # the hour that a spring night skips
