"""Whatever stands in an address, a list answers: it ignores what it cannot read, or says so."""

from urllib.parse import parse_qs

import pytest

from charging.models import FileImport
from tenants.scoping import tenant_scope

pytestmark = pytest.mark.ignore_template_errors  # a page's own test is stricter

DAYS = ["0001-01-01", "9999-12-31", "2026-02-30", "²"]
MONTHS = ["0001-01", "9999-12", "2026-13", "٢٠٢٦-١٠"]
PLACES = [
    "2026-01-01~²",
    "0001-01-01T00:00:00+14:00~1",
    "9999-12-31T23:59:59-14:00~1",
    "2026-01-01T00:00:00~999999999999999999",
    "99999999999999999999~1",
    "now",
]
WORDS = ["a\x00b", "a\ud7ff", "a\U0010ffff", "F²", "F99999999999999999", "%s%%", "9" * 300]
LISTS = {
    "sessions/": {"q": WORDS, "since": DAYS, "until": DAYS, "site": WORDS, "driver": WORDS, "after": PLACES},
    "sessions/export/": {"q": WORDS, "until": DAYS},
    "review/": {"flag": WORDS, "before": PLACES},
    "review/differences/": {"file": WORDS, "after": [*PLACES, "1~1"]},
    "drivers/": {"q": WORDS, "group": WORDS, "page": WORDS},
    "drivers/?sort=driver": {"after": PLACES},
    "cards/": {"q": WORDS, "condition": WORDS},
    "cards/?sort=added": {"after": PLACES},
    "sites/?sort=-stations": {"q": WORDS, "after": PLACES},
    "imports/": {"q": WORDS, "state": WORDS, "since": DAYS, "period": WORDS, "after": PLACES},
    "people/?sort=since": {"q": WORDS, "role": WORDS, "after": PLACES},
    "groups/": {"after": PLACES},
    "finance/tariffs/": {"q": WORDS, "archived": WORDS, "page": WORDS},
    "finance/runs/?sort=month": {"after": PLACES},
    "audit/": {"who": WORDS, "act": WORDS, "since": DAYS, "until": DAYS, "after": PLACES},
    "days/": {"days": WORDS},
    "finance/invoices/": {"search": WORDS, "month": MONTHS, "after": PLACES},
    "finance/runs/": {"month": MONTHS},
    "finance/reconciliation/": {"month": MONTHS},
    "finance/downloads/": {"month": MONTHS, "dated_by": WORDS, "first_day": DAYS, "last_day": DAYS},
    "my/": {"month": MONTHS},
    "my/invoices/": {"after": PLACES},
}


@pytest.mark.parametrize("path", LISTS)
def test_no_address_breaks_a_list(path, world, sign_in, olga, dana):
    browser = sign_in(dana if path.startswith("my/") else olga)
    browser.raise_request_exception = False
    broken = {}
    for name, values in LISTS[path].items():
        for value in values:
            bare, _, asked = path.partition("?")
            answer = browser.get(f"/o/north/{bare}", {**parse_qs(asked), name: value})
            if answer.status_code >= 500:
                broken[name, value] = answer.status_code
    assert broken == {}


@pytest.mark.parametrize(("state", "name"), [("uploaded", "profile"), ("done", "reason"), ("done", "page")])
def test_no_address_breaks_an_import(state, name, north, world, sign_in, olga):
    with tenant_scope(north.pk):
        FileImport.objects.update(state=state)
    browser = sign_in(olga)
    browser.raise_request_exception = False
    for value in WORDS:
        assert browser.get(f"/o/north/imports/{world['imports']}/", {name: value}).status_code < 500, value
