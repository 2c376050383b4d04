"""Every page that links lead to: axe finds nothing, nothing runs off a phone's screen, nothing complains.

The pages are found by following links from where a person starts, one page of each kind; light on a
desktop and dark on a phone.
"""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.urls import Resolver404, resolve

from portal.tests.e2e.conftest import look
from tenants.scoping import tenant_scope
from tenants.services.people import consents

FILES_OF_ONE_S_OWN = {"invoice_pdf"}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def faults(page, address):
    """What is wrong with a page: one line a finding, in both looks."""
    found = []
    answer = page.goto(address)
    if answer.status != 200:
        return [f"{address} answers {answer.status}"]
    for look_, width, scheme in (("desktop", 1280, "light"), ("phone", 390, "dark")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if page.evaluate(OVERFLOW) > 0:
            found.append(f"{address} runs off the screen on a {look_}")
        for violation in Axe().run(page).response["violations"]:
            nodes = ", ".join(node["html"][:120] for node in violation["nodes"][:3])
            found.append(f"{address} ({look_}): {violation['id']}: {violation['help']}: {nodes}")
    return found


def walk(page, start, prefix):
    """Visit one page of each kind that links lead to; return the kinds seen and what is wrong."""
    waiting, seen, found = [start], {}, []
    while waiting:
        address = waiting.pop(0)
        kind = _kind(address)
        if not kind or kind in seen:
            continue
        seen[kind] = address
        found += faults(page, address)
        look(page, f"every-{kind.replace(':', '-')}")
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        waiting += [urlsplit(link).path for link in links if urlsplit(link).path.startswith((prefix, "/account/"))]
    return seen, found


def _kind(address):
    """The name of the page; nothing for what is none of ours, or a file."""
    try:
        found = resolve(address)
    except Resolver404:
        return None
    is_file = getattr(found.func, "takes_out", False) or found.url_name in FILES_OF_ONE_S_OWN
    return None if is_file else found.view_name


@pytest.fixture
def lively(operator, driver):
    """The operator with consents asked for, besides the driver and the billed month."""
    with tenant_scope(operator.pk):
        consents.install_defaults(operator)
    return operator


@pytest.mark.parametrize(("role", "at_least"), [("owner", 30), ("driver", 6)])
def test_every_page_is_accessible_and_fits(page, lively, person, driver, sign_in_as, role, at_least):
    sign_in_as(driver if role == "driver" else person(role))
    start = f"/o/{lively.slug}/my/" if role == "driver" else f"/o/{lively.slug}/"
    seen, found = walk(page, start, f"/o/{lively.slug}/")
    assert found == []
    assert len(seen) >= at_least, sorted(seen)
