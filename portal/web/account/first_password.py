"""The first password of somebody whose account the command line made, by a link that it printed."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters

from portal.gate.access import public_view
from portal.web.account.password_by_link import ByLink
from portal.web.account.waiting import link_page
from tenants.services.proof import password_links

LINK = ByLink(password_links.FIRST, "account:first_password", "account/set_password.html", "account/link_ended.html")


@public_view("It is the single-use link of a person who has no password yet.")
@link_page
def link(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Take the token out of the address, and go on to the page."""
    return LINK.opened(request, person=person, token=token)


@public_view("It is opened by a single-use link of a person who has no password yet.")
@sensitive_post_parameters()
def choose(request: HttpRequest) -> HttpResponse:
    """Let the person choose their password, once."""
    return LINK.chosen(request)
