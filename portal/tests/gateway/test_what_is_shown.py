"""Each test that the page about stations names is there."""

import re
from pathlib import Path

from django.conf import settings

NAMED = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"^def (test_\w+)", re.MULTILINE)


def test_what_the_page_about_stations_names_is_a_test():
    page = Path(settings.BASE_DIR, "docs/stations.md").read_text()
    files = [
        *Path(settings.BASE_DIR, "portal/tests").rglob("*.py"),
        *Path(settings.BASE_DIR, "charging/tests").rglob("*.py"),
        *Path(settings.BASE_DIR, "billing/tests").rglob("*.py"),
    ]
    there = {name for file in files for name in DEFINED.findall(file.read_text())}
    assert set(NAMED.findall(page)) - there == set()
