"""The portal on a driver's phone: installable, and its pages marked for the one person they are kept for."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from portal.tests.cast import PASSWORD
from tenants.models import User
from tenants.scoping import tenant_scope
from tenants.services.people import drivers


def test_a_phone_can_install_it(client, db):
    told = json.loads(client.get("/app.webmanifest").content)
    assert (told["display"], told["scope"]) == ("standalone", "/")
    for icon in told["icons"]:
        assert (Path(settings.BASE_DIR) / icon["src"].lstrip("/")).is_file()


def test_the_worker_is_a_script_from_the_root(client, db):
    answer = client.get("/service-worker.js")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/javascript")


def test_the_page_without_a_net_names_nobody(danas_browser, dana):
    page = danas_browser.get("/offline/").content.decode()
    assert dana.name not in page
    assert "csrf" not in page.lower()


def test_a_page_says_whose_it_is_and_until_when(danas_browser, url, hers):
    answer = danas_browser.get(url())
    assert len(answer["X-Offline-For"]) == 32
    left = int(answer["X-Offline-Until"]) - timezone.now().timestamp()
    assert 0 < left <= settings.DRIVER_SESSION_IDLE.total_seconds()
    assert danas_browser.get(url("cards/"))["X-Offline-For"] == answer["X-Offline-For"]


@pytest.mark.parametrize("path", ["/account/profile/", "/o/north/"])
def test_no_other_page_is_marked(path, olga, sign_in, north):
    assert "X-Offline-For" not in sign_in(olga).get(path)


def test_another_person_has_another_mark(danas_browser, url, hers, anothers, sign_in, north):
    other = User.objects.create_user("other@example.com", PASSWORD, name="Other")
    with tenant_scope(north.pk):
        drivers.link_user(anothers.driver, user=other)
    assert sign_in(other).get(url())["X-Offline-For"] != danas_browser.get(url())["X-Offline-For"]
