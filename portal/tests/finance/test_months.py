"""A month is chosen by its name, in every browser alike."""

import re

import pytest
from django import forms
from django.utils import timezone
from django.utils.translation import override

from portal.web.months import YEARS, MonthField


class Asked(forms.Form):
    month = MonthField()
    other = MonthField(required=False)


def options(html):
    return re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)<', html)


def test_the_months_are_named_newest_first_and_only_a_filter_has_all():
    today = timezone.now().date()
    with override("sv"):
        found = options(str(Asked({"month": "2019-02"})["month"]))
        all_of_them, *others = options(str(Asked({})["other"]))
    assert found[0][0] == f"{today:%Y-%m}"
    assert ("2019-02", " selected", "februari 2019") in found
    assert all_of_them == ("", "", "Alla")
    assert len(others) == 12 * YEARS + 1


def test_a_month_out_of_reach_stays_chosen():
    assert ("1999-12", " selected", "December 1999") in options(str(Asked({"month": "1999-12"})["month"]))
    assert Asked({"month": "1999-12"}).is_valid()


@pytest.mark.parametrize("wrong", ["2026", "2026-13", '"><script>', "oktober"])
def test_what_is_no_month_is_refused_and_not_repeated(wrong):
    form = Asked({"month": wrong})
    assert not form.is_valid()
    assert "script" not in str(form["month"])
